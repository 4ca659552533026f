#include "os/thread.h"

#include <fmt/format.h>
#include <signal.h>

#include <exception>
#include <utility>

#include "base/log.h"
#include "os/syscalls.h"

namespace inccl::os {
namespace {

struct Start {
  std::string name;
  std::function<void()> body;
};

void* threadEntry(void* argument) noexcept {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  (void)pthread_setname_np(pthread_self(), start->name.c_str());
  try {
    start->body();
  } catch (const std::exception& failure) {
    logWarn("thread {} ended: {}", start->name, failure.what());
  }
  return nullptr;
}

}  // namespace

Result<Thread> Thread::start(const std::string& name, std::function<void()> body) {
  auto start = std::make_unique<Start>(Start{name.substr(0, 15), std::move(body)});
  sigset_t all, before;
  sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  Thread thread;
  const int error = sys::threadCreate(&thread.handle_, threadEntry, start.get());
  (void)pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return systemError(fmt::format("cannot start the thread {}", name), error);
  (void)start.release();
  thread.joinable_ = true;
  return thread;
}

Thread::Thread(Thread&& other) noexcept
    : handle_(other.handle_), joinable_(std::exchange(other.joinable_, false)) {}

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this != &other) {
    join();
    handle_ = other.handle_;
    joinable_ = std::exchange(other.joinable_, false);
  }
  return *this;
}

void Thread::join() {
  if (std::exchange(joinable_, false)) pthread_join(handle_, nullptr);
}

void Thread::detach() {
  if (std::exchange(joinable_, false)) pthread_detach(handle_);
}

}  // namespace inccl::os
