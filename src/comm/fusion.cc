#include "comm/fusion.h"

#include <cstring>

#include "base/hash.h"

namespace inccl::comm {
namespace {

// Averages and pre-multiplied sums have work of their own before and after.
bool mayJoin(const Call& call) {
  return call.signature.collective == Collective::kAllReduce && call.settings == nullptr &&
         call.switchWish == Call::SwitchWish::kUnsaid && call.signature.op != RedOp::kAvg &&
         call.signature.op != RedOp::kPreMulSum && call.bytes() <= FusedCalls::kMostBytesOfCall;
}

}  // namespace

size_t FusedCalls::countOf(std::span<const Call* const> calls) {
  const OpSignature& first = calls[0]->signature;
  size_t count = 0, bytes = 0;
  for (const Call* const call : calls) {
    bytes += call->bytes();
    if (!mayJoin(*call) || call->signature.type != first.type || call->signature.op != first.op ||
        bytes > kMostBytes)
      break;
    ++count;
  }
  return count > 1 ? count : 1;
}

FusedCalls::FusedCalls(std::span<const Call* const> parts, std::byte* room)
    : room_(room), call_(*parts[0]) {
  uint64_t counts = 0;
  call_.signature.count = 0;
  for (const Call* const part : parts) {
    parts_.push_back({part->send, part->recv, part->bytes()});
    call_.signature.count += part->signature.count;
    counts = mixHash(counts, part->signature.count);
  }
  call_.agreement ^= static_cast<uint32_t>(counts);
  call_.send = call_.recv = room_;
}

void FusedCalls::pack() const {
  std::byte* place = room_;
  for (const Part& part : parts_) {
    if (part.bytes > 0) std::memcpy(place, part.input, part.bytes);
    place += part.bytes;
  }
}

void FusedCalls::unpack() const {
  const std::byte* place = room_;
  for (const Part& part : parts_) {
    if (part.bytes > 0) std::memcpy(part.output, place, part.bytes);
    place += part.bytes;
  }
}

}  // namespace inccl::comm
