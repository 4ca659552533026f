#include "bootstrap/framed_connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace inccl::bootstrap {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr int kReadsPerEvent = 8;  // others get their turn
constexpr Nanos kFlushTimeout = 2 * kSecond;

}  // namespace

Result<std::shared_ptr<FramedConnection>> FramedConnection::open(os::EventLoop& loop,
                                                                 os::UniqueFd fd, OnFrame onFrame,
                                                                 OnClosed onClosed) {
  std::shared_ptr<FramedConnection> self(
      new FramedConnection(loop, std::move(fd), std::move(onFrame), std::move(onClosed)));
  self->watched_ = EPOLLIN;
  INCCL_TRY_ASSIGN(self->watch_, loop.watch(self->fd_.get(), EPOLLIN,
                                            [self](uint32_t events) { self->onEvents(events); }));
  return self;
}

FramedConnection::FramedConnection(os::EventLoop& loop, os::UniqueFd fd, OnFrame onFrame,
                                   OnClosed onClosed)
    : loop_(loop),
      fd_(std::move(fd)),
      onFrame_(std::move(onFrame)),
      onClosed_(std::move(onClosed)) {}

FramedConnection::~FramedConnection() = default;

void FramedConnection::send(SharedFrame frame) {
  if (!isOpen() || closing_ || !canWrite_) return;
  queue_.push_back(std::move(frame));
  if (queue_.size() == 1) writeSome();
}

void FramedConnection::close() {
  if (!isOpen()) return;
  const auto keep = shared_from_this();
  // What the peer has sent and nobody has read would turn the close into a reset, which may
  // overtake our own last words.
  std::array<std::byte, 4096> rest;
  for (int i = 0; i < kReadsPerEvent; ++i)
    if (os::sys::recv(fd_.get(), rest.data(), rest.size(), 0) <= 0) break;
  loop_.unwatch(watch_);
  loop_.cancel(flushTimer_);
  fd_.reset();
  queue_.clear();
}

void FramedConnection::closeWhenFlushed() {
  if (!isOpen() || closing_) return;
  closing_ = true;
  if (queue_.empty()) return close();
  flushTimer_ =
      loop_.runAt(nowNs() + kFlushTimeout, [self = shared_from_this()] { self->close(); });
}

void FramedConnection::onEvents(uint32_t events) {
  if (events & EPOLLOUT) writeSome();
  if (isOpen() && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) readSome();
}

void FramedConnection::readSome() {
  for (int i = 0; i < kReadsPerEvent && isOpen(); ++i) {
    const size_t before = input_.size();
    input_.resize(before + kReadBytes);
    const ssize_t got = os::sys::recv(fd_.get(), input_.data() + before, kReadBytes, 0);
    input_.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return broke(remoteError("connection closed"));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got < 0) {
      const int error = errno;
      return broke(error == ECONNRESET ? remoteError("connection closed")
                                       : systemError("control connection", error));
    }
    deliver();
    if (static_cast<size_t>(got) < kReadBytes) return;
  }
}

void FramedConnection::deliver() {
  size_t done = 0;
  while (isOpen() && !closing_ && input_.size() - done >= wire::kHeaderBytes) {
    const std::span<const std::byte> rest = std::span(input_).subspan(done);
    const auto header = wire::decodeHeader(rest.first<wire::kHeaderBytes>());
    if (!header.ok()) return broke(header.status());
    const size_t length = header.value().length;
    if (rest.size() < wire::kHeaderBytes + length) break;
    done += wire::kHeaderBytes + length;
    onFrame_(header.value().kind, rest.subspan(wire::kHeaderBytes, length));
  }
  input_.erase(input_.begin(), input_.begin() + static_cast<ptrdiff_t>(done));
}

void FramedConnection::writeSome() {
  while (!queue_.empty()) {
    const std::vector<std::byte>& frame = *queue_.front();
    const ssize_t sent =
        os::sys::send(fd_.get(), frame.data() + written_, frame.size() - written_, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return watchFor(EPOLLIN | EPOLLOUT);
    if (sent < 0) {
      return writeBroke(errno);
    }
    written_ += static_cast<size_t>(sent);
    if (written_ < frame.size()) continue;
    queue_.pop_front();
    written_ = 0;
  }
  if (closing_) return close();
  watchFor(EPOLLIN);
}

void FramedConnection::writeBroke(int error) {
  canWrite_ = false;
  queue_.clear();
  written_ = 0;
  if (closing_) return close();
  // The peer is gone, but its last words may still lie unread: reading finds the end by itself.
  if (error == EPIPE || error == ECONNRESET) return watchFor(EPOLLIN);
  // Whoever called send() must not be called back from inside it.
  loop_.post([self = shared_from_this(), why = systemError("control connection", error)] {
    self->broke(why);
  });
}

void FramedConnection::watchFor(uint32_t events) {
  if (watched_ == events || !isOpen()) return;
  const Status changed = loop_.modify(watch_, events);
  if (changed.ok())
    watched_ = events;
  else
    loop_.post([self = shared_from_this(), changed] { self->broke(changed); });
}

void FramedConnection::broke(const Status& why) {
  if (!isOpen()) return;
  const auto keep = shared_from_this();
  const bool silent = closing_;
  close();
  if (!silent) onClosed_(why);
}

}  // namespace inccl::bootstrap
