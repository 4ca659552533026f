// The `tiny` kernel: everybody writes one cell, everybody reads all cells. One cache-line hop.
//
// Payload and flag word are written together, at most 56 bytes in one line; the reader polls the
// flag and finds the data beside it. The flag is the operation's tag, so a peer that called
// something else is seen in the very word that is waited for. Every rank reduces all contributions
// itself, in rank order, so results are bitwise equal. Serves all-reduce, all-gather and barrier of
// at most cellBytes; why two cells suffice without acknowledgements stands in multi_group.h.
//
// Implements the schedule `direct` (all pairs, reduceMany in rank order).
#pragma once

#include <cstring>

#include "exec/shared/shared_operation.h"

namespace inccl::exec {

// `Finish` is called once with the payload of every member, in order, and makes the result of them:
// void finish(const void* const* payloads).
template <typename Finish>
class Exchange final : public SharedOperation {
 public:
  // `input` of `bytes` ≤ cellBytes stays unchanged until the operation is done.
  Exchange(transport::MultiGroup& group, OpTag tag, const void* input, size_t bytes, Finish finish)
      : SharedOperation(group, tag), input_(input), bytes_(bytes), finish_(finish) {}

  [[nodiscard]] transport::Progress step() override {
    if (!posted_) post();
    for (; next_ < memberCount(); ++next_) {
      if (next_ == me()) {
        payloads_[next_] = input_;
        continue;
      }
      const transport::ExchangeCell cell = group_.cell(next_, number_);
      const OpTag seen = OpTag::fromWord(cell.flag().load(std::memory_order_acquire));
      if (seen != tag_) return judge(seen);
      group_.lastExchangeTag(next_, number_) = seen;
      payloads_[next_] = cell.payload(bytes_);
    }
    finish_(payloads_);
    return transport::Progress::kDone;
  }

 private:
  // The number counts exchanges as they run: in a group they are made before, and not all alike.
  void post() {
    number_ = group_.nextExchange();
    const transport::ExchangeCell cell = group_.cell(me(), number_);
    if (bytes_ > 0) std::memcpy(cell.payload(bytes_), input_, bytes_);
    cell.flag().store(tag_.word(), std::memory_order_release);
    group_.ringOthers();
    posted_ = true;
  }
  // What the cell held two exchanges ago means that the peer has not come yet; anything else that
  // is not ours means that it came with something else.
  transport::Progress judge(OpTag seen) {
    const int peer = static_cast<int>(next_);
    if (seen == group_.lastExchangeTag(next_, number_)) {
      awaited_ = peer;
      return transport::Progress::kPending;
    }
    blamed_ = peer;
    return transport::Progress::kMismatch;
  }

  const void* input_;
  size_t bytes_;
  uint64_t number_ = 0;
  Finish finish_;
  uint32_t next_ = 0;
  bool posted_ = false;
  const void* payloads_[transport::kMostGroupMembers];
};

}  // namespace inccl::exec
