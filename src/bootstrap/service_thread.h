// The one thread that a process lends to its communicators, asleep in epoll.
//
// It runs the root hubs that were opened here, the control channels of the sessions here, and the
// doors by which peers come in (one TCP port, one local socket). It starts when first needed and
// then stays until the process ends; what it owns is never destroyed, so that nothing can be
// destroyed under it. It never waits for anybody and never runs a caller's code.
//
// Fork: the child has no such thread. It closes the inherited connections (or peers would not see
// the parent die), forgets the parent's thread, and starts one of its own when it makes
// communicators of its own. Sessions of the parent answer the child with an error.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "bootstrap/directory.h"
#include "os/event_loop.h"

namespace inccl::bootstrap {

// What may be let go of on any thread but is destroyed on the service thread.
class Disposable {
 public:
  Disposable() = default;
  virtual ~Disposable() = default;
  Disposable(const Disposable&) = delete;
  Disposable& operator=(const Disposable&) = delete;

 private:
  friend class ServiceThread;
  Disposable* next_ = nullptr;
};

class ServiceThread {
 public:
  // Of this process; started by the first call.
  static Result<ServiceThread*> get();

  // The same if it runs already, else nullptr.
  static ServiceThread* running();

  [[nodiscard]] os::EventLoop& loop() { return *loop_; }
  // Belongs to the service thread.
  [[nodiscard]] Directory& directory() { return directory_; }

  // Any thread: runs `task` on the service thread, later.
  void post(os::EventLoop::Task task) { loop_->post(std::move(task)); }
  // Any other thread: runs it there and returns what it returned. Set-up and tear-down only. `task`
  // owns all it uses, since it may run after a caller that gave up.
  Status call(std::function<Status()> task);

  // Any thread, without allocating: destroys `disposable` on the service thread, later.
  void dispose(Disposable* disposable) noexcept;

  // Random, of this process; equal on ranks that are threads of it.
  [[nodiscard]] uint64_t processKey() const { return processKey_; }
  // The abstract socket under which this process hands out descriptors.
  [[nodiscard]] const std::string& localName() const { return localName_; }

  // Connections that did not prove themselves (wrong proof, garbage, too slow), and were dropped.
  [[nodiscard]] uint64_t strangersDropped() const { return strangers_.load(); }
  void countStranger(const std::string& why);

  // In a forked child: links the parent's thread to those that it had inherited itself.
  ServiceThread* inheritFrom(ServiceThread* older) {
    older_ = older;
    return this;
  }

 private:
  explicit ServiceThread(std::unique_ptr<os::EventLoop> loop);
  static Result<ServiceThread*> start();
  void run();
  void destroyDisposed();

  std::unique_ptr<os::EventLoop> loop_;
  Directory directory_;
  uint64_t processKey_ = 0;
  std::string localName_;
  std::atomic<uint64_t> strangers_{0};
  std::atomic<Disposable*> disposed_{nullptr};  // a stack
  ServiceThread* older_ = nullptr;
};

}  // namespace inccl::bootstrap
