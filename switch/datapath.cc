#include "switch/datapath.h"

namespace inccl::emulator {

Result<size_t> Datapath::poll() {
  INCCL_TRY_ASSIGN(const size_t count, port_.receive(arrived_));
  for (size_t i = 0; i < count; ++i) {
    if (!egress_.hasRoom()) INCCL_TRY(flush());
    program_.process(arrived_[i], egress_);
  }
  INCCL_TRY(flush());
  return count;
}

Status Datapath::flush() {
  const auto batch = egress_.batch();
  INCCL_TRY_ASSIGN(const size_t taken, port_.send(batch));
  lostForRoom_ += batch.size() - taken;
  egress_.clear();
  return {};
}

}  // namespace inccl::emulator
