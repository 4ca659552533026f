// The memory that all ranks of one host map: a board per rank, written by it and read by the
// others.
//
// This is the verb `MultiChannel`: one writer, many readers. A board holds
//   - the doorbell on which its owner sleeps,
//   - where the owner's memory can be read, and whether it still vouches for it (peer_memory.h),
//   - two exchange cells: a flag word (OpTag) and up to cellBytes of payload. Everybody writes its
//     own cell and reads all others'. Two suffice without any acknowledgement: whoever writes its
//     cell for exchange k+2 has seen all cells of exchange k+1, and whoever wrote that one had
//     finished reading exchange k. Only operations in which every rank hears from every other use
//     the cells, and they count themselves (exchangeCount).
//   - two slot rings (slot_ring.h) that all others read: `contribution` and `result`.
// The group computes offsets only; who made the memory (shm, inproc) is not its business.
// Used by the one thread that runs the communicator's operation; doorbells may be rung by any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "os/doorbell.h"
#include "transport/slot_ring.h"

namespace inccl::transport {

// What the kernels over boards keep room for; larger groups use channels.
constexpr uint32_t kMostGroupMembers = 64;

// How the peers find a rank's memory; written at set-up, except `withdrawn`.
struct alignas(64) MemoryCard {
  std::atomic<uint64_t> process;              // its id
  std::atomic<uint64_t> proof, proofAddress;  // a random word, and where it lies in that process
  std::atomic<uint64_t> withdrawn;
};

struct MultiGroupShape {
  uint32_t memberCount = 0;
  size_t cellBytes = 8192;   // payload of one exchange cell
  size_t slotBytes = 65536;  // of both rings
  uint32_t slotCount = 8;

  [[nodiscard]] size_t boardBytes() const;
  [[nodiscard]] size_t totalBytes() const { return boardBytes() * memberCount; }
};

// A flag word and its payload; a payload of at most kInlineBytes lies in the flag's own line.
struct ExchangeCell {
  static constexpr size_t kInlineBytes = 56;
  std::byte* line = nullptr;

  [[nodiscard]] std::atomic<uint64_t>& flag() const {
    return *reinterpret_cast<std::atomic<uint64_t>*>(line);
  }
  [[nodiscard]] std::byte* payload(size_t bytes) const {
    return line + (bytes <= kInlineBytes ? 8 : 64);
  }
};

class MultiGroup {
 public:
  // `memory` is zeroed, of shape.totalBytes(), and outlives the group; `me` is this rank's place
  // among the members.
  MultiGroup(std::byte* memory, MultiGroupShape shape, uint32_t me);

  [[nodiscard]] uint32_t memberCount() const { return shape_.memberCount; }
  [[nodiscard]] uint32_t me() const { return me_; }
  [[nodiscard]] const MultiGroupShape& shape() const { return shape_; }

  [[nodiscard]] os::Doorbell& doorbell(uint32_t member) const {
    return *reinterpret_cast<os::Doorbell*>(board(member));
  }
  [[nodiscard]] MemoryCard& memoryCard(uint32_t member) const {
    return *reinterpret_cast<MemoryCard*>(board(member) + 64);
  }
  void ringOthers() const {
    for (uint32_t member = 0; member < shape_.memberCount; ++member) {
      if (member != me_) doorbell(member).ring();
    }
  }

  // The cell of `member` for exchange number `exchange`.
  [[nodiscard]] ExchangeCell cell(uint32_t member, uint64_t exchange) const {
    return {board(member) + 128 + (exchange & 1) * cellStride_};
  }
  // What this rank found last in that cell, kept by whoever reads it; a zero tag at first.
  [[nodiscard]] OpTag& lastExchangeTag(uint32_t member, uint64_t exchange) {
    return lastExchangeTags_[2 * member + (exchange & 1)];
  }
  // The number of the next exchange; every member counts alike.
  [[nodiscard]] uint64_t nextExchange() { return exchangeCount_++; }

  [[nodiscard]] SlotWriter& contribution() { return contributionWriter_; }
  [[nodiscard]] SlotReader& contributionOf(uint32_t member) { return contributionReaders_[member]; }
  [[nodiscard]] SlotWriter& result() { return resultWriter_; }
  [[nodiscard]] SlotReader& resultOf(uint32_t member) { return resultReaders_[member]; }

 private:
  [[nodiscard]] std::byte* board(uint32_t member) const { return memory_ + boardBytes_ * member; }

  std::byte* memory_;
  MultiGroupShape shape_;
  uint32_t me_;
  size_t boardBytes_;
  size_t cellStride_;
  uint64_t exchangeCount_ = 0;
  std::vector<OpTag> lastExchangeTags_;
  SlotWriter contributionWriter_, resultWriter_;
  std::vector<SlotReader> contributionReaders_, resultReaders_;  // [me] is unused
};

}  // namespace inccl::transport
