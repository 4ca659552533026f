#include "transport/multi_group.h"

#include "os/shared_memory.h"

namespace inccl::transport {
namespace {

// From one cell to the next: the flag's line, then room for a payload that does not fit in it.
size_t cellStrideOf(const MultiGroupShape& shape) {
  return os::roundUpTo(64 + shape.cellBytes, 64);
}

SlotRingShape ringShapeOf(const MultiGroupShape& shape) {
  return {shape.slotBytes, shape.slotCount, shape.memberCount > 1 ? shape.memberCount - 1 : 0};
}

// Where a board's parts begin.
struct BoardLayout {
  explicit BoardLayout(const MultiGroupShape& shape)
      : contribution(os::roundUpTo(128 + 2 * cellStrideOf(shape), os::kPageBytes)),
        result(os::roundUpTo(contribution + ringShapeOf(shape).totalBytes(), os::kPageBytes)),
        end(os::roundUpTo(result + ringShapeOf(shape).totalBytes(), os::kPageBytes)) {}
  size_t contribution, result, end;
};

// Readers of `writer`'s rings are all others, in order.
uint32_t readerNumber(uint32_t reader, uint32_t writer) {
  return reader < writer ? reader : reader - 1;
}

}  // namespace

size_t MultiGroupShape::boardBytes() const { return BoardLayout(*this).end; }

MultiGroup::MultiGroup(std::byte* memory, MultiGroupShape shape, uint32_t me)
    : memory_(memory),
      shape_(shape),
      me_(me),
      boardBytes_(shape.boardBytes()),
      cellStride_(cellStrideOf(shape)),
      lastExchangeTags_(2 * size_t{shape.memberCount}) {
  const BoardLayout layout(shape);
  const SlotRingShape ring = ringShapeOf(shape);
  contributionWriter_ = SlotWriter(board(me) + layout.contribution, ring);
  resultWriter_ = SlotWriter(board(me) + layout.result, ring);
  for (uint32_t member = 0; member < shape.memberCount; ++member) {
    const uint32_t reader = member == me ? 0 : readerNumber(me, member);
    contributionReaders_.emplace_back(board(member) + layout.contribution, ring, reader);
    resultReaders_.emplace_back(board(member) + layout.result, ring, reader);
  }
}

}  // namespace inccl::transport
