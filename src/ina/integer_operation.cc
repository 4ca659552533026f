#include "ina/integer_operation.h"

#include <algorithm>
#include <cstring>

#include "ina/op_tag.h"

namespace inccl::ina {
namespace {

using wire::LaneOp;
using wire::LaneType;

constexpr size_t kWord = 4;
LaneOp laneOp(const OpSignature& signature) {
  if (!reduces(signature.collective)) return LaneOp::kNone;
  switch (signature.op) {
    case RedOp::kMin:
      return LaneOp::kMin;
    case RedOp::kMax:
      return LaneOp::kMax;
    case RedOp::kBitAnd:
      return LaneOp::kAnd;
    case RedOp::kBitOr:
      return LaneOp::kOr;
    case RedOp::kBitXor:
      return LaneOp::kXor;
    default:
      return LaneOp::kSum;
  }
}

bool isIntegerOp(RedOp op) {
  return op == RedOp::kSum || op == RedOp::kAvg || op == RedOp::kPreMulSum || op == RedOp::kMin ||
         op == RedOp::kMax || op == RedOp::kBitAnd || op == RedOp::kBitOr || op == RedOp::kBitXor;
}

size_t blocksOf(const IntegerCall& call) {
  const Collective collective = call.signature.collective;
  return collective == Collective::kAllGather || collective == Collective::kReduceScatter
             ? static_cast<size_t>(call.rankCount)
             : 1;
}

// A barrier is one chunk of nothing.
uint64_t chunksOf(const IntegerCall& call, size_t blockBytes, size_t payloadBytes) {
  if (call.signature.collective == Collective::kBarrier) return 1;
  return (blockBytes + payloadBytes - 1) / payloadBytes;
}

}  // namespace

std::string_view IntegerOperation::whyNot(const OpSignature& signature) {
  switch (signature.collective) {
    case Collective::kBarrier:
    case Collective::kBroadcast:
    case Collective::kAllGather:
      return {};
    case Collective::kAllReduce:
    case Collective::kReduce:
    case Collective::kReduceScatter:
      break;
    default:
      return "a switch adds nothing up in it, nor replicates";
  }
  if (signature.type != DataType::kInt32 && signature.type != DataType::kUint32)
    return "its type is not a 32-bit integer";
  return isIntegerOp(signature.op) ? std::string_view() : "a switch has no such operation";
}

IntegerOperation::IntegerOperation(const IntegerCall& call, size_t payloadBytes)
    : call_(call),
      payloadBytes_(payloadBytes),
      blockBytes_(call.signature.count * sizeOf(call.signature.type)),
      blocks_(blocksOf(call)),
      chunksOfBlock_(chunksOf(call, blockBytes_, payloadBytes)),
      type_(call.signature.type == DataType::kInt32 ? LaneType::kInt32 : LaneType::kUint32),
      op_(laneOp(call.signature)),
      opTag_(opTagOf(call.tag, call.rankCount)) {
  keepOwn();
}

void IntegerOperation::keepOwn() {
  if (op_ != LaneOp::kNone) return;
  for (size_t block = 0; block < blocks_; ++block) {
    const std::byte* const from = giveFrom(block);
    if (from == nullptr || from == takeTo(block) || blockBytes_ == 0) continue;
    std::memcpy(takeTo(block), from, blockBytes_);
  }
}

IntegerOperation::Part IntegerOperation::part(uint64_t chunk) const {
  Part part;
  part.block = static_cast<size_t>(chunk / chunksOfBlock_);
  part.offset = static_cast<size_t>(chunk % chunksOfBlock_) * payloadBytes_;
  part.bytes = std::min(payloadBytes_, blockBytes_ - std::min(blockBytes_, part.offset));
  return part;
}

const std::byte* IntegerOperation::giveFrom(size_t block) const {
  const auto* const send = static_cast<const std::byte*>(call_.send);
  switch (call_.signature.collective) {
    case Collective::kBroadcast:
      return call_.rank == call_.signature.root ? send : nullptr;
    case Collective::kAllGather:
      return static_cast<size_t>(call_.rank) == block ? send : nullptr;
    case Collective::kReduceScatter:
      return send + block * blockBytes_;
    default:
      return send;
  }
}

std::byte* IntegerOperation::takeTo(size_t block) const {
  auto* const recv = static_cast<std::byte*>(call_.recv);
  switch (call_.signature.collective) {
    case Collective::kReduce:
      return call_.rank == call_.signature.root ? recv : nullptr;
    case Collective::kAllGather:
      return recv + block * blockBytes_;
    case Collective::kReduceScatter:
      return static_cast<size_t>(call_.rank) == block ? recv : nullptr;
    default:
      return recv;
  }
}

ChunkShape IntegerOperation::shape(uint64_t chunk) const {
  ChunkShape shape;
  const Part part = this->part(chunk);
  if (part.bytes == 0) {  // a barrier's
    shape.gives = shape.wants = false;
    return shape;
  }
  shape.type = type_;
  shape.op = op_;
  shape.elements = static_cast<uint16_t>((part.bytes + kWord - 1) / kWord);
  shape.gives = giveFrom(part.block) != nullptr;
  shape.wants = takeTo(part.block) != nullptr && !(op_ == LaneOp::kNone && shape.gives);
  return shape;
}

std::span<const std::byte> IntegerOperation::payload(uint64_t chunk) {
  const Part part = this->part(chunk);
  const std::byte* const data = giveFrom(part.block) + part.offset;
  if (part.bytes % kWord == 0) return {data, part.bytes};
  const size_t words = (part.bytes + kWord - 1) / kWord;
  std::memset(padded_.data(), 0, words * kWord);
  std::memcpy(padded_.data(), data, part.bytes);
  return {padded_.data(), words * kWord};
}

void IntegerOperation::take(uint64_t chunk, std::span<const std::byte> sum,
                            std::span<const std::byte> /*exponents*/) {
  if (sum.empty()) return;
  const Part part = this->part(chunk);
  std::memcpy(takeTo(part.block) + part.offset, sum.data(), part.bytes);
}

}  // namespace inccl::ina
