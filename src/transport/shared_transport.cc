#include "transport/shared_transport.h"

#include <fmt/format.h>

#include <algorithm>

#include "transport/ring_channel.h"

namespace inccl::transport {
namespace {

// Channels that a pair may open in one direction: messages (send, recv) and lanes of schedules.
constexpr uint64_t kChannelsPerPair = 2;
constexpr size_t kSmallestSlotBytes = 1024;

std::string channelName(int from, int to, uint32_t channel) {
  return fmt::format("channel {}>{} {}", from, to, channel);
}

std::string regionName(uint64_t id) { return fmt::format("region {}", id); }

class OfferedRegion final : public Region {
 public:
  OfferedRegion(MemoryExchange& exchange, RegionKey key) : exchange_(exchange), key_(key) {}
  ~OfferedRegion() override { exchange_.withdraw(regionName(key_.id)); }
  [[nodiscard]] const RegionKey& key() const override { return key_; }

 private:
  MemoryExchange& exchange_;
  RegionKey key_;
};

class BlockRegion final : public MappedRegion {
 public:
  BlockRegion(std::shared_ptr<SharedBlock> block, const RegionKey& key)
      : block_(std::move(block)), key_(key) {}
  [[nodiscard]] std::byte* data() const override { return block_->data() + key_.offset; }
  [[nodiscard]] size_t bytes() const override { return key_.bytes; }

 private:
  std::shared_ptr<SharedBlock> block_;
  RegionKey key_;
};

}  // namespace

uint64_t SharedShapes::bytesPerRank(int rankCount) const {
  const uint64_t pairs = static_cast<uint64_t>(std::max(rankCount - 1, 0));
  return group.boardBytes() + pairs * kChannelsPerPair * channel.totalBytes();
}

Result<SharedShapes> SharedShapes::within(uint64_t bufferBytes, int rankCount,
                                          uint32_t memberCount) {
  SharedShapes shapes;
  shapes.group.memberCount = memberCount;
  shapes.channel = {65536, 4, 1};
  while (shapes.bytesPerRank(rankCount) > bufferBytes &&
         shapes.channel.slotBytes > kSmallestSlotBytes) {
    shapes.channel.slotBytes /= 2;
    shapes.group.slotBytes = std::max(shapes.group.slotBytes / 2, kSmallestSlotBytes);
    shapes.group.cellBytes = std::max(shapes.group.cellBytes / 2, kSmallestSlotBytes);
  }
  const uint64_t needed = shapes.bytesPerRank(rankCount);
  if (needed > bufferBytes) {
    return invalidArgument(
        fmt::format("{} ranks need {} bytes of buffers each, more than INCCL_BUFFSIZE ({})",
                    rankCount, needed, bufferBytes));
  }
  return shapes;
}

SharedTransport::SharedTransport(std::unique_ptr<MemoryExchange> exchange, std::vector<int> members,
                                 int myRank, SharedShapes shapes)
    : exchange_(std::move(exchange)),
      members_(std::move(members)),
      myRank_(myRank),
      me_(static_cast<uint32_t>(std::find(members_.begin(), members_.end(), myRank) -
                                members_.begin())),
      shapes_(shapes) {
  os::joinDoorbellBarriers();
}

void SharedTransport::adopt(std::shared_ptr<SharedBlock> segment) {
  segment_ = std::move(segment);
  group_ = std::make_unique<MultiGroup>(segment_->data(), shapes_.group, me_);
  peerMemory_ = std::make_unique<PeerMemory>(*group_);
}

Status SharedTransport::createSegment() {
  INCCL_TRY_ASSIGN(auto segment, exchange_->create("group", shapes_.group.totalBytes()));
  adopt(std::move(segment));
  return {};
}

Status SharedTransport::attachSegment(Deadline deadline) {
  INCCL_TRY_ASSIGN(auto segment, exchange_->attach(members_.front(), "group",
                                                   shapes_.group.totalBytes(), deadline));
  adopt(std::move(segment));
  return {};
}

Result<uint32_t> SharedTransport::memberOf(int rank) const {
  const auto found = std::find(members_.begin(), members_.end(), rank);
  if (found == members_.end() || rank == myRank_ || !group_)
    return internalError(fmt::format("rank {} shares no memory with rank {}", rank, myRank_));
  return static_cast<uint32_t>(found - members_.begin());
}

Result<std::unique_ptr<SendChannel>> SharedTransport::openSend(int peer, uint32_t channel,
                                                               Deadline) {
  INCCL_TRY_ASSIGN(const uint32_t member, memberOf(peer));
  INCCL_TRY_ASSIGN(auto block, exchange_->create(channelName(myRank_, peer, channel),
                                                 shapes_.channel.totalBytes()));
  return std::unique_ptr<SendChannel>(std::make_unique<RingSendChannel>(
      std::move(block), shapes_.channel, group_->doorbell(member)));
}

Result<std::unique_ptr<RecvChannel>> SharedTransport::openRecv(int peer, uint32_t channel,
                                                               Deadline deadline) {
  INCCL_TRY_ASSIGN(const uint32_t member, memberOf(peer));
  INCCL_TRY_ASSIGN(auto block, exchange_->await(peer, channelName(peer, myRank_, channel),
                                                shapes_.channel.totalBytes(), deadline));
  return std::unique_ptr<RecvChannel>(std::make_unique<RingRecvChannel>(
      std::move(block), shapes_.channel, group_->doorbell(member)));
}

Result<std::unique_ptr<Region>> SharedTransport::expose(void* memory, size_t bytes) {
  const uint64_t id = ++regionsExposed_;
  INCCL_TRY_ASSIGN(const auto offered, exchange_->offer(regionName(id), memory, bytes));
  if (!offered) {
    return invalidArgument(fmt::format(
        "{} ({} bytes) was not allocated by incclMemAlloc: other processes cannot map it", memory,
        bytes));
  }
  return std::unique_ptr<Region>(std::make_unique<OfferedRegion>(
      *exchange_, RegionKey{id, offered->blockBytes, offered->offset, bytes}));
}

Result<std::unique_ptr<MappedRegion>> SharedTransport::map(int peer, const RegionKey& key,
                                                           Deadline deadline) {
  if (key.offset > key.blockBytes || key.bytes > key.blockBytes - key.offset)
    return invalidArgument(fmt::format("a region of {} bytes at {} in a block of {}", key.bytes,
                                       key.offset, key.blockBytes));
  INCCL_TRY(memberOf(peer).status());
  INCCL_TRY_ASSIGN(auto block,
                   exchange_->attach(peer, regionName(key.id), key.blockBytes, deadline));
  return std::unique_ptr<MappedRegion>(std::make_unique<BlockRegion>(std::move(block), key));
}

}  // namespace inccl::transport
