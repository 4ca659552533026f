#include "exec/host_batches.h"

namespace inccl::exec {

using transport::Progress;

Progress HostBatches::step() {
  if (begun_ && !running_) return Progress::kDone;
  if (running_) {
    const uint64_t before = running_->movements();
    const Progress progress = running_->step();
    movements_ += running_->movements() - before;
    if (progress != Progress::kDone) return progress;
    ++movements_;
    if (!exponentsToo_) rest_.take();
  }
  begun_ = true;
  running_.reset();
  if (Status started = next(); !started.ok()) {
    failure_ = std::move(started);
    return Progress::kBroken;
  }
  return running_ ? Progress::kPending : Progress::kDone;
}

// The words of a batch, then its exponents, then the next batch; nothing runs when nothing is left.
Status HostBatches::next() {
  if (!std::exchange(exponentsToo_, false)) {
    if (!rest_.next()) return {};
    // A barrier has no words, but all must have come.
    if (rest_.words().empty() && rest_.exponents().empty()) rest_.words().resize(1);
    exponentsToo_ = !rest_.exponents().empty();
    if (!rest_.words().empty()) {
      INCCL_TRY_ASSIGN(running_, hosts_.allReduce(rest_.words().data(), rest_.words().size(),
                                                  rest_.type(), rest_.op()));
      return {};
    }
    exponentsToo_ = false;
  }
  INCCL_TRY_ASSIGN(running_, hosts_.allReduce(rest_.exponents().data(), rest_.exponents().size(),
                                              DataType::kInt16, RedOp::kMax));
  return {};
}

Status HostBatches::failure() const {
  return failure_.ok() && running_ ? running_->failure() : failure_;
}

}  // namespace inccl::exec
