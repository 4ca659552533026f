#include "bootstrap/service_thread.h"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <condition_variable>
#include <exception>
#include <mutex>

#include "base/log.h"
#include "bootstrap/authentication.h"
#include "os/thread.h"

namespace inccl::bootstrap {
namespace {

constexpr Nanos kCallTimeout = 10 * kSecond;

// Guards `current`; held across fork(), so that a child finds neither it nor the loop's table
// half-changed.
std::mutex& currentMutex() {
  static std::mutex mutex;
  return mutex;
}
ServiceThread* current = nullptr;
ServiceThread* inherited = nullptr;  // of the parents of this forked process

void beforeFork() {
  currentMutex().lock();
  if (current) current->loop().lockForFork();
}
void afterForkInParent() {
  if (current) current->loop().unlockAfterFork();
  currentMutex().unlock();
}
void afterForkInChild() {
  if (current) {
    current->loop().unlockAfterFork();
    current->loop().closeInForkedChild();
  }
  // Never destroyed: sessions of the parent still refer to it.
  if (current) inherited = current->inheritFrom(inherited);
  current = nullptr;
  currentMutex().unlock();
}

Status registerForkHandlers() {
  static const int error = pthread_atfork(beforeFork, afterForkInParent, afterForkInChild);
  return error == 0 ? Status() : systemError("cannot register fork handlers", error);
}

struct PendingCall {
  std::mutex mutex;
  std::condition_variable finished;
  bool done = false;
  Status result;
};

}  // namespace

Result<ServiceThread*> ServiceThread::get() {
  const std::lock_guard lock(currentMutex());
  if (current) return current;
  INCCL_TRY_ASSIGN(current, start());
  return current;
}

ServiceThread* ServiceThread::running() {
  const std::lock_guard lock(currentMutex());
  return current;
}

Result<ServiceThread*> ServiceThread::start() {
  INCCL_TRY(prepareCryptography());
  INCCL_TRY(registerForkHandlers());
  INCCL_TRY_ASSIGN(std::unique_ptr<os::EventLoop> loop, os::EventLoop::create());
  std::unique_ptr<ServiceThread> service(new ServiceThread(std::move(loop)));
  INCCL_TRY(fillRandom(&service->processKey_, sizeof service->processKey_));
  service->localName_ = fmt::format("inccl-{}-{:016x}", ::geteuid(), service->processKey_);
  INCCL_TRY_ASSIGN(os::Thread thread,
                   os::Thread::start("inccl-service", [raw = service.get()] { raw->run(); }));
  thread.detach();
  return service.release();
}

ServiceThread::ServiceThread(std::unique_ptr<os::EventLoop> loop) : loop_(std::move(loop)) {}

void ServiceThread::run() {
  // Memory ran out in the middle of some message: no session can be trusted any more.
  loop_->onException([this](const std::exception& failure) {
    logWarn("service thread: {}", failure.what());
    directory_.failAll(internalError(fmt::format("service thread: {}", failure.what())));
  });
  while (true) {
    loop_->runOnce();
    destroyDisposed();
  }
}

void ServiceThread::dispose(Disposable* disposable) noexcept {
  disposable->next_ = disposed_.load(std::memory_order_relaxed);
  while (!disposed_.compare_exchange_weak(disposable->next_, disposable, std::memory_order_release,
                                          std::memory_order_relaxed)) {
  }
  loop_->wake();
}

void ServiceThread::destroyDisposed() {
  Disposable* next = disposed_.exchange(nullptr, std::memory_order_acquire);
  while (next) {
    const std::unique_ptr<Disposable> owner(next);
    next = owner->next_;
  }
}

Status ServiceThread::call(std::function<Status()> task) {
  const auto pending = std::make_shared<PendingCall>();
  post([pending, task = std::move(task)] {
    Status result;
    try {
      result = task();
    } catch (const std::exception& failure) {
      result = internalError(failure.what());
    }
    const std::lock_guard lock(pending->mutex);
    pending->result = std::move(result);
    pending->done = true;
    pending->finished.notify_all();
  });
  std::unique_lock lock(pending->mutex);
  if (!pending->finished.wait_for(lock, std::chrono::nanoseconds(kCallTimeout),
                                  [&] { return pending->done; }))
    return timeoutError("the service thread does not answer");
  return pending->result;
}

void ServiceThread::countStranger(const std::string& why) {
  strangers_.fetch_add(1);
  logInfo("dropped a connection: {}", why);
}

}  // namespace inccl::bootstrap
