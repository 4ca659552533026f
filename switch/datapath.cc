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

// Nothing is kept for later, also where the port fails: it would be in the way of what follows.
Status Datapath::flush() {
  const auto batch = egress_.batch();
  auto sent = port_.send(batch);
  lostForRoom_ += batch.size() - (sent.ok() ? sent.value() : 0);
  egress_.clear();
  return sent.ok() ? Status() : std::move(sent).status();
}

}  // namespace inccl::emulator
