// The transport between ranks of one host that map the same memory.
//
// One group segment holds a board per rank (multi_group.h): its first member creates it, the others
// attach. Pair channels are rings of their own, made lazily by the sender at openSend and attached
// by the receiver at openRecv, so that memory grows with the pairs that talk and not with n². The
// memory comes from a MemoryExchange: memfds between processes (shm/), plain memory between threads
// of one process (inproc/).
//
// Making the segment takes two steps, so that the communicator can agree on success in between:
// createSegment on the first member, attachSegment on the others.
#pragma once

#include <memory>
#include <vector>

#include "transport/memory_exchange.h"
#include "transport/multi_group.h"
#include "transport/peer_memory.h"
#include "transport/transport.h"

namespace inccl::transport {

// Sizes within a budget of bytes per rank, for `rankCount` ranks of which `memberCount` share
// memory.
struct SharedShapes {
  MultiGroupShape group;
  SlotRingShape channel;

  // Halves slots until the worst case (a channel of each kind to every other rank) fits; an error
  // that names the figure when not even the smallest does.
  static Result<SharedShapes> within(uint64_t bufferBytes, int rankCount, uint32_t memberCount);
  // What one rank holds at worst.
  [[nodiscard]] uint64_t bytesPerRank(int rankCount) const;
};

class SharedTransport final : public Transport {
 public:
  // `members` are the ranks that share this host, in order; `myRank` is one of them.
  SharedTransport(std::unique_ptr<MemoryExchange> exchange, std::vector<int> members, int myRank,
                  SharedShapes shapes);

  [[nodiscard]] bool createsSegment() const { return me_ == 0; }
  Status createSegment();
  Status attachSegment(Deadline deadline);

  [[nodiscard]] std::string_view name() const override { return exchange_->name(); }
  [[nodiscard]] size_t messageBytes() const override { return shapes_.channel.slotBytes; }
  [[nodiscard]] Caps caps() const override { return {.multiChannel = true, .regionMap = true}; }
  // Whether every member's memory can be read; once all have the segment. Whoever may use it then
  // is the communicator's to agree on.
  [[nodiscard]] Status tryPeerMemory() { return peerMemory_->tryAll(); }
  // nullptr before the segment is there.
  [[nodiscard]] PeerMemory* peerMemory() { return peerMemory_.get(); }
  Result<std::unique_ptr<SendChannel>> openSend(int peer, uint32_t channel,
                                                Deadline deadline) override;
  Result<std::unique_ptr<RecvChannel>> openRecv(int peer, uint32_t channel,
                                                Deadline deadline) override;
  Result<std::unique_ptr<Region>> expose(void* memory, size_t bytes) override;
  Result<std::unique_ptr<MappedRegion>> map(int peer, const RegionKey& key,
                                            Deadline deadline) override;
  // nullptr before the segment is there.
  [[nodiscard]] MultiGroup* multiGroup() override { return group_.get(); }

 private:
  Result<uint32_t> memberOf(int rank) const;
  void adopt(std::shared_ptr<SharedBlock> segment);

  std::unique_ptr<MemoryExchange> exchange_;
  std::vector<int> members_;
  int myRank_;
  uint32_t me_;
  SharedShapes shapes_;
  std::shared_ptr<SharedBlock> segment_;
  std::unique_ptr<MultiGroup> group_;
  std::unique_ptr<PeerMemory> peerMemory_;
  uint64_t regionsExposed_ = 0;
};

}  // namespace inccl::transport
