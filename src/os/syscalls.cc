#include "os/syscalls.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace inccl::os::sys {
namespace {

std::atomic<FaultHook> faultHook{nullptr};

// The errno that the hook wants this call to fail with, or 0.
int injected(const char* callName) {
  const FaultHook hook = faultHook.load(std::memory_order_relaxed);
  return hook ? hook(callName) : 0;
}

// Runs the call unless the hook makes it fail.
template <typename Call>
auto guarded(const char* callName, Call call) -> decltype(call()) {
  if (const int error = injected(callName)) {
    errno = error;
    return -1;
  }
  return call();
}

}  // namespace

void setFaultHook(FaultHook hook) { faultHook.store(hook); }

int socket(int domain, int type, int protocol) {
  return guarded("socket", [&] { return ::socket(domain, type, protocol); });
}
int bind(int fd, const sockaddr* address, socklen_t length) {
  return guarded("bind", [&] { return ::bind(fd, address, length); });
}
int listen(int fd, int backlog) {
  return guarded("listen", [&] { return ::listen(fd, backlog); });
}
int accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  return guarded("accept4", [&] { return ::accept4(fd, address, length, flags); });
}
int connect(int fd, const sockaddr* address, socklen_t length) {
  return guarded("connect", [&] { return ::connect(fd, address, length); });
}
int setsockopt(int fd, int level, int option, const void* value, socklen_t length) {
  return guarded("setsockopt", [&] { return ::setsockopt(fd, level, option, value, length); });
}
int getsockopt(int fd, int level, int option, void* value, socklen_t* length) {
  return guarded("getsockopt", [&] { return ::getsockopt(fd, level, option, value, length); });
}
int getsockname(int fd, sockaddr* address, socklen_t* length) {
  return guarded("getsockname", [&] { return ::getsockname(fd, address, length); });
}
int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  if (const int error = injected("getaddrinfo")) {
    errno = error;
    return EAI_SYSTEM;
  }
  return ::getaddrinfo(node, service, hints, result);
}
int getifaddrs(ifaddrs** result) {
  return guarded("getifaddrs", [&] { return ::getifaddrs(result); });
}
int socketpair(int domain, int type, int protocol, int fds[2]) {
  return guarded("socketpair", [&] { return ::socketpair(domain, type, protocol, fds); });
}

ssize_t send(int fd, const void* data, size_t bytes, int flags) {
  return guarded("send", [&] { return ::send(fd, data, bytes, flags); });
}
ssize_t recv(int fd, void* data, size_t bytes, int flags) {
  return guarded("recv", [&] { return ::recv(fd, data, bytes, flags); });
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  return guarded("sendmsg", [&] { return ::sendmsg(fd, message, flags); });
}
ssize_t recvmsg(int fd, msghdr* message, int flags) {
  return guarded("recvmsg", [&] { return ::recvmsg(fd, message, flags); });
}
int sendMany(int fd, mmsghdr* messages, unsigned count, int flags) {
  return guarded("sendmmsg", [&] { return ::sendmmsg(fd, messages, count, flags); });
}
int recvMany(int fd, mmsghdr* messages, unsigned count, int flags) {
  return guarded("recvmmsg", [&] { return ::recvmmsg(fd, messages, count, flags, nullptr); });
}
ssize_t read(int fd, void* data, size_t bytes) {
  return guarded("read", [&] { return ::read(fd, data, bytes); });
}
ssize_t write(int fd, const void* data, size_t bytes) {
  return guarded("write", [&] { return ::write(fd, data, bytes); });
}
ssize_t readlink(const char* path, char* buffer, size_t bytes) {
  return guarded("readlink", [&] { return ::readlink(path, buffer, bytes); });
}
int open(const char* path, int flags) {
  return guarded("open", [&] { return ::open(path, flags | O_CLOEXEC); });
}
int duplicate(int fd) {
  return guarded("dup", [&] { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); });
}
void close(int fd) { ::close(fd); }

int epollCreate() {
  return guarded("epoll_create1", [] { return ::epoll_create1(EPOLL_CLOEXEC); });
}
int epollCtl(int epoll, int operation, int fd, epoll_event* event) {
  return guarded("epoll_ctl", [&] { return ::epoll_ctl(epoll, operation, fd, event); });
}
int epollWait(int epoll, epoll_event* events, int maxEvents, int timeoutMs) {
  return guarded("epoll_wait", [&] { return ::epoll_wait(epoll, events, maxEvents, timeoutMs); });
}
int poll(pollfd* fds, nfds_t count, int timeoutMs) {
  return guarded("poll", [&] { return ::poll(fds, count, timeoutMs); });
}
int eventfd(unsigned initial, int flags) {
  return guarded("eventfd", [&] { return ::eventfd(initial, flags | EFD_CLOEXEC); });
}

int memfdCreate(const char* name, unsigned flags) {
  return guarded("memfd_create", [&] { return ::memfd_create(name, flags | MFD_CLOEXEC); });
}
int ftruncate(int fd, off_t bytes) {
  return guarded("ftruncate", [&] { return ::ftruncate(fd, bytes); });
}
int posixFallocate(int fd, off_t offset, off_t bytes) {
  if (const int error = injected("posix_fallocate")) return error;
  return ::posix_fallocate(fd, offset, bytes);
}
void* mmap(void* address, size_t bytes, int protection, int flags, int fd, off_t offset) {
  if (const int error = injected("mmap")) {
    errno = error;
    return MAP_FAILED;
  }
  return ::mmap(address, bytes, protection, flags, fd, offset);
}
void munmap(void* address, size_t bytes) { ::munmap(address, bytes); }
int fcntlAddSeals(int fd, int seals) {
  return guarded("fcntl", [&] { return ::fcntl(fd, F_ADD_SEALS, seals); });
}

int futexWait(const std::atomic<uint32_t>* word, uint32_t expected, const timespec* timeout) {
  return guarded("futex", [&] {
    return static_cast<int>(::syscall(SYS_futex, word, FUTEX_WAIT, expected, timeout, nullptr, 0));
  });
}
int futexWake(const std::atomic<uint32_t>* word, int waiters) {
  return guarded("futex", [&] {
    return static_cast<int>(::syscall(SYS_futex, word, FUTEX_WAKE, waiters, nullptr, nullptr, 0));
  });
}
int membarrier(int command, unsigned flags) {
  return guarded("membarrier",
                 [&] { return static_cast<int>(::syscall(SYS_membarrier, command, flags, 0)); });
}

ssize_t processVmReadv(pid_t pid, const iovec* local, size_t localCount, const iovec* remote,
                       size_t remoteCount) {
  return guarded("process_vm_readv", [&] {
    return ::process_vm_readv(pid, local, localCount, remote, remoteCount, 0);
  });
}

int threadCreate(pthread_t* thread, void* (*entry)(void*), void* argument) {
  if (const int error = injected("pthread_create")) return error;
  return ::pthread_create(thread, nullptr, entry, argument);
}
ssize_t getrandom(void* data, size_t bytes) {
  return guarded("getrandom", [&] { return ::getrandom(data, bytes, 0); });
}

}  // namespace inccl::os::sys
