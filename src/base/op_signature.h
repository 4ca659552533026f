// What one operation of a communicator is, in the words that all ranks must agree on.
//
// Ranks that call different things (another collective, count, type, operation or root) would hang
// or add unrelated numbers. So every operation has a sequence number in its communicator and a
// signature, and both travel with its data: as one 64-bit OpTag in the flag word of tiny messages,
// in the header of every slot and stream frame, and over the control channel for a rank that waits
// long. A receiver compares tags and never looks at data whose tag differs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/data_type.h"

namespace inccl {

enum class Collective : uint8_t {
  kAllReduce = 1,
  kBroadcast = 2,
  kAllGather = 3,
  kBarrier = 4,
  kSend = 5,
  kRecv = 6,
  kReduce = 7,
  kReduceScatter = 8,
  kAllToAll = 9,
  kGather = 10,
  kScatter = 11,
};
// For tables by collective.
inline constexpr size_t kCollectiveCount = 12;

std::string_view name(Collective collective);

// Takes an operation.
constexpr bool reduces(Collective collective) {
  return collective == Collective::kAllReduce || collective == Collective::kReduce ||
         collective == Collective::kReduceScatter;
}
// Some buffer has a block of `count` elements for each rank.
constexpr bool hasBlocks(Collective collective) {
  return collective == Collective::kAllGather || collective == Collective::kReduceScatter ||
         collective == Collective::kAllToAll || collective == Collective::kGather ||
         collective == Collective::kScatter;
}
// Names one rank to all: a broadcast, reduce, gather or scatter.
constexpr bool isRooted(Collective collective) {
  return collective == Collective::kBroadcast || collective == Collective::kReduce ||
         collective == Collective::kGather || collective == Collective::kScatter;
}

struct OpSignature {
  Collective collective = Collective::kBarrier;
  DataType type = DataType::kInt8;
  RedOp op = RedOp::kSum;  // meaningful for reductions only
  // -1 when the collective has none; the peer for send and receive. Of a v-collective something
  // that says all lengths of blocks in one number, since ranks have to agree on them: a hash.
  int32_t root = -1;
  uint64_t count = 0;  // elements, as the caller passed them; of a v-collective those of all blocks

  // An all-gather or reduce-scatter whose blocks each have a length of their own.
  [[nodiscard]] bool isWithLengths() const {
    return root != -1 &&
           (collective == Collective::kAllGather || collective == Collective::kReduceScatter);
  }
  // "all_reduce", "all_gather_v"
  [[nodiscard]] std::string_view collectiveName() const;

  bool operator==(const OpSignature&) const = default;
  // "all_reduce count 12 type float op sum"
  [[nodiscard]] std::string describe() const;
  // 32 bits that differ for different signatures (up to collisions of 2^-32).
  [[nodiscard]] uint32_t digest() const;
};

// Sequence number in the high, digest in the low half. Never 0: sequences start at 1.
class OpTag {
 public:
  OpTag() = default;
  OpTag(uint32_t sequence, uint32_t digest) : word_(uint64_t{sequence} << 32 | digest) {}
  static OpTag fromWord(uint64_t word) {
    OpTag tag;
    tag.word_ = word;
    return tag;
  }

  [[nodiscard]] uint64_t word() const { return word_; }
  [[nodiscard]] uint32_t sequence() const { return static_cast<uint32_t>(word_ >> 32); }
  [[nodiscard]] uint32_t digest() const { return static_cast<uint32_t>(word_); }
  bool operator==(const OpTag&) const = default;

 private:
  uint64_t word_ = 0;
};

}  // namespace inccl
