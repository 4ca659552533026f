// An epoll loop with timers and posted tasks: the heart of the service thread.
//
// One thread runs the loop; watch(), timers and their handlers belong to that thread alone. Any
// thread may post() a task, which wakes the loop. A handler may unwatch anything, itself included:
// events carry a registration number, not a descriptor, so one that was already fetched for a
// closed (or reused) descriptor finds nobody.
//
// An exception of a handler (memory ran out) ends that handler, not the loop nor the other handlers
// of the turn; onException() is told.
//
// Fork: the child inherits descriptors but not the thread. It must neither run the loop nor keep
// the connections of its parent open; closeInForkedChild() closes what the loop watches. The lock
// around the table of watches exists only for that moment.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "os/unique_fd.h"

namespace inccl::os {

class EventLoop {
 public:
  using IoHandler = std::function<void(uint32_t events)>;
  using Task = std::function<void()>;
  // Identify registrations; 0 is none.
  enum class WatchId : uint64_t { kNone = 0 };
  enum class TimerId : uint64_t { kNone = 0 };

  static Result<std::unique_ptr<EventLoop>> create();
  // Before the loop runs. Without it exceptions are logged.
  void onException(std::function<void(const std::exception&)> handler) {
    onException_ = std::move(handler);
  }

  // Any thread. Tasks run in the order of posting.
  void post(Task task);
  // Any thread, without allocating: ends the wait of runOnce().
  void wake();

  // The loop's thread. The descriptor stays the caller's and must be unwatched before it is closed.
  Result<WatchId> watch(int fd, uint32_t events, IoHandler handler);
  Status modify(WatchId id, uint32_t events);
  void unwatch(WatchId id);
  TimerId runAt(Nanos instant, Task task);
  TimerId runEvery(Nanos period, Task task);
  void cancel(TimerId id);

  // Waits (at most `limitMs`, -1: until something happens) and runs what is due.
  void runOnce(int limitMs = -1);

  [[nodiscard]] size_t watchCount() const { return watches_.size(); }

  // Around fork(): lock in the parent before, unlock after; the child closes everything.
  void lockForFork() {
    tableMutex_.lock();
    postedMutex_.lock();
  }
  void unlockAfterFork() {
    postedMutex_.unlock();
    tableMutex_.unlock();
  }
  void closeInForkedChild();

 private:
  struct Watch {
    int fd = -1;
    std::shared_ptr<IoHandler> handler;
  };
  struct Timer {
    TimerId id;
    Nanos period = 0;  // 0: once
    std::shared_ptr<Task> task;
  };

  EventLoop(UniqueFd epoll, UniqueFd wakeUp)
      : epoll_(std::move(epoll)), wakeUp_(std::move(wakeUp)) {}
  [[nodiscard]] int timeoutMs(int limitMs) const;
  template <typename Handler>
  void guarded(const Handler& handler) noexcept;
  void dispatch(uint64_t id, uint32_t events);
  void runPosted();
  void runTimers();

  UniqueFd epoll_;
  UniqueFd wakeUp_;

  std::function<void(const std::exception&)> onException_;

  std::mutex tableMutex_;
  std::unordered_map<uint64_t, Watch> watches_;
  std::multimap<Nanos, Timer> timers_;
  uint64_t lastId_ = 0;

  std::mutex postedMutex_;
  std::vector<Task> posted_;
};

}  // namespace inccl::os
