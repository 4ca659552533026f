// One rank's part of a schedule, made ready to run: flat arrays, resolved names.
//
// Done once, when a plan is made. A step knows its channel by index, its chunks by block, and, from
// the flow of data through the whole schedule (schedule/chunk_lengths.h), which chunk of the slice
// it is about: all that it touches are that chunk of some block, or scratch. What depends on the
// call (addresses, count, type, operation) is left to LanesOperation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "schedule/chunk_lengths.h"
#include "schedule/schedule.h"

namespace inccl::exec {

// The FIFO between this rank and `peer`; both sides name it by the same number.
struct ChannelKey {
  int peer = -1;
  uint32_t channel = 0;
  bool operator==(const ChannelKey&) const = default;
};

// Input, output: the step's chunk in block number `block` of the buffer (the output of an
// all-gather, say, has a block for each rank). Scratch: chunk number `block`.
struct CompiledChunk {
  schedule::Buffer buffer = schedule::Buffer::kInput;
  uint32_t block = 0;
};

// The sources of a step are chunks()[firstSource …]; a step with only one has it in `source` too.
struct CompiledStep {
  schedule::StepKind kind = schedule::StepKind::kNop;
  uint32_t chunk = 0;  // of the slice: what the step moves is this one, or as long
  uint32_t block = 0;  // whose chunk; 0 where all blocks have one length
  CompiledChunk source;
  CompiledChunk destination;
  uint32_t firstSource = 0, sourceCount = 0;
  uint32_t firstAfter = 0, afterCount = 0;  // in after()
};

struct CompiledLane {
  uint32_t firstStep = 0, stepCount = 0;
  int sendChannel = -1, recvChannel = -1;  // in sendChannels(), recvChannels()
  int sendPeer = -1, recvPeer = -1;
};

class CompiledProgram {
 public:
  // `schedule` should have been verified: here it is only checked as far as compiling takes it.
  // Refuses in-network steps. `lengths`: whether calls say how long each block is.
  static Result<CompiledProgram> compile(
      const schedule::Schedule& schedule, int rank,
      schedule::BlockLengths lengths = schedule::BlockLengths::kEqual);

  [[nodiscard]] Collective collective() const { return collective_; }
  [[nodiscard]] int rank() const { return rank_; }
  // The channels to open, each once; lanes refer to them by position.
  [[nodiscard]] std::span<const ChannelKey> sendChannels() const { return sendChannels_; }
  [[nodiscard]] std::span<const ChannelKey> recvChannels() const { return recvChannels_; }

  // Blocks that a call says place and length of; 0: all blocks have one length. Then the rank's own
  // block, in the buffer that has no other, is number blockCount().
  [[nodiscard]] uint32_t blockCount() const { return blockCount_; }
  // Chunks that a slice of one rank's vector is cut into; at least 1.
  [[nodiscard]] uint32_t chunksPerSlice() const { return chunksPerSlice_; }
  [[nodiscard]] uint32_t scratchChunks() const { return scratchChunks_; }
  [[nodiscard]] uint32_t mostSources() const { return mostSources_; }
  [[nodiscard]] bool reduces() const { return reduces_; }
  [[nodiscard]] bool reducesMany() const { return mostSources_ > 1; }
  // Scratch memory that suffices for any call with messages of at most `messageBytes`.
  [[nodiscard]] size_t scratchBytes(size_t messageBytes) const;

  [[nodiscard]] std::span<const CompiledLane> lanes() const { return lanes_; }
  [[nodiscard]] const CompiledStep& step(uint32_t index) const { return steps_[index]; }
  [[nodiscard]] std::span<const CompiledChunk> sources(const CompiledStep& step) const {
    return std::span(chunks_).subspan(step.firstSource, step.sourceCount);
  }
  [[nodiscard]] std::span<const schedule::StepRef> after(const CompiledStep& step) const {
    return std::span(after_).subspan(step.firstAfter, step.afterCount);
  }

 private:
  CompiledProgram() = default;
  [[nodiscard]] CompiledChunk compileChunk(const schedule::ChunkRef& chunk) const;
  void addStep(const schedule::Step& step, uint32_t lengthClass);
  void addLane(const schedule::Lane& lane);

  Collective collective_ = Collective::kBarrier;
  int rank_ = -1;
  uint32_t blockCount_ = 0;
  uint32_t chunksPerSlice_ = 1;
  uint32_t scratchChunks_ = 0;
  uint32_t mostSources_ = 0;
  bool reduces_ = false;
  std::vector<ChannelKey> sendChannels_, recvChannels_;
  std::vector<CompiledLane> lanes_;
  std::vector<CompiledStep> steps_;
  std::vector<CompiledChunk> chunks_;
  std::vector<schedule::StepRef> after_;
};

// Scratch chunks start on cache lines.
constexpr size_t roundToCacheLine(size_t bytes) { return (bytes + 63) & ~size_t{63}; }

}  // namespace inccl::exec
