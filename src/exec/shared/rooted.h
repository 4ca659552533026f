// Reduce, gather and scatter over boards: data flows to the root, or from it.
//
// To the root: every other rank publishes its vector in its contribution ring and is done as soon
// as the last piece is in a slot; the root alone looks. From the root: it publishes the blocks of
// the others, a message each, and everyone takes its own. Rings have all others for readers, so
// those whom a message does not concern skip it, unseen and ahead of time (SlotReader::skip): how
// many messages there will be, everybody computes alike.
//
// A reduce takes a piece when it is there of all, in rank order and in one pass. In place works
// since the root publishes nothing in a reduce, and in the others nobody writes what is read.
//
// Implement the schedules `direct` of reduce, gather and scatter.
#pragma once

#include "exec/shared/shared_operation.h"
#include "reduce/reduce.h"

namespace inccl::exec {

// What reduce and gather have in common: the publishers' side, and the messages that are skipped.
class ToRoot : public SharedOperation {
 public:
  ToRoot(transport::MultiGroup& group, OpTag tag, uint32_t root, const void* input, size_t bytes,
         size_t pieceBytes)
      : SharedOperation(group, tag),
        root_(root),
        pieceBytes_(pieceBytes),
        input_(static_cast<const std::byte*>(input)),
        bytes_(bytes) {}

  [[nodiscard]] transport::Progress step() final;
  [[nodiscard]] uint64_t movements() const final { return moves_; }

 protected:
  // On the root: takes what is there, about `enough` bytes of it.
  virtual transport::Progress take(size_t enough) = 0;
  [[nodiscard]] size_t pieceAt(size_t offset) const {
    return bytes_ - offset < pieceBytes_ ? bytes_ - offset : pieceBytes_;
  }
  [[nodiscard]] const std::byte* input() const { return input_; }
  [[nodiscard]] size_t bytes() const { return bytes_; }

  uint64_t moves_ = 0;

 private:
  transport::Progress publish();
  void skipOthers();

  uint32_t root_;
  size_t pieceBytes_;
  const std::byte* input_;
  size_t bytes_, published_ = 0;
  bool skipped_ = false;
};

class SharedReduce final : public ToRoot {
 public:
  // `output` counts on the root only and may be input there. Pieces hold whole elements.
  SharedReduce(transport::MultiGroup& group, OpTag tag, uint32_t root, const void* input,
               void* output, size_t bytes, size_t elementBytes, reduce::ReduceManyFn reduceMany,
               size_t pieceBytes)
      : ToRoot(group, tag, root, input, bytes, pieceBytes),
        output_(static_cast<std::byte*>(output)),
        elementBytes_(elementBytes),
        reduceMany_(reduceMany) {}

 private:
  transport::Progress take(size_t enough) override;

  std::byte* output_;
  size_t elementBytes_;
  reduce::ReduceManyFn reduceMany_;
  size_t reduced_ = 0;
  uint32_t next_ = 0;  // member whose piece is looked for
  const void* sources_[transport::kMostGroupMembers];
};

class SharedGather final : public ToRoot {
 public:
  // `output`, on the root, has a block of `bytes` for each rank; the root's may be its input.
  SharedGather(transport::MultiGroup& group, OpTag tag, uint32_t root, const void* input,
               void* output, size_t bytes, size_t pieceBytes)
      : ToRoot(group, tag, root, input, bytes, pieceBytes),
        output_(static_cast<std::byte*>(output)),
        unfinished_(group.memberCount() - 1) {}

 private:
  transport::Progress take(size_t enough) override;

  std::byte* output_;
  uint32_t unfinished_;
  bool ownCopied_ = false;
  size_t read_[transport::kMostGroupMembers] = {};
};

class SharedScatter final : public SharedOperation {
 public:
  // `input`, on the root, has a block of `bytes` for each rank; the root's output may be its own.
  SharedScatter(transport::MultiGroup& group, OpTag tag, uint32_t root, const void* input,
                void* output, size_t bytes, size_t pieceBytes)
      : SharedOperation(group, tag),
        root_(root),
        pieceBytes_(pieceBytes),
        input_(static_cast<const std::byte*>(input)),
        output_(static_cast<std::byte*>(output)),
        bytes_(bytes) {}

  [[nodiscard]] transport::Progress step() override;
  [[nodiscard]] uint64_t movements() const override { return moves_; }

 private:
  [[nodiscard]] size_t pieceAt(size_t offset) const {
    return bytes_ - offset < pieceBytes_ ? bytes_ - offset : pieceBytes_;
  }
  // Messages of a piece that come before, and after, that of this rank.
  [[nodiscard]] uint32_t placeOf(uint32_t member) const {
    return member < root_ ? member : member - 1;
  }
  bool publish();
  transport::Progress take();

  uint32_t root_;
  size_t pieceBytes_;
  const std::byte* input_;
  std::byte* output_;
  size_t bytes_, done_ = 0;
  uint32_t next_ = 0;  // member whose block is published next
  uint64_t moves_ = 0;
  bool aligned_ = false;
};

}  // namespace inccl::exec
