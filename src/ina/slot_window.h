// One rank's side of the slots of a switch: what it may send, what it waits for, when it asks.
//
// Chunk c of the job (numbered over all operations) uses slot c mod s for the (c div s)-th time. A
// slot carries one chunk at a time: the next one of the slot is sent when the result of this one is
// here, so results set the pace and no rank is ever more than one use ahead of another. That is
// what the switch's two sets of registers rest on (switch/switchml/slot_state.h is the other side).
//
// Silence is first asked about: a PROBE is answered by the stored result, or by who has
// contributed. Data is sent again only when the switch says that it does not have it. So a rank
// that is late costs the others a question now and then, not their whole window again.
//
// A state machine without clock, threads or sockets: packets and times come in by onPacket() and
// onTime(), packets go out by takeOutgoing(). Nothing is allocated after construction.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "ina/aggregated_operation.h"
#include "ina/integrity.h"
#include "ina/retained_results.h"
#include "ina/round_trip.h"
#include "ina/timeout_lists.h"
#include "ports/datagram_port.h"
#include "wire/aggregation_packet.h"

namespace inccl::ina {

struct WindowCounters {
  uint64_t sent = 0;    // first contributions
  uint64_t resent = 0;  // again, because the switch had none
  uint64_t probes = 0;
  uint64_t results = 0;   // taken
  uint64_t repeated = 0;  // results that were there already
  uint64_t statuses = 0;
  uint64_t foreign = 0;    // of another session, slot or use: dropped
  uint64_t unproven = 0;   // results that their tags do not prove: not taken
  uint64_t malformed = 0;  // of another shape than the chunk has: dropped
};

class SlotWindow {
 public:
  struct Shape {
    uint32_t session = 0;
    uint16_t worker = 0;
    uint16_t workers = 1;
    uint32_t slots = 1;
    // Tags that prove sums; nullptr: none. Kept by whoever has it.
    const Integrity* integrity = nullptr;
    // Of the longest payload; results are retained where it is not 0.
    size_t payloadBytes = 0;
  };
  // A sum that its tags do not prove is asked for again so often: one that was changed on its way
  // comes right then, one that the switch got wrong does not.
  static constexpr uint32_t kMostUnproven = 3;

  explicit SlotWindow(const Shape& shape);

  // The operation's chunks follow those of the last one, which is done(). Not owned.
  void begin(AggregatedOperation& operation, Nanos now);
  // All results have been taken.
  [[nodiscard]] bool done() const { return left_ == 0; }

  // For the repair of an epoch (repair_desk.h), in which no packets come any more. Operations begun
  // so far; how often a slot's result was taken; what the last of them was.
  [[nodiscard]] uint32_t slots() const { return shape_.slots; }
  [[nodiscard]] uint32_t operations() const { return operations_; }
  [[nodiscard]] uint32_t uses(uint32_t slot) const { return slots_[slot].uses; }
  [[nodiscard]] const RetainedResults& retained() const { return retained_; }
  [[nodiscard]] uint32_t opTag() const { return operation_ != nullptr ? operation_->opTag() : 0; }
  // What this rank gives, or gave, to the chunk that a slot waits for.
  [[nodiscard]] Contribution contribution(uint32_t slot);
  // The value of that chunk, come by another way; false when the slot waits for none such.
  bool settle(uint32_t slot, std::span<const std::byte> payload,
              std::span<const std::byte> exponents);
  // Of the operation under way, in the job; and how many of it are known.
  [[nodiscard]] uint64_t firstChunk() const { return firstChunk_; }
  [[nodiscard]] uint64_t chunks() const { return endChunk_ - firstChunk_; }

  void onPacket(const wire::PacketView& packet, Nanos now);
  void onTime(Nanos now);
  // When onTime() has something to do next; `otherwise` when not before something happens.
  [[nodiscard]] Nanos nextTime(Nanos otherwise) const { return timeouts_.next(otherwise); }

  // Fills the front of the batch with packets to send to the switch; returns how many. They count
  // as sent when sent() says so, the first `count` of them; the others come again.
  size_t outgoing(std::span<ports::OutgoingDatagram> batch);
  void sent(size_t count, Nanos now);

  // What ended the epoch for this rank: two ranks mean different operations, or the switch does not
  // know the session.
  [[nodiscard]] const Status& failure() const { return failure_; }
  [[nodiscard]] bool sessionLost() const { return sessionLost_; }
  // Of a failure by different operations: who the switch says differ.
  [[nodiscard]] std::optional<std::pair<int, int>> differing() const { return differing_; }
  // For how long questions have been asked and nothing at all of the switch has come. A rank that
  // did not run meanwhile has not asked, so its own absence is nobody's silence.
  [[nodiscard]] Nanos silentFor(Nanos now) const {
    return done() || !unanswered_ ? 0 : now - *unanswered_;
  }
  // How long no result has come although one is waited for; and, by the switch's word, which
  // workers that is because of (a bitmap; empty when it has not said).
  [[nodiscard]] Nanos stalledFor(Nanos now) const { return done() ? 0 : now - lastProgress_; }
  [[nodiscard]] std::vector<int> missingWorkers() const;
  [[nodiscard]] const WindowCounters& counters() const { return counters_; }
  [[nodiscard]] const RoundTrip& roundTrip() const { return roundTrip_; }

 private:
  enum class Waiting : uint8_t { kForNothing, kToSend, kForResult };
  struct Slot {
    uint64_t chunk = 0;  // of the job; the one under way, or the next
    Waiting waiting = Waiting::kForNothing;
    bool wantsProbe = false;  // queued is a question, not data
    bool isResent = false;
    uint32_t questions = 0;  // asked about this chunk
    uint32_t unproven = 0;   // results of it
    uint32_t uses = 0;       // results taken
    Nanos askedAt = 0;
    std::array<std::byte, wire::AggregationHeader::kBytes> header{};
  };

  [[nodiscard]] uint32_t slotOf(uint64_t chunk) const {
    return static_cast<uint32_t>(chunk % shape_.slots);
  }
  [[nodiscard]] uint32_t generationOf(uint64_t chunk) const {
    return static_cast<uint32_t>(chunk / shape_.slots);
  }
  void queue(uint32_t slot, bool probe);
  void removeFromQueue(uint32_t slot);
  void startChunk(uint32_t slot, uint64_t chunk);
  void extend();
  void writeHeader(Slot& slot, const ChunkShape& shape, wire::PacketKind kind,
                   std::span<const std::byte> payload);
  void noteRoundTrip(Slot& slot, Nanos now);
  void onResult(uint32_t number, const wire::PacketView& packet, Nanos now);
  void retain(uint32_t number, const ChunkShape& shape, const wire::PacketView& packet);
  bool isProven(Slot& slot, const ChunkShape& shape, const wire::PacketView& packet);
  void onStatus(uint32_t number, const wire::PacketView& packet, Nanos now);
  void onMismatch(const wire::PacketView& packet);

  const Shape shape_;
  AggregatedOperation* operation_ = nullptr;
  uint64_t firstChunk_ = 0;  // of the operation, in the job
  uint64_t endChunk_ = 0;
  uint64_t left_ = 0;
  std::vector<Slot> slots_;
  RetainedResults retained_;
  uint32_t operations_ = 0;
  // Slots with something to send, each at most once: a ring.
  std::vector<uint32_t> queue_;
  size_t queueHead_ = 0, queueSize_ = 0;
  TimeoutLists timeouts_;
  RoundTrip roundTrip_;
  std::vector<uint32_t> contributors_;  // of the last STATUS
  bool contributorsKnown_ = false;
  Nanos lastProgress_ = 0;
  std::optional<Nanos> unanswered_;  // when the first question since the last answer was due
  Status failure_;
  std::optional<std::pair<int, int>> differing_;
  bool sessionLost_ = false;
  WindowCounters counters_;
};

}  // namespace inccl::ina
