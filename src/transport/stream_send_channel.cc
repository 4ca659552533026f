// The sending half of stream_channel.h, and how large slots may be.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "transport/stream_channel.h"

namespace inccl::transport {

using wire::StreamFrame;

StreamSendChannel::StreamSendChannel(std::unique_ptr<ByteStream> stream, size_t slotBytes)
    : stream_(std::move(stream)), slotBytes_(slotBytes), buffer_(bufferBytes(slotBytes)) {}

Progress StreamSendChannel::send(const std::byte* data, size_t bytes, OpTag tag) {
  if (broken_) return Progress::kBroken;
  if (reserved_ || bytes > slotBytes_) {
    fail(internalError(reserved_ ? std::string("a message was sent while a slot was reserved")
                                 : fmt::format("a message of {} bytes exceeds the slot of {}",
                                               bytes, slotBytes_)));
    return Progress::kBroken;
  }
  const auto header = StreamFrame{static_cast<uint32_t>(bytes), tag}.encode();
  Parts parts;
  addStaged(parts);
  parts.add(header.data(), header.size());
  parts.add(data, bytes);
  const std::optional<size_t> taken = push(parts);
  if (!taken) return Progress::kBroken;
  if (*taken == header.size() + bytes) return Progress::kDone;
  // In order: bytes of this message went only if every slot had gone, so
  // pending means none.
  if (!slotFree()) return Progress::kPending;
  // The rest waits here, so that the caller has its memory back.
  const size_t headerTaken = std::min(*taken, header.size());
  const size_t payloadTaken = *taken - headerTaken;
  std::byte* const start = slotHeader(newest());
  std::memcpy(start, header.data() + headerTaken, header.size() - headerTaken);
  if (payloadTaken < bytes) {
    std::memcpy(start + header.size() - headerTaken, data + payloadTaken, bytes - payloadTaken);
  }
  slots_[newest()] = {start, header.size() + bytes - *taken};
  ++staged_;
  return Progress::kDone;
}

std::byte* StreamSendChannel::reserve() {
  if (broken_) return nullptr;
  if (!slotFree() && (flush() == Progress::kBroken || !slotFree())) return nullptr;
  reserved_ = true;
  return slotHeader(newest()) + StreamFrame::kBytes;
}

void StreamSendChannel::commit(size_t bytes, OpTag tag) {
  if (broken_) return;
  if (!reserved_ || bytes > slotBytes_) {
    fail(internalError(fmt::format(
        "commit of {} bytes into {}", bytes,
        reserved_ ? fmt::format("a slot of {}", slotBytes_) : std::string("no reserved slot"))));
    return;
  }
  std::byte* const start = slotHeader(newest());
  const auto header = StreamFrame{static_cast<uint32_t>(bytes), tag}.encode();
  std::memcpy(start, header.data(), header.size());
  slots_[newest()] = {start, header.size() + bytes};
  reserved_ = false;
  ++staged_;
  // A failure is kept and shows at the next call.
  static_cast<void>(flush());
}

Progress StreamSendChannel::flush() {
  if (broken_) return Progress::kBroken;
  if (staged_ == 0) return Progress::kDone;
  Parts parts;
  addStaged(parts);
  if (!push(parts)) return Progress::kBroken;
  return staged_ == 0 ? Progress::kDone : Progress::kPending;
}

WaitHandle StreamSendChannel::waitHandle() const {
  return staged_ > 0 ? stream_->writable() : WaitHandle{};
}

void StreamSendChannel::addStaged(Parts& parts) const {
  for (uint32_t i = 0; i < staged_; ++i) {
    const Staged& slot = slots_[(oldest_ + i) % kStagingSlots];
    parts.add(slot.next, slot.rest);
  }
}

std::optional<size_t> StreamSendChannel::push(const Parts& parts) {
  const ssize_t moved = stream_->write(parts.list.data(), parts.count);
  if (moved < 0) {
    fail(stream_->failure());
    return std::nullopt;
  }
  auto bytes = static_cast<size_t>(moved);
  while (staged_ > 0) {
    Staged& slot = slots_[oldest_];
    const size_t taken = std::min(bytes, slot.rest);
    slot.next += taken;
    slot.rest -= taken;
    bytes -= taken;
    if (slot.rest > 0) break;
    oldest_ = (oldest_ + 1) % kStagingSlots;
    --staged_;
  }
  return bytes;
}

void StreamSendChannel::fail(Status failure) {
  broken_ = true;
  failure_ = std::move(failure);
}

Result<size_t> streamSlotBytesWithin(uint64_t bufferBytes, int rankCount, size_t largest,
                                     uint64_t moreChannels) {
  // Channels that a pair may open in one direction: messages (send, recv) and
  // lanes of schedules.
  constexpr uint64_t kChannelsPerPair = 2;
  constexpr size_t kLeastSlotBytes = 1024;
  const auto peers = static_cast<uint64_t>(std::max(rankCount - 1, 0));
  const auto needed = [&](size_t slotBytes) {
    return (peers * kChannelsPerPair + moreChannels) *
           (StreamSendChannel::bufferBytes(slotBytes) + StreamRecvChannel::bufferBytes(slotBytes));
  };
  size_t slotBytes = largest;
  while (needed(slotBytes) > bufferBytes && slotBytes > kLeastSlotBytes) slotBytes /= 2;
  if (needed(slotBytes) <= bufferBytes) return slotBytes;
  return invalidArgument(fmt::format(
      "{} ranks need {} bytes of stream buffers "
      "each{}, more than INCCL_BUFFSIZE ({})",
      rankCount, needed(slotBytes),
      moreChannels > 0 ? fmt::format(" with the {} channels of the plan files", moreChannels)
                       : std::string(),
      bufferBytes));
}

}  // namespace inccl::transport
