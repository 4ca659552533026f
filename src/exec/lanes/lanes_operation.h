// The general interpreter: runs any schedule for one rank, over any transport.
//
// Lanes progress independently. Each goes through its steps once per slice and on to the next slice
// at once, so a long message is a pipeline without anyone steering it. A lane stops where a step
// has to wait (for a message, for room, for `after` in the same slice), and the next lane is looked
// at; step() returns when none can move. Progress is counted: `after` compares two numbers.
//
// Why lanes cannot run into each other's slices: slices use different elements of input and output,
// each FIFO has one sending and one receiving lane, both in the order of slices, and scratch, which
// all slices share, exists twice, and a lane starts a slice only when all lanes have ended the one
// two before it.
//
// Data is touched as rarely as the verbs allow: what arrives is reduced where it lies, straight
// into the outgoing slot or the user's memory. A step that sends and also keeps the result writes
// it to its destination and sends from there; so its incoming slot is free earlier than the
// verifier assumes, which never hurts.
//
// An object is made with a plan and reused for call after call (begin); neither begin nor step
// allocates. Used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/op_signature.h"
#include "base/status.h"
#include "exec/lanes/compiled_program.h"
#include "exec/lanes/slicing.h"
#include "exec/operation.h"
#include "reduce/reduce.h"
#include "transport/transport.h"

namespace inccl::exec {

// What one call binds the program to.
struct LanesCall {
  const void* input = nullptr;  // may be the output's memory, as the verifier's in-place mode says
  void* output = nullptr;
  std::span<std::byte> scratch;  // CompiledProgram::scratchBytes(), aligned to 64 bytes
  uint64_t count = 0;            // elements of one block (schedule.h)
  size_t elementBytes = 1;
  reduce::Kernels kernels;  // of type and operation; not looked at unless the program reduces
  OpTag tag;
  // Instead of `count`, for a program with blocks of different lengths: which elements of the
  // buffer that holds all blocks are each rank's. Only read by begin().
  std::span<const ElementRange> blocks{};
};

class LanesOperation final : public Operation {
 public:
  // Channels in the order of program->sendChannels() and recvChannels(); not owned, and used by
  // nobody else while an operation runs. `messageBytes` is the most that a message carries. It
  // shapes the slices, so all ranks must pass the same number; no channel's slot may be smaller.
  static Result<std::unique_ptr<LanesOperation>> create(
      std::shared_ptr<const CompiledProgram> program,
      std::vector<transport::SendChannel*> sendChannels,
      std::vector<transport::RecvChannel*> recvChannels, size_t messageBytes);

  // Starts a call; step() then runs it. Nothing happens when it fails. After kMismatch or kBroken
  // the channels are in an undefined state and no call may follow.
  Status begin(const LanesCall& call);

  // Returns kPending also after having moved kBytesPerStep, so that the caller can look up now and
  // then; steps() tells that from waiting.
  [[nodiscard]] transport::Progress step() override;
  [[nodiscard]] uint64_t movements() const override { return stepsFinished_; }
  [[nodiscard]] OpTag tag() const override { return call_.tag; }
  [[nodiscard]] int blamedRank() const override { return blamedRank_; }
  [[nodiscard]] Status failure() const override;
  [[nodiscard]] int awaitedRank() const override;
  void addWaitHandles(std::vector<transport::WaitHandle>& handles) const override;

  // Steps of the schedule finished since begin: unchanged over a call of step() means that it
  // waits.
  [[nodiscard]] uint64_t steps() const { return stepsFinished_; }

 private:
  using Progress = transport::Progress;
  enum class Waiting : uint8_t { kForNothing, kForMessage, kForRoom };

  struct LaneState {
    const CompiledLane* lane = nullptr;
    transport::SendChannel* send = nullptr;
    transport::RecvChannel* recv = nullptr;
    uint64_t slice = 0;
    uint32_t block = 0;            // that the next two are about
    uint64_t firstElement = 0;     // of the slice, in the block
    EvenSplit chunks;              // of the slice
    uint32_t step = 0;             // in the slice
    bool destinationDone = false;  // of a step that writes its destination and then sends it
    bool sliceOpen = false;
    Waiting waiting = Waiting::kForNothing;
    uint64_t finishedSteps = 0;  // over all slices
  };

  LanesOperation(std::shared_ptr<const CompiledProgram> program,
                 std::vector<transport::SendChannel*> sendChannels,
                 std::vector<transport::RecvChannel*> recvChannels, size_t messageBytes);
  Status checkChannels() const;
  [[nodiscard]] Slicing sliceCall(const LanesCall& call) const;
  Status checkCall(const LanesCall& call, const Slicing& slicing) const;
  void placeBlocks(const LanesCall& call);
  [[nodiscard]] size_t scratchNeeded(const LanesCall& call, const Slicing& slicing) const;

  [[nodiscard]] bool finished(const LaneState& lane) const {
    return lane.slice == slicing_.sliceCount();
  }
  bool openSlice(LaneState& lane);
  void enterBlock(LaneState& lane, uint32_t block) const;
  void closeSlice(LaneState& lane);
  [[nodiscard]] bool mayStart(const LaneState& lane, const CompiledStep& step) const;
  Progress advance(LaneState& lane);
  Progress flushAll();
  Progress fail(const LaneState& lane, Progress verdict);

  // Which elements of its blocks a step is about, in the lane's slice.
  [[nodiscard]] static ElementRange elementsOf(const LaneState& lane, const CompiledStep& step) {
    const ElementRange chunk = lane.chunks.part(step.chunk);
    return {lane.firstElement + chunk.first, chunk.length};
  }
  // Where a chunk of such a step lies: `first` is the step's first element.
  [[nodiscard]] std::byte* locate(const LaneState& lane, const CompiledChunk& chunk,
                                  uint64_t first) const;

  Progress runStep(LaneState& lane, const CompiledStep& step, ElementRange elements);
  Progress send(LaneState& lane, const std::byte* data, size_t bytes);
  Progress recv(LaneState& lane, std::byte* data, size_t bytes);
  Progress recvReduce(LaneState& lane, const CompiledStep& step, std::byte* destination,
                      ElementRange elements);
  Progress recvReduceSend(LaneState& lane, const CompiledStep& step, ElementRange elements);
  Progress recvThenSend(LaneState& lane, const CompiledStep& step, ElementRange elements);
  Progress arrival(LaneState& lane, size_t bytes, const std::byte*& data);
  void copy(const LaneState& lane, const CompiledStep& step, ElementRange elements) const;
  void reduceMany(const LaneState& lane, const CompiledStep& step, ElementRange elements);
  void markUnflushed(const LaneState& lane);

  const std::shared_ptr<const CompiledProgram> program_;
  const std::vector<transport::SendChannel*> sendChannels_;
  const std::vector<transport::RecvChannel*> recvChannels_;
  const size_t messageBytes_;

  LanesCall call_;
  Slicing slicing_;  // of each block, or of the longest
  // By block, where they have different lengths; else empty. The last place is that of the rank's
  // own block in a buffer of its own.
  std::vector<Slicing> blockSlicings_;
  std::vector<uint64_t> blockPlaces_;
  size_t scratchStride_ = 0;  // bytes from one scratch chunk to the next
  std::vector<LaneState> lanes_;
  std::vector<const void*> sourcePointers_;  // for reduceMany
  std::vector<bool> unflushed_;              // by send channel
  size_t unflushedCount_ = 0;
  uint32_t lanesWithSteps_ = 0;
  uint32_t lanesLeft_ = 0;         // that have not ended all slices
  uint32_t lanesInSlice_[2] = {};  // that have not ended the oldest open slice, and the next one
  uint64_t oldestSlice_ = 0;       // that not all lanes have ended
  uint64_t stepsFinished_ = 0;
  size_t bytesMoved_ = 0;  // since step() was called
  Progress verdict_ = Progress::kDone;
  int blamedRank_ = -1;
  const LaneState* failedLane_ = nullptr;
  int failedFlush_ = -1;
};

}  // namespace inccl::exec
