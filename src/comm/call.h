// One call on a communicator as plain values: what, from where, to where.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/clock.h"
#include "base/op_signature.h"
#include "exec/lanes/slicing.h"

namespace inccl::comm {

struct CallSettings;  // call_settings.h

struct Call {
  OpSignature signature;
  const void* send = nullptr;
  void* recv = nullptr;
  // A receive from any source: where the sender's rank goes. The signature's root is kAnyRank.
  int* source = nullptr;
  static constexpr int kAnyRank = -2;
  // What ranks must agree on beside the signature; mixed into its digest.
  uint32_t agreement = 0;
  // What this call selects for itself; nullptr: nothing.
  const CallSettings* settings = nullptr;
  // Whether a switch is to do it, floats rounded if it is one of those: all ranks say the same.
  enum class SwitchWish : uint8_t { kUnsaid, kNever, kAlways };
  SwitchWish switchWish = SwitchWish::kUnsaid;
  Nanos timeLimit = 0;  // of this call alone; 0: the communicator's
  // Of a pre-multiplied sum: one element of the type.
  std::array<std::byte, 16> factor{};
  // Of a v-collective: which elements of the buffer that holds all blocks are each rank's. Whoever
  // keeps the call for later keeps these too (group.cc).
  std::span<const exec::ElementRange> blocks{};

  // Bytes of one rank's contribution; of a v-collective the mean, which all ranks know, rounded up.
  [[nodiscard]] size_t bytes() const {
    if (blocks.empty()) [[likely]]
      return signature.count * sizeOf(signature.type);
    return (signature.count + blocks.size() - 1) / blocks.size() * sizeOf(signature.type);
  }
  // Elements of `rank`'s block of an all-gather or reduce-scatter.
  [[nodiscard]] uint64_t blockCount(int rank) const {
    return blocks.empty() ? signature.count : blocks[static_cast<size_t>(rank)].length;
  }
  // The part of a v-collective that is about `owner`'s block: a broadcast or a reduction.
  [[nodiscard]] Call partOf(int owner) const;
  [[nodiscard]] bool isMessage() const {
    return signature.collective == Collective::kSend || signature.collective == Collective::kRecv;
  }
};

inline Call Call::partOf(int owner) const {
  const exec::ElementRange& block = blocks[static_cast<size_t>(owner)];
  const bool gathers = signature.collective == Collective::kAllGather;
  const size_t place = block.first * sizeOf(signature.type);
  Call part = *this;
  part.blocks = {};
  part.signature.collective = gathers ? Collective::kBroadcast : Collective::kReduce;
  part.signature.root = owner;
  part.signature.count = block.length;
  if (gathers && recv)
    part.recv = static_cast<std::byte*>(recv) + place;
  else if (!gathers && send)
    part.send = static_cast<const std::byte*>(send) + place;
  return part;
}

}  // namespace inccl::comm
