// A stream of frames on the service thread: reads whole messages, writes from a queue, never
// blocks.
//
// It lives as long as its owner or the event loop holds it; the loop does until it is closed.
// Callbacks run on the service thread and may close or drop the connection they come from.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "os/event_loop.h"
#include "os/unique_fd.h"
#include "wire/frame.h"

namespace inccl::bootstrap {

// Encoded once, queued on any number of connections.
using SharedFrame = std::shared_ptr<const std::vector<std::byte>>;

template <typename Message>
SharedFrame shareFrame(const Message& message) {
  return std::make_shared<const std::vector<std::byte>>(wire::encodeFrame(message));
}

class FramedConnection : public std::enable_shared_from_this<FramedConnection> {
 public:
  using OnFrame = std::function<void(wire::Kind kind, std::span<const std::byte> body)>;
  // The stream ended or broke (why); at most once, and never after close().
  using OnClosed = std::function<void(const Status& why)>;

  static Result<std::shared_ptr<FramedConnection>> open(os::EventLoop& loop, os::UniqueFd fd,
                                                        OnFrame onFrame, OnClosed onClosed);
  ~FramedConnection();

  void send(SharedFrame frame);
  [[nodiscard]] bool idle() const { return queue_.empty(); }
  [[nodiscard]] bool isOpen() const { return fd_.valid(); }
  // Silently. What is queued is lost.
  void close();
  // Silently, once what is queued has been written (or kFlushTimeout has passed).
  void closeWhenFlushed();

 private:
  FramedConnection(os::EventLoop& loop, os::UniqueFd fd, OnFrame onFrame, OnClosed onClosed);
  void onEvents(uint32_t events);
  void readSome();
  void deliver();
  void writeSome();
  void writeBroke(int error);
  void watchFor(uint32_t events);
  void broke(const Status& why);

  os::EventLoop& loop_;
  os::UniqueFd fd_;
  OnFrame onFrame_;
  OnClosed onClosed_;
  os::EventLoop::WatchId watch_ = os::EventLoop::WatchId::kNone;
  os::EventLoop::TimerId flushTimer_ = os::EventLoop::TimerId::kNone;
  uint32_t watched_ = 0;
  bool canWrite_ = true;
  bool closing_ = false;  // only what is queued still matters

  std::vector<std::byte> input_;  // received, not yet delivered
  std::deque<SharedFrame> queue_;
  size_t written_ = 0;  // of the queue's first frame
};

}  // namespace inccl::bootstrap
