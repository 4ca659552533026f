// Everything that changes, in as few bytes as the protocol needs.
//
// What can be computed is not stored: the window of a slot follows from which chunks a worker has,
// and so does what it retains; what is in a buffer follows from which operations have returned.
// That is exact as long as no wrong result was taken, and where one is taken the search ends.
#pragma once

#include <array>
#include <cstdint>

#include "ina/model/job.h"
#include "ina/model/values.h"

namespace inccl::ina_model {

inline constexpr int kMaxSlots = 3;
inline constexpr int kMaxEpochs = 4;
inline constexpr int kMaxPackets = 48;

using ChunkSet = uint16_t;
inline constexpr ChunkSet onlyChunk(int chunk) { return static_cast<ChunkSet>(1U << chunk); }

enum class Kind : uint8_t { kData, kProbe, kResult, kHeader, kStatus, kMismatch };

// A datagram in 64 bits, so that a bag of them sorts and compares as numbers. `worker` is who sent
// it to the switch, or whom the switch sends it to. kHeader is a RESULT of the header alone.
struct Packet {
  uint64_t bits = 0;

  Packet() = default;
  Packet(Kind kind, int worker, int session, int slot, int generation, Value value = 0)
      : bits(static_cast<uint64_t>(kind) | static_cast<uint64_t>(worker) << 3 |
             static_cast<uint64_t>(session) << 6 | static_cast<uint64_t>(slot) << 9 |
             static_cast<uint64_t>(generation) << 11 | static_cast<uint64_t>(value) << 32) {}
  [[nodiscard]] Kind kind() const { return static_cast<Kind>(bits & 7); }
  [[nodiscard]] int worker() const { return static_cast<int>(bits >> 3 & 7); }
  [[nodiscard]] int session() const { return static_cast<int>(bits >> 6 & 7); }
  [[nodiscard]] int slot() const { return static_cast<int>(bits >> 9 & 3); }
  [[nodiscard]] int generation() const { return static_cast<int>(bits >> 11 & 15); }
  [[nodiscard]] Value value() const { return static_cast<Value>(bits >> 32); }
  [[nodiscard]] bool isForSwitch() const { return kind() <= Kind::kProbe; }
  bool operator==(const Packet&) const = default;
};

enum class Fate : uint8_t { kFine, kDead, kFailed };  // kFailed: its operations return an error

struct Worker {
  ChunkSet got = 0;       // chunks that are done here, by a result, a copy or the host
  ChunkSet reported = 0;  // the same as it stood in the last REPORT
  uint8_t begun = 0;      // operations called so far; all but the last have returned
  uint8_t reportedBegun = 0;
  uint8_t control = 0;  // SEALs and COMMITs taken, in turn: odd is sealed, half of it the epoch
  Fate fate = Fate::kFine;
};

// One set of a slot, in the switch's registers. Session e + 1 is epoch e; 0 is registers at birth.
struct Use {
  Value value = 0;
  uint8_t session = 0;
  uint8_t generation = 0;
  WorkerSet bitmap = 0;
  uint8_t tag = 0;
  uint8_t isPoisoned = 0;
  uint8_t remaining = 0;  // only as published: contributions that are still missing
  uint8_t unused[2] = {0, 0};
};

// How COMMIT has a chunk finished.
enum class Plan : uint8_t { kNone, kDone, kCopy, kHost };
struct Repair {
  Plan plan = Plan::kNone;
  uint8_t commit = 0;  // from which COMMIT on, counted from 1
  uint8_t holder = 0;  // for kCopy
  WorkerSet contributed = 0;
  uint8_t isSent = 0;    // the holder's copy is on its way, or the host's sum has all its parts
  uint8_t isSpoilt = 0;  // … and is not the true sum
};

struct State {
  std::array<Worker, kMaxWorkers> workers{};
  std::array<std::array<Use, 2>, kMaxSlots> uses{};
  std::array<Repair, kMaxChunks> repairs{};
  std::array<uint8_t, kMaxEpochs + 1> base{};  // by epoch: its first chunk
  uint8_t table = 1;        // the session that the switch's job table has; 0, none
  uint8_t newest = 1;       // the newest session that was decided
  uint8_t installed = 1;    // the newest that the controller has put into the switch
  uint8_t controlSent = 0;  // SEALs and COMMITs that the coordinator has sent, to all
  WorkerSet reports = 0;    // that it has for the last SEAL
  uint8_t isHost = 0;       // the last COMMIT said HOST
  uint8_t isWrong = 0;      // a result was taken that is not the true sum
  Budget left;
  uint8_t packetCount = 0;
  uint8_t isOverfull = 0;  // a packet found no room: the model's bounds are too small
  uint8_t isApart = 0;     // reports differ by more than one use of a slot
  uint8_t unused[4] = {0, 0, 0, 0};
  std::array<Packet, kMaxPackets>
      packets{};  // sorted; last, so that the unused ones can be left out
};

// A copy without the packets that are not there.
State copyOf(const State& state);
// Bytes from the beginning that tell a state from others.
size_t usedBytes(const State& state);

void post(const Job& job, State& state, Packet packet);
void removePacket(State& state, int index);

}  // namespace inccl::ina_model
