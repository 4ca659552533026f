#include "mutations.h"

#include <algorithm>

namespace inccl::verify {
namespace {

using namespace schedule;

// References to steps of `lane` from `from` on move by `shift`.
void shiftReferences(RankProgram& program, uint32_t lane, uint32_t from, int shift) {
  for (Lane& it : program.lanes) {
    for (Step& step : it.steps) {
      for (StepRef& ref : step.after) {
        if (ref.lane == lane && ref.step >= from) ref.step += shift;
      }
    }
  }
}

void dropStep(RankProgram& program, uint32_t lane, uint32_t index) {
  std::vector<Step>& steps = program.lanes[lane].steps;
  steps.erase(steps.begin() + index);
  // Who waited for the step that is gone waits for the one before it, or for nothing.
  for (Lane& it : program.lanes) {
    for (Step& step : it.steps)
      std::erase_if(step.after, [&](const StepRef& ref) {
        return index == 0 && ref == StepRef{lane, 0};
      });
  }
  shiftReferences(program, lane, std::max(index, 1u), -1);
}

void duplicateStep(RankProgram& program, uint32_t lane, uint32_t index) {
  std::vector<Step>& steps = program.lanes[lane].steps;
  const Step copy = steps[index];
  shiftReferences(program, lane, index, 1);
  steps.insert(steps.begin() + index, copy);
}

ChunkRef* randomChunk(Step& step, std::mt19937_64& random) {
  std::vector<ChunkRef*> chunks;
  for (ChunkRef& source : step.sources) chunks.push_back(&source);
  if (step.destination) chunks.push_back(&*step.destination);
  return chunks.empty() ? nullptr : chunks[random() % chunks.size()];
}

uint32_t sizeOf(const Schedule& schedule, Buffer buffer) {
  switch (buffer) {
    case Buffer::kInput:
      return schedule.inputChunks;
    case Buffer::kOutput:
      return schedule.outputChunks;
    case Buffer::kScratch:
      return schedule.scratchChunks;
  }
  return 0;
}

bool swapChunk(const Schedule& schedule, Step& step, std::mt19937_64& random) {
  ChunkRef* chunk = randomChunk(step, random);
  const uint32_t count = chunk ? sizeOf(schedule, chunk->buffer) : 0;
  if (count < 2) return false;
  chunk->index = static_cast<uint32_t>((chunk->index + 1 + random() % (count - 1)) % count);
  return true;
}

bool swapBuffer(const Schedule& schedule, Step& step, std::mt19937_64& random) {
  ChunkRef* chunk = randomChunk(step, random);
  const auto buffer = static_cast<Buffer>(random() % 3);
  if (!chunk || chunk->buffer == buffer || sizeOf(schedule, buffer) == 0) return false;
  *chunk = {buffer, chunk->index % sizeOf(schedule, buffer)};
  return true;
}

bool otherKind(Step& step) {
  switch (step.kind) {
    case StepKind::kRecvReduceCopy:
      step.kind = StepKind::kRecv;
      break;
    case StepKind::kRecvReduceCopySend:
      step.kind = StepKind::kRecvCopySend;
      break;
    case StepKind::kReduce:
    case StepKind::kReduceMany:
      step.kind = StepKind::kCopy;
      step.sources.resize(1);
      return true;
    case StepKind::kSend:
    case StepKind::kRecv:
    case StepKind::kCopy:
    case StepKind::kRecvCopySend:
    case StepKind::kRecvReduceSend:
    case StepKind::kAggregate:
    case StepKind::kNop:
      return false;
  }
  step.sources.clear();
  return true;
}

}  // namespace

bool mutate(Schedule& schedule, Mutation mutation, std::mt19937_64& random) {
  RankProgram& program = schedule.ranks[random() % schedule.ranks.size()];
  const auto lane = static_cast<uint32_t>(random() % program.lanes.size());
  std::vector<Step>& steps = program.lanes[lane].steps;
  const auto index = static_cast<uint32_t>(random() % steps.size());
  Step& step = steps[index];
  switch (mutation) {
    case Mutation::kDropStep:
      dropStep(program, lane, index);
      return true;
    case Mutation::kDuplicateStep:
      duplicateStep(program, lane, index);
      return true;
    case Mutation::kSwapOrder:
      if (index + 1 == steps.size()) return false;
      std::swap(steps[index], steps[index + 1]);
      return true;
    case Mutation::kSwapChunk:
      return swapChunk(schedule, step, random);
    case Mutation::kSwapBuffer:
      return swapBuffer(schedule, step, random);
    case Mutation::kDropDependency:
      if (step.after.empty()) return false;
      step.after.erase(step.after.begin() + static_cast<long>(random() % step.after.size()));
      return true;
    case Mutation::kMoveDependency: {
      if (step.after.empty()) return false;
      StepRef& ref = step.after[random() % step.after.size()];
      ref.step = static_cast<uint32_t>(random() % program.lanes[ref.lane].steps.size());
      return true;
    }
    case Mutation::kOtherKind:
      return otherKind(step);
    case Mutation::kSwapSources:
      if (step.sources.size() < 2) return false;
      std::swap(step.sources.front(), step.sources.back());
      return true;
    case Mutation::kOtherPeer: {
      int& peer = random() % 2 == 0 ? program.lanes[lane].sendPeer : program.lanes[lane].recvPeer;
      if (peer < 0) return false;
      peer = static_cast<int>(random() % schedule.ranks.size());
      return true;
    }
  }
  return false;
}

}  // namespace inccl::verify
