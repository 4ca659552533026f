#include "comm/lane_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "reduce/reduce.h"

namespace inccl::comm {
namespace {

constexpr std::align_val_t kScratchAlignment{64};

}  // namespace

void LanePlan::FreeScratch::operator()(std::byte* memory) const {
  ::operator delete(memory, kScratchAlignment);
}

LanePlan::LanePlan(exec::CompiledProgram program, const Limits& limits, size_t inputBlocks,
                   size_t outputBlocks)
    : program_(std::make_shared<const exec::CompiledProgram>(std::move(program))),
      limits_(limits),
      inputBlocks_(inputBlocks),
      outputBlocks_(outputBlocks) {}

Result<std::unique_ptr<LanePlan>> LanePlan::make(const schedule::Schedule& schedule, int rank,
                                                 const Limits& limits,
                                                 schedule::BlockLengths lengths) {
  INCCL_TRY_ASSIGN(auto program, exec::CompiledProgram::compile(schedule, rank, lengths));
  if (const size_t bytes = program.scratchBytes(limits.messageBytes); bytes > limits.scratchBytes) {
    return invalidUsage(
        fmt::format("the plan {} needs {} bytes of scratch memory, INCCL_BUFFSIZE allows {}",
                    schedule.name, bytes, limits.scratchBytes));
  }
  const size_t block = schedule::blockChunks(schedule);
  return std::unique_ptr<LanePlan>(new LanePlan(
      std::move(program), limits, schedule.inputChunks / block, schedule.outputChunks / block));
}

Status LanePlan::bind(std::vector<transport::SendChannel*> sends,
                      std::vector<transport::RecvChannel*> receives) {
  const size_t scratchBytes = std::max<size_t>(program_->scratchBytes(limits_.messageBytes), 64);
  scratch_.reset(static_cast<std::byte*>(::operator new(scratchBytes, kScratchAlignment)));
  INCCL_TRY_ASSIGN(operation_,
                   exec::LanesOperation::create(program_, std::move(sends), std::move(receives),
                                                limits_.messageBytes));
  return {};
}

const void* LanePlan::inputOutsideOfOutput(const Call& call) {
  const auto* const input = static_cast<const std::byte*>(call.send);
  const auto* const output = static_cast<const std::byte*>(call.recv);
  const size_t inputBytes = inputBlocks_ * call.bytes();
  const bool apart = input == nullptr || output == nullptr || input + inputBytes <= output ||
                     output + outputBlocks_ * call.bytes() <= input;
  if (limits_.inPlace || apart) return call.send;
  inputCopy_.assign(input, input + inputBytes);
  return inputCopy_.data();
}

Status LanePlan::begin(const Call& call, OpTag tag) {
  exec::LanesCall lanes;
  // Where only the root has an input, or an output, the others' programs do not look at theirs.
  const void* const input = inputOutsideOfOutput(call);
  lanes.input = input ? input : call.recv;
  lanes.output = call.recv ? call.recv : const_cast<void*>(call.send);
  lanes.scratch = {scratch_.get(),
                   std::max<size_t>(program_->scratchBytes(limits_.messageBytes), 64)};
  lanes.count = call.signature.count;
  lanes.elementBytes = sizeOf(call.signature.type);
  lanes.kernels = reduce::find(call.signature.type, call.signature.op);
  lanes.tag = tag;
  lanes.blocks = call.blocks;
  return operation_->begin(lanes);
}

transport::Progress LaneRun::step() {
  if (!begun_) {
    failure_ = plan_.begin(call_, tag_);
    if (!failure_.ok()) return transport::Progress::kBroken;
    begun_ = true;
  }
  return plan_.operation().step();
}

}  // namespace inccl::comm
