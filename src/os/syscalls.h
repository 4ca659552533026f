// The one seam through which the library asks the operating system for anything that can fail.
//
// Each function is the system call of its name, preceded by one look at a hook. Tests install a
// hook that makes the n-th call fail with an errno of their choice, and so walk through every
// failure of the set-up path. Without a hook the look is one relaxed load of a null pointer.
// Calls that only give back (close, munmap) cannot be made to fail and are here for completeness.
// Contracts are those of the manual pages: -1 and errno, except where the manual says otherwise.
#pragma once

#include <ifaddrs.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace inccl::os::sys {

// Returns 0 to let the call through, or the errno that it shall fail with. Called by any thread.
using FaultHook = int (*)(const char* callName);
void setFaultHook(FaultHook hook);  // nullptr removes it

int socket(int domain, int type, int protocol);
int bind(int fd, const sockaddr* address, socklen_t length);
int listen(int fd, int backlog);
int accept4(int fd, sockaddr* address, socklen_t* length, int flags);
int connect(int fd, const sockaddr* address, socklen_t length);
int setsockopt(int fd, int level, int option, const void* value, socklen_t length);
int getsockopt(int fd, int level, int option, void* value, socklen_t* length);
int getsockname(int fd, sockaddr* address, socklen_t* length);
int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                addrinfo** result);  // EAI_*
int getifaddrs(ifaddrs** result);
int socketpair(int domain, int type, int protocol, int fds[2]);

ssize_t send(int fd, const void* data, size_t bytes, int flags);
ssize_t recv(int fd, void* data, size_t bytes, int flags);
ssize_t sendmsg(int fd, const msghdr* message, int flags);
ssize_t recvmsg(int fd, msghdr* message, int flags);
// As sendmmsg and recvmmsg; the number of messages.
int sendMany(int fd, mmsghdr* messages, unsigned count, int flags);
int recvMany(int fd, mmsghdr* messages, unsigned count, int flags);
ssize_t read(int fd, void* data, size_t bytes);
ssize_t write(int fd, const void* data, size_t bytes);
ssize_t readlink(const char* path, char* buffer, size_t bytes);
int open(const char* path, int flags);
int duplicate(int fd);  // close-on-exec
void close(int fd);

int epollCreate();
int epollCtl(int epoll, int operation, int fd, epoll_event* event);
int epollWait(int epoll, epoll_event* events, int maxEvents, int timeoutMs);
int poll(pollfd* fds, nfds_t count, int timeoutMs);
int eventfd(unsigned initial, int flags);

int memfdCreate(const char* name, unsigned flags);
int ftruncate(int fd, off_t bytes);
int posixFallocate(int fd, off_t offset,
                   off_t bytes);  // returns the error number, as posix_fallocate
void* mmap(void* address, size_t bytes, int protection, int flags, int fd, off_t offset);
void munmap(void* address, size_t bytes);
int fcntlAddSeals(int fd, int seals);

// Waits while *word == expected, at most `timeout`; word may lie in memory shared between
// processes.
int futexWait(const std::atomic<uint32_t>* word, uint32_t expected, const timespec* timeout);
int futexWake(const std::atomic<uint32_t>* word, int waiters);
int membarrier(int command, unsigned flags);
// Copies from another process's memory; fewer bytes than asked for where that is not mapped.
ssize_t processVmReadv(pid_t pid, const iovec* local, size_t localCount, const iovec* remote,
                       size_t remoteCount);

int threadCreate(pthread_t* thread, void* (*entry)(void*),
                 void* argument);  // returns the error number
ssize_t getrandom(void* data, size_t bytes);

}  // namespace inccl::os::sys
