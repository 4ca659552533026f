// A collective as data: what every rank does, step by step, to chunks.
//
// Every collective, whoever made it (a classic ring, a synthesised forest, an imported plan), is a
// Schedule. The verifier proves it right, the simulator times it, the executor runs it; none of
// them knows where it came from. A schedule says nothing of bytes: the vector is cut into chunks,
// chunks are bound to (offset, length) by a table at call time, and a big message runs the whole
// program once per slice, pipelined.
//
// Semantics. Each rank has three buffers of chunks: input (read only), output, scratch. When a call
// is made in place, input and output are one memory (the smaller one a block of the larger, see
// verify/memory.h); a schedule that would then read an input chunk after its place in the output
// was written is refused by the verifier. Steps of a lane run in order; lanes run side by side;
// `after` adds an order between lanes of one rank, and nothing else does: that a peer answered
// proves nothing about the memory that another lane touched. Each (source, destination, channel) is
// a FIFO of its own, matched one send to one receive, in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/data_type.h"
#include "base/op_signature.h"

namespace inccl::schedule {

enum class Buffer : uint8_t { kInput, kOutput, kScratch };

struct ChunkRef {
  Buffer buffer = Buffer::kInput;
  uint32_t index = 0;
  bool operator==(const ChunkRef&) const = default;
};

enum class StepKind : uint8_t {
  kSend,            // sources[0] goes to the lane's send peer
  kRecv,            // a message from the lane's receive peer into destination
  kCopy,            // destination = sources[0]
  kReduce,          // destination = sources[0] ⊕ sources[1], in this order
  kReduceMany,      // destination = ((sources[0] ⊕ sources[1]) ⊕ sources[2]) …, in this order
  kRecvReduceCopy,  // destination = sources[0] ⊕ message
  kRecvCopySend,    // destination = message; the message goes on to the send peer
  kRecvReduceSend,  // sources[0] ⊕ message goes on to the send peer
  kRecvReduceCopySend,  // destination = sources[0] ⊕ message; the result goes on to the send peer
  kAggregate,           // in-network: see Aggregate
  kNop,                 // only waits for `after`
};

std::string_view name(StepKind kind);
std::optional<StepKind> parseStepKind(std::string_view text);
std::string_view name(Buffer buffer);
bool sends(StepKind kind);
bool receives(StepKind kind);

// A step that a switch does with this rank's chunk: what its members contribute is summed and/or
// replicated to its receivers.
enum class AggregateMode : uint8_t { kReduce, kMulticast, kBoth };
struct Aggregate {
  AggregateMode mode = AggregateMode::kBoth;
  std::string switchId;
  uint32_t group = 0;
  std::vector<int> contributors;
  std::vector<int> receivers;
  bool operator==(const Aggregate&) const = default;
};

// Step `step` of lane `lane` of the same rank.
struct StepRef {
  uint32_t lane = 0;
  uint32_t step = 0;
  bool operator==(const StepRef&) const = default;
};

struct Step {
  StepKind kind = StepKind::kNop;
  std::vector<ChunkRef> sources;
  std::optional<ChunkRef> destination;
  std::vector<StepRef> after;  // must have finished before this one starts
  std::optional<Aggregate> aggregate;
  bool operator==(const Step&) const = default;
};

// A step by its full address.
struct StepPlace {
  int rank = 0;
  uint32_t lane = 0;
  uint32_t step = 0;
  bool operator==(const StepPlace&) const = default;
};

struct Lane {
  uint32_t channel = 0;
  int sendPeer = -1;  // -1: this lane does not send
  int recvPeer = -1;
  std::vector<Step> steps;
  bool operator==(const Lane&) const = default;
};

struct RankProgram {
  std::vector<Lane> lanes;
  bool operator==(const RankProgram&) const = default;
};

struct Schedule {
  std::string name;  // "ring", "recursive_doubling" …
  Collective collective = Collective::kAllReduce;
  int rankCount = 0;
  int root = -1;  // for rooted collectives
  // Chunks of each rank's buffers. A block is what one rank brings or gets, `count` elements in c
  // chunks:
  //   all_reduce, broadcast, reduce  input c, output c
  //   all_gather, gather             input c, output rankCount × c, block r from rank r
  //   reduce_scatter, scatter        input rankCount × c, block r for rank r, output c
  //   all_to_all                     input rankCount × c, output rankCount × c
  // Broadcast and scatter read the root's input only, reduce and gather write the root's output
  // only: the others' programs do not touch theirs, which need not be there.
  uint32_t inputChunks = 0;
  uint32_t outputChunks = 0;
  uint32_t scratchChunks = 0;
  // Limits; a planner does not choose a schedule outside them. 0 = none.
  uint64_t minBytes = 0, maxBytes = 0;
  std::vector<DataType> types;  // empty = all
  std::vector<RedOp> ops;       // empty = all
  std::string topology;         // fingerprint of the topology it was made for; empty = any
  std::vector<RankProgram> ranks;

  bool operator==(const Schedule&) const = default;
};

// Chunks of one block; at least 1.
uint32_t blockChunks(const Schedule& schedule);
// Does `rank` have an input, an output?
bool hasInput(const Schedule& schedule, int rank);
bool hasOutput(const Schedule& schedule, int rank);

// "rank 1 lane 0 step 3 (recvReduceSend)", for messages.
std::string describe(const Schedule& schedule, const StepPlace& place);
// "output chunk 3"
std::string describe(const ChunkRef& chunk);

// 64 bits over everything that determines what the schedule computes and in which order: not its
// name, nor the limits within which a planner may choose it. Equal on every machine and run.
uint64_t digest(const Schedule& schedule);

}  // namespace inccl::schedule
