#include "os/event_loop.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/log.h"
#include "os/syscalls.h"

namespace inccl::os {
namespace {

constexpr uint64_t kWakeUpId = 0;
constexpr int kFailedWaitPauseMs = 10;  // keeps a failing epoll_wait from burning a core
constexpr int kWakeUpAttempts = 8;

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  UniqueFd epoll(sys::epollCreate());
  if (!epoll.valid()) return systemError("cannot make an epoll instance", errno);
  UniqueFd wakeUp(sys::eventfd(0, O_NONBLOCK));
  if (!wakeUp.valid()) return systemError("cannot make an eventfd", errno);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeUpId;
  if (sys::epollCtl(epoll.get(), EPOLL_CTL_ADD, wakeUp.get(), &event) != 0)
    return systemError("cannot watch an eventfd", errno);
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll), std::move(wakeUp)));
}

void EventLoop::post(Task task) {
  {
    const std::lock_guard lock(postedMutex_);
    posted_.push_back(std::move(task));
  }
  wake();
}

void EventLoop::wake() {
  const uint64_t one = 1;
  // EAGAIN means that the counter is full, so the loop wakes anyway.
  for (int i = 0; i < kWakeUpAttempts; ++i)
    if (sys::write(wakeUp_.get(), &one, sizeof one) >= 0 || errno == EAGAIN) return;
}

Result<EventLoop::WatchId> EventLoop::watch(int fd, uint32_t events, IoHandler handler) {
  const uint64_t id = ++lastId_;
  {
    const std::lock_guard lock(tableMutex_);
    watches_[id] = {fd, std::make_shared<IoHandler>(std::move(handler))};
  }
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (sys::epollCtl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return WatchId{id};
  const int error = errno;
  const std::lock_guard lock(tableMutex_);
  watches_.erase(id);
  return systemError("cannot watch a descriptor", error);
}

Status EventLoop::modify(WatchId id, uint32_t events) {
  const auto found = watches_.find(static_cast<uint64_t>(id));
  if (found == watches_.end()) return internalError("no such watch");
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<uint64_t>(id);
  if (sys::epollCtl(epoll_.get(), EPOLL_CTL_MOD, found->second.fd, &event) != 0)
    return systemError("cannot watch a descriptor for other events", errno);
  return {};
}

void EventLoop::unwatch(WatchId id) {
  const auto found = watches_.find(static_cast<uint64_t>(id));
  if (found == watches_.end()) return;
  // A failure leaves a stale registration, whose events dispatch() ignores.
  (void)sys::epollCtl(epoll_.get(), EPOLL_CTL_DEL, found->second.fd, nullptr);
  const std::lock_guard lock(tableMutex_);
  watches_.erase(found);
}

EventLoop::TimerId EventLoop::runAt(Nanos instant, Task task) {
  const TimerId id{++lastId_};
  timers_.insert({instant, {id, 0, std::make_shared<Task>(std::move(task))}});
  return id;
}

EventLoop::TimerId EventLoop::runEvery(Nanos period, Task task) {
  const TimerId id{++lastId_};
  timers_.insert({nowNs() + period, {id, period, std::make_shared<Task>(std::move(task))}});
  return id;
}

void EventLoop::cancel(TimerId id) {
  const auto found =
      std::ranges::find_if(timers_, [&](const auto& entry) { return entry.second.id == id; });
  if (found != timers_.end()) timers_.erase(found);
}

int EventLoop::timeoutMs(int limitMs) const {
  if (timers_.empty()) return limitMs;
  const int untilTimer = Deadline::at(timers_.begin()->first).remainingMs();
  return limitMs < 0 ? untilTimer : std::min(limitMs, untilTimer);
}

template <typename Handler>
void EventLoop::guarded(const Handler& handler) noexcept {
  try {
    handler();
  } catch (const std::exception& failure) {
    if (onException_)
      onException_(failure);
    else
      logWarn("event loop: {}", failure.what());
  }
}

void EventLoop::runOnce(int limitMs) {
  std::array<epoll_event, 64> events;
  const int count = sys::epollWait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   timeoutMs(limitMs));
  if (count < 0 && errno != EINTR) (void)sys::poll(nullptr, 0, kFailedWaitPauseMs);
  // Events before timers: a thread that was stopped for long reads what has come meanwhile before
  // its timers judge anyone's silence.
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    dispatch(event.data.u64, event.events);
  }
  runPosted();
  runTimers();
}

void EventLoop::dispatch(uint64_t id, uint32_t events) {
  if (id == kWakeUpId) {
    uint64_t counter = 0;
    (void)sys::read(wakeUp_.get(), &counter, sizeof counter);
    return;
  }
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  // Keeps the handler alive while it unwatches itself.
  const std::shared_ptr<IoHandler> handler = found->second.handler;
  guarded([&] { (*handler)(events); });
}

void EventLoop::runPosted() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(postedMutex_);
    tasks.swap(posted_);
  }
  for (const Task& task : tasks) guarded(task);
}

void EventLoop::runTimers() {
  const Nanos now = nowNs();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    // Without allocation: a repeated timer must not be lost.
    auto node = timers_.extract(timers_.begin());
    const std::shared_ptr<Task> task = node.mapped().task;
    if (node.mapped().period > 0) {
      // Missed periods are not made up for.
      node.key() = now + node.mapped().period;
      timers_.insert(std::move(node));
    }
    guarded(*task);
  }
}

void EventLoop::closeInForkedChild() {
  for (const auto& [id, watch] : watches_) sys::close(watch.fd);
  epoll_.reset();
  wakeUp_.reset();
}

}  // namespace inccl::os
