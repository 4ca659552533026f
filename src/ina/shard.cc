#include "ina/shard.h"

namespace inccl::ina {

Result<bool> Shard::poll(Nanos now) {
  INCCL_TRY_ASSIGN(const size_t arrived, receive(now));
  window_.onTime(now);
  INCCL_TRY_ASSIGN(const size_t left, send(now));
  return arrived + left > 0;
}

Result<size_t> Shard::receive(Nanos now) {
  INCCL_TRY_ASSIGN(const size_t count, port_.receive(arrived_));
  for (size_t i = 0; i < count; ++i) {
    if (!(arrived_[i].from == switch_)) {
      ++strangers_;
      continue;
    }
    const auto packet = wire::decodePacket(arrived_[i].bytes);
    if (const auto* const view = std::get_if<wire::PacketView>(&packet))
      window_.onPacket(*view, now);
    else
      ++broken_;
  }
  return count;
}

// Payloads that lie in one buffer of the operation's are sent one at a time.
Result<size_t> Shard::send(Nanos now) {
  size_t all = 0;
  for (;;) {
    const size_t count = window_.outgoing(leaving_);
    if (count == 0) return all;
    for (size_t i = 0; i < count; ++i) leaving_[i].to = switch_;
    INCCL_TRY_ASSIGN(const size_t taken, port_.send({leaving_.data(), count}));
    window_.sent(taken, now);
    all += taken;
    if (taken < count) return all;
  }
}

}  // namespace inccl::ina
