#include "comm/lane_plan.h"

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

LanePlan::LanePlan(exec::CompiledProgram program, size_t messageBytes)
    : program_(std::make_shared<const exec::CompiledProgram>(std::move(program))),
      messageBytes_(messageBytes) {}

Result<std::unique_ptr<LanePlan>> LanePlan::make(Collective collective, algo::Algorithm algorithm,
                                                 int rankCount, int rank, int root,
                                                 size_t messageBytes) {
  INCCL_TRY_ASSIGN(const auto schedule, algo::generate(algorithm, collective, rankCount, root));
  INCCL_TRY_ASSIGN(auto program, exec::CompiledProgram::compile(schedule, rank));
  return std::unique_ptr<LanePlan>(new LanePlan(std::move(program), messageBytes));
}

Status LanePlan::bind(std::vector<transport::SendChannel*> sends,
                      std::vector<transport::RecvChannel*> receives) {
  const size_t scratchBytes = std::max<size_t>(program_->scratchBytes(messageBytes_), 64);
  scratch_.reset(static_cast<std::byte*>(::operator new(scratchBytes, kScratchAlignment)));
  INCCL_TRY_ASSIGN(operation_, exec::LanesOperation::create(program_, std::move(sends),
                                                            std::move(receives), messageBytes_));
  return {};
}

Status LanePlan::begin(const Call& call, OpTag tag) {
  exec::LanesCall lanes;
  // Where only the root has an input, or an output, the others' programs do not look at theirs.
  lanes.input = call.send ? call.send : call.recv;
  lanes.output = call.recv ? call.recv : const_cast<void*>(call.send);
  lanes.scratch = {scratch_.get(), std::max<size_t>(program_->scratchBytes(messageBytes_), 64)};
  lanes.count = call.signature.count;
  lanes.elementBytes = sizeOf(call.signature.type);
  lanes.kernels = reduce::find(call.signature.type, call.signature.op);
  lanes.tag = tag;
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
