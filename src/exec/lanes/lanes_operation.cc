#include "exec/lanes/lanes_operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace inccl::exec {

using schedule::Buffer;
using schedule::StepKind;
using schedule::StepRef;
using transport::Progress;
using transport::RecvChannel;
using transport::SendChannel;

namespace {

constexpr uint32_t kFewestSlots = 2;
// An empty message counts as work too, or a program of many would never return.
constexpr size_t kBytesOfAnEmptyStep = 256;

}  // namespace

// ---- Set-up ---------------------------------------------------------------------------------

Result<std::unique_ptr<LanesOperation>> LanesOperation::create(
    std::shared_ptr<const CompiledProgram> program, std::vector<SendChannel*> sendChannels,
    std::vector<RecvChannel*> recvChannels, size_t messageBytes) {
  std::unique_ptr<LanesOperation> operation(new LanesOperation(
      std::move(program), std::move(sendChannels), std::move(recvChannels), messageBytes));
  INCCL_TRY(operation->checkChannels());
  return operation;
}

LanesOperation::LanesOperation(std::shared_ptr<const CompiledProgram> program,
                               std::vector<SendChannel*> sendChannels,
                               std::vector<RecvChannel*> recvChannels, size_t messageBytes)
    : program_(std::move(program)),
      sendChannels_(std::move(sendChannels)),
      recvChannels_(std::move(recvChannels)),
      messageBytes_(messageBytes),
      blockSlicings_(program_->blockCount()),
      blockPlaces_(program_->blockCount() > 0 ? program_->blockCount() + 1 : 0),
      lanes_(program_->lanes().size()),
      sourcePointers_(program_->mostSources()),
      unflushed_(sendChannels_.size(), false) {}

Status LanesOperation::checkChannels() const {
  const auto check = [&](auto* channel, const ChannelKey& key) -> Status {
    if (channel == nullptr)
      return internalError(fmt::format("no channel {} to rank {}", key.channel, key.peer));
    if (channel->slotBytes() < messageBytes_ || channel->slotCount() < kFewestSlots)
      return internalError(fmt::format(
          "channel {} to rank {} has {} slots of {} bytes, needed are {} of {}", key.channel,
          key.peer, channel->slotCount(), channel->slotBytes(), kFewestSlots, messageBytes_));
    return {};
  };
  if (sendChannels_.size() != program_->sendChannels().size() ||
      recvChannels_.size() != program_->recvChannels().size())
    return internalError("the channels given are not those of the program");
  for (size_t i = 0; i < sendChannels_.size(); ++i)
    INCCL_TRY(check(sendChannels_[i], program_->sendChannels()[i]));
  for (size_t i = 0; i < recvChannels_.size(); ++i)
    INCCL_TRY(check(recvChannels_[i], program_->recvChannels()[i]));
  return {};
}

size_t LanesOperation::scratchNeeded(const LanesCall& call, const Slicing& slicing) const {
  const size_t stride = roundToCacheLine(slicing.longestChunk() * call.elementBytes);
  return (slicing.sliceCount() > 1 ? 2 : 1) * stride * program_->scratchChunks();
}

Slicing LanesOperation::sliceCall(const LanesCall& call) const {
  uint64_t longest = program_->blockCount() > 0 ? 0 : call.count;
  for (const ElementRange& block : call.blocks) longest = std::max(longest, block.length);
  return {longest, program_->chunksPerSlice(), call.elementBytes, messageBytes_};
}

Status LanesOperation::checkCall(const LanesCall& call, const Slicing& slicing) const {
  if (call.blocks.size() != program_->blockCount())
    return internalError(fmt::format("{} blocks in a call of a program for {}", call.blocks.size(),
                                     program_->blockCount()));
  if (call.scratch.size() < scratchNeeded(call, slicing))
    return internalError(fmt::format("scratch of {} bytes, needed are {}", call.scratch.size(),
                                     scratchNeeded(call, slicing)));
  if ((program_->reduces() && call.kernels.reduce == nullptr) ||
      (program_->reducesMany() && call.kernels.reduceMany == nullptr))
    return invalidArgument("no kernel for this type and operation");
  return {};
}

void LanesOperation::placeBlocks(const LanesCall& call) {
  for (size_t block = 0; block < call.blocks.size(); ++block) {
    blockSlicings_[block] = slicing_.of(call.blocks[block].length);
    blockPlaces_[block] = call.blocks[block].first;
  }
}

Status LanesOperation::begin(const LanesCall& call) {
  if (call.elementBytes == 0 || call.elementBytes > messageBytes_)
    return internalError(
        fmt::format("elements of {} bytes in messages of {}", call.elementBytes, messageBytes_));
  const Slicing slicing = sliceCall(call);
  INCCL_TRY(checkCall(call, slicing));
  call_ = call;
  call_.blocks = {};  // not ours
  slicing_ = slicing;
  placeBlocks(call);
  scratchStride_ = roundToCacheLine(slicing.longestChunk() * call.elementBytes);
  lanesWithSteps_ = 0;
  for (size_t i = 0; i < lanes_.size(); ++i) {
    const CompiledLane& lane = program_->lanes()[i];
    lanes_[i] = {};
    lanes_[i].lane = &lane;
    lanes_[i].send = lane.sendChannel < 0 ? nullptr : sendChannels_[lane.sendChannel];
    lanes_[i].recv = lane.recvChannel < 0 ? nullptr : recvChannels_[lane.recvChannel];
    if (lane.stepCount == 0)
      lanes_[i].slice = slicing_.sliceCount();
    else
      ++lanesWithSteps_;
  }
  lanesLeft_ = lanesInSlice_[0] = lanesInSlice_[1] = lanesWithSteps_;
  oldestSlice_ = stepsFinished_ = 0;
  verdict_ = Progress::kPending;
  blamedRank_ = failedFlush_ = -1;
  failedLane_ = nullptr;
  return {};
}

// ---- Lanes and slices -----------------------------------------------------------------------

Progress LanesOperation::step() {
  if (verdict_ != Progress::kPending) return verdict_;
  bytesMoved_ = 0;
  for (bool moved = true; moved && lanesLeft_ > 0;) {
    moved = false;
    for (LaneState& lane : lanes_) {
      while (!finished(lane)) {
        const Progress progress = advance(lane);
        if (progress == Progress::kPending) break;
        if (progress != Progress::kDone) return fail(lane, progress);
        moved = true;
        if (bytesMoved_ >= kBytesPerStep) return Progress::kPending;
      }
    }
  }
  const Progress flushed = flushAll();
  if (flushed == Progress::kBroken) return flushed;
  if (lanesLeft_ == 0 && flushed == Progress::kDone) verdict_ = Progress::kDone;
  return verdict_;
}

// Enters the lane's next slice; false while its scratch is still in use.
bool LanesOperation::openSlice(LaneState& lane) {
  if (program_->scratchChunks() > 0 && lane.slice >= oldestSlice_ + 2) return false;
  enterBlock(lane, 0);
  lane.sliceOpen = true;
  return true;
}

// The lane's next step is about this block.
void LanesOperation::enterBlock(LaneState& lane, uint32_t block) const {
  const Slicing& slicing = blockSlicings_.empty() ? slicing_ : blockSlicings_[block];
  lane.block = block;
  lane.firstElement = slicing.firstElement(lane.slice);
  lane.chunks = slicing.chunks(lane.slice);
}

void LanesOperation::closeSlice(LaneState& lane) {
  lane.sliceOpen = false;
  lane.step = 0;
  if (program_->scratchChunks() > 0 && --lanesInSlice_[lane.slice % 2] == 0) {
    // Nobody can be in a later slice of this parity, so the count starts anew for the next one. All
    // lanes end a slice before the next, so slices come to their end in order.
    lanesInSlice_[lane.slice % 2] = lanesWithSteps_;
    oldestSlice_ = lane.slice + 1;
  }
  if (++lane.slice == slicing_.sliceCount()) --lanesLeft_;
}

bool LanesOperation::mayStart(const LaneState& lane, const CompiledStep& step) const {
  for (const StepRef& before : program_->after(step)) {
    const LaneState& other = lanes_[before.lane];
    if (other.finishedSteps <= lane.slice * other.lane->stepCount + before.step) return false;
  }
  return true;
}

// The lane's next step: kDone when it is finished, kPending when it cannot be now.
Progress LanesOperation::advance(LaneState& lane) {
  if (!lane.sliceOpen && !openSlice(lane)) return Progress::kPending;
  const CompiledStep& step = program_->step(lane.lane->firstStep + lane.step);
  if (!mayStart(lane, step)) {
    lane.waiting = Waiting::kForNothing;
    return Progress::kPending;
  }
  if (step.block != lane.block) enterBlock(lane, step.block);
  const ElementRange elements = elementsOf(lane, step);
  const Progress progress = runStep(lane, step, elements);
  if (progress != Progress::kDone) return progress;
  lane.waiting = Waiting::kForNothing;
  lane.destinationDone = false;
  bytesMoved_ += elements.length * call_.elementBytes + kBytesOfAnEmptyStep;
  ++lane.finishedSteps;
  ++stepsFinished_;
  if (++lane.step == lane.lane->stepCount) closeSlice(lane);
  return Progress::kDone;
}

std::byte* LanesOperation::locate(const LaneState& lane, const CompiledChunk& chunk,
                                  uint64_t first) const {
  if (chunk.buffer == Buffer::kScratch) {
    const size_t index = (lane.slice % 2) * program_->scratchChunks() + chunk.block;
    return call_.scratch.data() + index * scratchStride_;
  }
  const uint64_t place =
      blockPlaces_.empty() ? chunk.block * call_.count : blockPlaces_[chunk.block];
  const size_t offset = (place + first) * call_.elementBytes;
  // The verifier has seen that nothing writes to the input.
  void* const base = chunk.buffer == Buffer::kInput ? const_cast<void*>(call_.input) : call_.output;
  return static_cast<std::byte*>(base) + offset;
}

// ---- Steps ----------------------------------------------------------------------------------

Progress LanesOperation::runStep(LaneState& lane, const CompiledStep& step, ElementRange elements) {
  const size_t bytes = elements.length * call_.elementBytes;
  switch (step.kind) {
    case StepKind::kSend:
      return send(lane, locate(lane, step.source, elements.first), bytes);
    case StepKind::kRecv:
      return recv(lane, locate(lane, step.destination, elements.first), bytes);
    case StepKind::kCopy:
      copy(lane, step, elements);
      return Progress::kDone;
    case StepKind::kReduce:
    case StepKind::kReduceMany:
      reduceMany(lane, step, elements);
      return Progress::kDone;
    case StepKind::kRecvReduceCopy:
      return recvReduce(lane, step, locate(lane, step.destination, elements.first), elements);
    case StepKind::kRecvReduceSend:
      return recvReduceSend(lane, step, elements);
    case StepKind::kRecvCopySend:
    case StepKind::kRecvReduceCopySend:
      return recvThenSend(lane, step, elements);
    case StepKind::kAggregate:  // refused when the program was compiled
    case StepKind::kNop:
      return Progress::kDone;
  }
  return Progress::kDone;
}

Progress LanesOperation::send(LaneState& lane, const std::byte* data, size_t bytes) {
  const Progress progress = lane.send->send(data, bytes, call_.tag);
  if (progress == Progress::kDone)
    markUnflushed(lane);
  else
    lane.waiting = Waiting::kForRoom;
  return progress;
}

Progress LanesOperation::recv(LaneState& lane, std::byte* data, size_t bytes) {
  const Progress progress = lane.recv->receive(data, bytes, call_.tag);
  if (progress != Progress::kDone) lane.waiting = Waiting::kForMessage;
  return progress;
}

// Looks at the message at the head; kDone when it is there and ours.
Progress LanesOperation::arrival(LaneState& lane, size_t bytes, const std::byte*& data) {
  const transport::Arrival arrival = lane.recv->arrived();
  lane.waiting = Waiting::kForMessage;
  if (arrival.data == nullptr)
    return lane.recv->failure().ok() ? Progress::kPending : Progress::kBroken;
  if (arrival.tag != call_.tag || arrival.bytes != bytes) return Progress::kMismatch;
  data = arrival.data;
  return Progress::kDone;
}

Progress LanesOperation::recvReduce(LaneState& lane, const CompiledStep& step,
                                    std::byte* destination, ElementRange elements) {
  const std::byte* message = nullptr;
  const Progress progress = arrival(lane, elements.length * call_.elementBytes, message);
  if (progress != Progress::kDone) return progress;
  if (elements.length > 0)
    call_.kernels.reduce(destination, locate(lane, step.source, elements.first), message,
                         elements.length);
  lane.recv->release();
  return Progress::kDone;
}

Progress LanesOperation::recvReduceSend(LaneState& lane, const CompiledStep& step,
                                        ElementRange elements) {
  const std::byte* message = nullptr;
  const Progress progress = arrival(lane, elements.length * call_.elementBytes, message);
  if (progress != Progress::kDone) return progress;
  std::byte* const slot = lane.send->reserve();
  if (slot == nullptr) {
    lane.waiting = Waiting::kForRoom;
    return lane.send->failure().ok() ? Progress::kPending : Progress::kBroken;
  }
  if (elements.length > 0)
    call_.kernels.reduce(slot, locate(lane, step.source, elements.first), message, elements.length);
  lane.send->commit(elements.length * call_.elementBytes, call_.tag);
  lane.recv->release();
  markUnflushed(lane);
  return Progress::kDone;
}

// Into the destination first, then on from there.
Progress LanesOperation::recvThenSend(LaneState& lane, const CompiledStep& step,
                                      ElementRange elements) {
  std::byte* const destination = locate(lane, step.destination, elements.first);
  const size_t bytes = elements.length * call_.elementBytes;
  if (!lane.destinationDone) {
    const Progress progress = step.kind == StepKind::kRecvCopySend
                                  ? recv(lane, destination, bytes)
                                  : recvReduce(lane, step, destination, elements);
    if (progress != Progress::kDone) return progress;
    lane.destinationDone = true;
  }
  return send(lane, destination, bytes);
}

void LanesOperation::copy(const LaneState& lane, const CompiledStep& step,
                          ElementRange elements) const {
  const size_t bytes = elements.length * call_.elementBytes;
  const std::byte* const source = locate(lane, step.source, elements.first);
  std::byte* const destination = locate(lane, step.destination, elements.first);
  if (bytes > 0 && source != destination) std::memcpy(destination, source, bytes);
}

void LanesOperation::reduceMany(const LaneState& lane, const CompiledStep& step,
                                ElementRange elements) {
  if (elements.length == 0) return;
  size_t sources = 0;
  for (const CompiledChunk& source : program_->sources(step))
    sourcePointers_[sources++] = locate(lane, source, elements.first);
  call_.kernels.reduceMany(locate(lane, step.destination, elements.first), sourcePointers_.data(),
                           sources, elements.length);
}

// ---- Channels -------------------------------------------------------------------------------

void LanesOperation::markUnflushed(const LaneState& lane) {
  const auto channel = static_cast<size_t>(lane.lane->sendChannel);
  if (unflushed_[channel]) return;
  unflushed_[channel] = true;
  ++unflushedCount_;
}

// Pushes on what channels hold back: a peer may wait for just that while this rank waits for it.
Progress LanesOperation::flushAll() {
  for (size_t i = 0; unflushedCount_ > 0 && i < sendChannels_.size(); ++i) {
    if (!unflushed_[i]) continue;
    const Progress progress = sendChannels_[i]->flush();
    if (progress == Progress::kBroken) {
      failedFlush_ = static_cast<int>(i);
      blamedRank_ = program_->sendChannels()[i].peer;
      return verdict_ = Progress::kBroken;
    }
    if (progress != Progress::kDone) continue;
    unflushed_[i] = false;
    --unflushedCount_;
  }
  return unflushedCount_ == 0 ? Progress::kDone : Progress::kPending;
}

Progress LanesOperation::fail(const LaneState& lane, Progress verdict) {
  failedLane_ = &lane;
  blamedRank_ = lane.waiting == Waiting::kForRoom ? lane.lane->sendPeer : lane.lane->recvPeer;
  return verdict_ = verdict;
}

Status LanesOperation::failure() const {
  if (failedFlush_ >= 0) return sendChannels_[failedFlush_]->failure();
  if (failedLane_ == nullptr) return {};
  if (verdict_ == Progress::kMismatch)
    return invalidUsage(fmt::format("rank {} sent data of another operation", blamedRank_));
  return failedLane_->waiting == Waiting::kForRoom ? failedLane_->send->failure()
                                                   : failedLane_->recv->failure();
}

int LanesOperation::awaitedRank() const {
  int forRoom = -1;
  for (const LaneState& lane : lanes_) {
    if (finished(lane)) continue;
    if (lane.waiting == Waiting::kForMessage) return lane.lane->recvPeer;
    if (lane.waiting == Waiting::kForRoom) forRoom = lane.lane->sendPeer;
  }
  for (size_t i = 0; forRoom < 0 && i < unflushed_.size(); ++i) {
    if (unflushed_[i]) forRoom = program_->sendChannels()[i].peer;
  }
  return forRoom;
}

void LanesOperation::addWaitHandles(std::vector<transport::WaitHandle>& handles) const {
  for (const LaneState& lane : lanes_) {
    if (finished(lane)) continue;
    if (lane.waiting == Waiting::kForMessage) handles.push_back(lane.recv->waitHandle());
    if (lane.waiting == Waiting::kForRoom) handles.push_back(lane.send->waitHandle());
  }
  for (size_t i = 0; i < unflushed_.size(); ++i) {
    if (unflushed_[i]) handles.push_back(sendChannels_[i]->waitHandle());
  }
}

}  // namespace inccl::exec
