// Reduce-scatter and all-to-all over boards: everybody publishes the blocks that are for others,
// everybody takes its own block of each.
//
// The blocks go in pieces: a slot of the contribution ring holds the same piece of all n-1 foreign
// blocks, one behind the other, so that one message serves all readers and each of them reads its
// part of it. A piece is posted before the previous one is taken, so that in step nobody waits;
// `lookahead` bounds how far one goes ahead (and is larger where ranks share cores: fewer
// switches).
//
// A reduce-scatter reduces a piece when it is there of all, in rank order and in one pass, so that
// its bits are those of an all-reduce. In place works since the own block, the only one that is
// written, is posted to nobody.
//
// Implement the schedules `direct` of reduce_scatter and alltoall.
#pragma once

#include "exec/shared/shared_operation.h"
#include "reduce/reduce.h"

namespace inccl::exec {

// How blocks are cut.
struct BlockShape {
  size_t pieceBytes = 0;   // of each block; the last may be shorter
  uint32_t lookahead = 2;  // pieces posted before the oldest is taken

  // Whole elements, n-1 pieces to a slot.
  static BlockShape forBlocks(size_t blockBytes, size_t elementBytes,
                              const transport::MultiGroupShape& group, bool oversubscribed);
};

class SharedBlocks : public SharedOperation {
 public:
  // `input` has a block of `blockBytes` for each rank.
  SharedBlocks(transport::MultiGroup& group, OpTag tag, const void* input, size_t blockBytes,
               BlockShape shape)
      : SharedOperation(group, tag),
        input_(static_cast<const std::byte*>(input)),
        blockBytes_(blockBytes),
        shape_(shape) {}

  [[nodiscard]] transport::Progress step() final;
  [[nodiscard]] uint64_t movements() const final { return posted_ + taken_; }

 protected:
  // Takes the piece that begins at taken() of every rank, if all are there.
  virtual transport::Progress take() = 0;

  [[nodiscard]] size_t taken() const { return taken_; }
  [[nodiscard]] size_t pieceAt(size_t offset) const {
    return blockBytes_ - offset < shape_.pieceBytes ? blockBytes_ - offset : shape_.pieceBytes;
  }
  [[nodiscard]] const std::byte* ownBlock() const { return input_ + blockBytes_ * me(); }
  [[nodiscard]] size_t blockBytes() const { return blockBytes_; }
  // This rank's piece in a message of `member`.
  [[nodiscard]] const std::byte* minePart(const transport::SlotView& view, uint32_t member) const {
    return view.data + pieceAt(taken_) * (me() < member ? me() : me() - 1);
  }

  uint32_t next_ = 0;  // member whose piece is looked for

 private:
  bool post();

  const std::byte* input_;
  size_t blockBytes_;
  BlockShape shape_;
  size_t posted_ = 0, taken_ = 0;  // bytes of each block
};

class SharedReduceScatter final : public SharedBlocks {
 public:
  // `output` may be this rank's block of input.
  SharedReduceScatter(transport::MultiGroup& group, OpTag tag, const void* input, void* output,
                      size_t blockBytes, size_t elementBytes, reduce::ReduceManyFn reduceMany,
                      BlockShape shape)
      : SharedBlocks(group, tag, input, blockBytes, shape),
        output_(static_cast<std::byte*>(output)),
        elementBytes_(elementBytes),
        reduceMany_(reduceMany) {}

 private:
  transport::Progress take() override;

  std::byte* output_;
  size_t elementBytes_;
  reduce::ReduceManyFn reduceMany_;
  const void* sources_[transport::kMostGroupMembers];
};

class SharedAllToAll final : public SharedBlocks {
 public:
  SharedAllToAll(transport::MultiGroup& group, OpTag tag, const void* input, void* output,
                 size_t blockBytes, BlockShape shape)
      : SharedBlocks(group, tag, input, blockBytes, shape),
        output_(static_cast<std::byte*>(output)) {}

 private:
  transport::Progress take() override;

  std::byte* output_;
};

}  // namespace inccl::exec
