// What ranks say to each other when a switch has left them in the middle: the notes of a repair.
//
//   SUSPECT  any rank → coordinator     something is wrong with the switch, or the way to it
//   SEAL     coordinator → all          no packet of this epoch counts any more
//   REPORT   each rank → coordinator    how far each of its slots is
//   FETCH    coordinator → one rank     what some slots hold
//   GIVE     one rank → coordinator     that: a sum, or its own contribution
//   VALUE    coordinator → all          the sum of a chunk that some rank lacks
//   COMMIT   coordinator → all          the epoch is over; from where on hosts add
//   DONE     each rank → all            this rank leaves, having finished so many operations
//
// They travel as notes of the control channel (control_messages.h), the first byte says which.
// Rules and why: ina/repair_coordinator.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "wire/aggregation_packet.h"
#include "wire/byte_codec.h"

namespace inccl::wire {

enum class RepairKind : uint8_t {
  kSuspect = 1,
  kSeal = 2,
  kReport = 3,
  kFetch = 4,
  kGive = 5,
  kValue = 6,
  kCommit = 7,
  kDone = 8,
};

constexpr size_t kMostRepairText = 512;
constexpr size_t kMostRepairSlots = 8192;
constexpr size_t kMostRepairPayload = size_t{4} * kMostElements;

struct RepairSuspect {
  static constexpr RepairKind kKind = RepairKind::kSuspect;
  std::string why;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.text(self.why, kMostRepairText);
  }
};

struct RepairSeal {
  static constexpr RepairKind kKind = RepairKind::kSeal;
  std::string why;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.text(self.why, kMostRepairText);
  }
};

// By slot: results taken, and 1 where the last of them is retained as a sum, 0 where it is this
// rank's contribution.
struct RepairReport {
  static constexpr RepairKind kKind = RepairKind::kReport;
  uint32_t operations = 0;  // begun
  bool inside = false;      // the last of them is not finished
  uint32_t opTag = 0;       // of that one
  std::vector<uint32_t> uses;
  std::vector<uint8_t> hasSum;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.operations);
    codec.flag(self.inside);
    codec.integer(self.opTag);
    codec.integers(self.uses, kMostRepairSlots);
    codec.integers(self.hasSum, kMostRepairSlots);
  }
};

// By slot the use that is asked for: the last whose result is retained, or the next, whose
// contribution is.
struct RepairFetch {
  static constexpr RepairKind kKind = RepairKind::kFetch;
  std::vector<uint16_t> slots;
  std::vector<uint32_t> uses;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integers(self.slots, kMostRepairSlots);
    codec.integers(self.uses, kMostRepairSlots);
  }
};

// Nothing in it: this rank gives nothing to that chunk.
struct RepairGive {
  static constexpr RepairKind kKind = RepairKind::kGive;
  uint16_t slot = 0;
  LaneType type = LaneType::kNone;
  LaneOp op = LaneOp::kNone;
  std::vector<std::byte> payload;
  std::vector<std::byte> exponents;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.slot);
    codec.choice(self.type, static_cast<bool (*)(LaneType)>(isKnown));
    codec.choice(self.op, static_cast<bool (*)(LaneOp)>(isKnown));
    codec.blob(self.payload, kMostRepairPayload);
    codec.blob(self.exponents, size_t{2} * kMostExponents);
  }
};

struct RepairValue {
  static constexpr RepairKind kKind = RepairKind::kValue;
  uint16_t slot = 0;
  std::vector<std::byte> payload;
  std::vector<std::byte> exponents;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.slot);
    codec.blob(self.payload, kMostRepairPayload);
    codec.blob(self.exponents, size_t{2} * kMostExponents);
  }
};

// `failure`: why there is no repair; empty: `operation` is the last of which the switch summed
// anything, and `uses` of each slot are settled.
struct RepairCommit {
  static constexpr RepairKind kKind = RepairKind::kCommit;
  std::string failure;
  uint32_t operation = 0;
  std::vector<uint32_t> uses;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.text(self.failure, kMostRepairText);
    codec.integer(self.operation);
    codec.integers(self.uses, kMostRepairSlots);
  }
};

struct RepairDone {
  static constexpr RepairKind kKind = RepairKind::kDone;
  uint32_t operations = 0;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.operations);
  }
};

template <typename Message>
std::vector<std::byte> encodeRepair(const Message& message) {
  Writer writer;
  writer.integer(static_cast<uint8_t>(Message::kKind));
  Message::fields(writer, message);
  return writer.take();
}

// After the byte that says which.
template <typename Message>
Result<Message> decodeRepair(std::span<const std::byte> note) {
  Message message;
  Reader reader(note.subspan(1));
  Message::fields(reader, message);
  INCCL_TRY(reader.finish("repair"));
  return message;
}

}  // namespace inccl::wire
