// Broadcast and all-gather over boards: some ranks publish their vector, all the others copy it.
//
// The vector goes through the publisher's contribution ring in pieces of one slot; readers copy
// each piece out and let it go. A broadcast has one publisher, which is done as soon as its last
// piece is in a slot (it waits for slots, never for the readers' end); in an all-gather everybody
// publishes and reads.
//
// Implement the schedules `direct` of broadcast and all_gather.
#pragma once

#include "exec/shared/shared_operation.h"

namespace inccl::exec {

class SharedBroadcast final : public SharedOperation {
 public:
  // On the root `input` is read (and copied to output unless they are one); elsewhere only output.
  SharedBroadcast(transport::MultiGroup& group, OpTag tag, uint32_t root, const void* input,
                  void* output, size_t bytes);
  [[nodiscard]] transport::Progress step() override;
  [[nodiscard]] uint64_t movements() const override { return done_; }

 private:
  uint32_t root_;
  const std::byte* input_;
  std::byte* output_;
  size_t bytes_, done_ = 0;
};

class SharedAllGather final : public SharedOperation {
 public:
  // `bytes` from each rank; block r of output is rank r's.
  SharedAllGather(transport::MultiGroup& group, OpTag tag, const void* input, void* output,
                  size_t bytes);
  [[nodiscard]] transport::Progress step() override;
  [[nodiscard]] uint64_t movements() const override { return moves_; }

 private:
  const std::byte* input_;
  std::byte* output_;
  size_t bytes_, published_ = 0;
  uint64_t moves_ = 0;
  uint32_t unfinished_;
  size_t read_[transport::kMostGroupMembers] = {};
};

}  // namespace inccl::exec
