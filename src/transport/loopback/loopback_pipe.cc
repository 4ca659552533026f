#include "transport/loopback/loopback_pipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>

namespace inccl::transport::loopback {
namespace {

size_t totalBytes(const iovec* parts, int count) {
  size_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += parts[i].iov_len;
  return bytes;
}

// Calls visit(memory, bytes, offset) for the first `bytes` of the parts, split
// so that no piece crosses the end of a ring of `ringBytes` into which stream
// offset `offset` points.
void forEachPiece(const iovec* parts, size_t bytes, uint64_t offset, size_t ringBytes,
                  const std::function<void(std::byte*, size_t, size_t)>& visit) {
  for (const iovec* part = parts; bytes > 0; ++part) {
    auto* memory = static_cast<std::byte*>(part->iov_base);
    size_t inPart = std::min(part->iov_len, bytes);
    bytes -= inPart;
    while (inPart > 0) {
      const size_t at = offset % ringBytes;
      const size_t piece = std::min(inPart, ringBytes - at);
      visit(memory, piece, at);
      memory += piece;
      offset += piece;
      inPart -= piece;
    }
  }
}

}  // namespace

LoopbackPipe::LoopbackPipe(const LoopbackFaults& faults, std::string name)
    : faults_(faults),
      name_(std::move(name)),
      writerRandom_(2 * faults.seed),
      readerRandom_(2 * faults.seed + 1),
      ring_(faults.bufferBytes) {
  assert(faults.bufferBytes > 0 && faults.delayLow <= faults.delayHigh);
  updateFlags();
}

size_t LoopbackPipe::limit(size_t possible, std::mt19937_64& random) const {
  std::uniform_real_distribution<double> chance(0, 1);
  if (possible == 0 || chance(random) < faults_.skippedMoves) return 0;
  if (chance(random) < faults_.shortMoves)
    return std::uniform_int_distribution<size_t>(1, possible)(random);
  return possible;
}

size_t LoopbackPipe::room() const {
  return std::min<uint64_t>(ring_.size() - (written_ - read_), faults_.cutAfterBytes - written_);
}

bool LoopbackPipe::readerEnded() const {
  return read_ >= faults_.cutAfterBytes || (writerClosed_ && read_ == written_);
}

ssize_t LoopbackPipe::write(const iovec* parts, int count) {
  const std::lock_guard lock(mutex_);
  if (writerEnded()) return -1;
  const size_t moved = limit(std::min(totalBytes(parts, count), room()), writerRandom_);
  forEachPiece(parts, moved, written_, ring_.size(), [&](std::byte* from, size_t bytes, size_t at) {
    std::memcpy(ring_.data() + at, from, bytes);
  });
  const bool damaged = faults_.damagedByte >= written_ && faults_.damagedByte - written_ < moved;
  if (damaged) ring_[faults_.damagedByte % ring_.size()] ^= std::byte{0x10};
  written_ += moved;
  if (moved > 0) startDelay();
  updateFlags();
  return static_cast<ssize_t>(moved);
}

ssize_t LoopbackPipe::read(const iovec* parts, int count) {
  const std::lock_guard lock(mutex_);
  if (readerEnded()) return -1;
  const size_t moved =
      limit(std::min<uint64_t>(totalBytes(parts, count), arrivedEnd() - read_), readerRandom_);
  forEachPiece(parts, moved, read_, ring_.size(), [&](std::byte* to, size_t bytes, size_t at) {
    std::memcpy(to, ring_.data() + at, bytes);
  });
  read_ += moved;
  updateFlags();
  return static_cast<ssize_t>(moved);
}

// A stream keeps its order: no byte arrives before an earlier one.
void LoopbackPipe::startDelay() {
  if (faults_.delayHigh <= 0) {
    arrived_ = written_;
    return;
  }
  std::uniform_int_distribution<Nanos> delay(faults_.delayLow, faults_.delayHigh);
  const Nanos earliest = delayed_.empty() ? 0 : delayed_.back().readyAt;
  delayed_.push_back({written_, std::max(earliest, now() + delay(writerRandom_))});
}

// The offset up to which bytes may be read now.
uint64_t LoopbackPipe::arrivedEnd() {
  while (!delayed_.empty() && delayed_.front().readyAt <= now()) {
    arrived_ = delayed_.front().end;
    delayed_.pop_front();
  }
  return std::max(read_, std::min(arrived_, faults_.stallAfterBytes));
}

// Bytes that are still delayed raise the reader's flag: it polls until they are
// there.
void LoopbackPipe::updateFlags() {
  writable_.set(writerEnded() || room() > 0);
  readable_.set(readerEnded() || read_ < std::min(written_, faults_.stallAfterBytes));
}

void LoopbackPipe::closeWriter() {
  const std::lock_guard lock(mutex_);
  writerClosed_ = true;
  updateFlags();
}

void LoopbackPipe::closeReader() {
  const std::lock_guard lock(mutex_);
  readerClosed_ = true;
  updateFlags();
}

void LoopbackPipe::cutNow() {
  const std::lock_guard lock(mutex_);
  // What stalled is lost with the connection.
  faults_.cutAfterBytes = std::min({faults_.cutAfterBytes, written_, faults_.stallAfterBytes});
  updateFlags();
}

Status LoopbackPipe::failure() const {
  const std::lock_guard lock(mutex_);
  const bool cut = std::max(read_, written_) >= faults_.cutAfterBytes;
  return remoteError(fmt::format("the {} was {} (seed {})", name_,
                                 cut ? "cut" : "closed by the peer", faults_.seed));
}

}  // namespace inccl::transport::loopback
