// Collectives in which ranks read each other's memory directly (transport/peer_memory.h): one copy.
//
// Whoever has data offers it: a message of its contribution ring with the address. Whoever wants it
// reads, and lets go of the message only then; the owner is done when all have let go, because
// until then its memory is read. So an offer costs a synchronisation back that a slot does not
// need, and pays from some kilobytes on. Those whom an offer does not concern skip it.
//
// Broadcast, all-gather, all-to-all, gather and scatter differ only in who offers, who reads whom,
// and which place (ReadShape); a reduce first reads pieces of all into the root's slots, which
// nobody needs then, and adds in rank order and in one pass.
//
// Implement the schedules `direct` of these collectives.
#pragma once

#include "exec/shared/shared_operation.h"
#include "reduce/reduce.h"
#include "transport/peer_memory.h"

namespace inccl::exec {

// Offers, and what becomes of them.
class ReadOperation : public SharedOperation {
 public:
  ReadOperation(transport::MultiGroup& group, OpTag tag, transport::PeerMemory& memory)
      : SharedOperation(group, tag), memory_(memory) {}
  // Ends before its time when the run failed: the memory goes back to the user.
  ~ReadOperation() override {
    if (offered_ && !returned_) memory_.withdraw();
  }

  [[nodiscard]] uint64_t movements() const final { return moves_; }
  [[nodiscard]] Status failure() const final { return failure_; }

 protected:
  // So that an abort is seen in time.
  static constexpr size_t kMostBytesPerRead = size_t{1} << 20;
  // Whole elements, one piece of every other rank to the slots of a ring.
  [[nodiscard]] static size_t pieceToReduce(const transport::MultiGroupShape& group,
                                            size_t elementBytes);

  // Once; false while no slot is free.
  [[nodiscard]] bool offer(const void* data);
  // True when nobody reads the offer any more.
  [[nodiscard]] bool isReturned();
  // The address that `member` offers.
  [[nodiscard]] Head offerOf(uint32_t member, uint64_t& address);
  // The same of all others, kept in addresses_: kDone when they are there.
  [[nodiscard]] transport::Progress awaitOffers();
  // kDone when the bytes are there.
  [[nodiscard]] transport::Progress read(uint32_t member, uint64_t address, void* to, size_t bytes);
  void letGo(uint32_t member);

  transport::PeerMemory& memory_;
  uint64_t moves_ = 0;
  uint64_t addresses_[transport::kMostGroupMembers];

 private:
  bool offered_ = false, returned_ = false;
  uint32_t nextOffer_ = 0;  // member whose offer is looked for
  Status failure_;
};

// Who reads what.
struct ReadShape {
  static constexpr uint32_t kNobody = ~0u;
  uint32_t onlyOfferer = kNobody;  // kNobody: all offer, but for onlyReader
  uint32_t onlyReader = kNobody;   // kNobody: all read
  size_t offset = 0;               // in every offerer's memory
  size_t bytes = 0;                // from each
  size_t stride = 0;               // from one rank's place in the output to the next one's
};

class SharedRead final : public ReadOperation {
 public:
  SharedRead(transport::MultiGroup& group, OpTag tag, transport::PeerMemory& memory,
             const void* input, void* output, ReadShape shape)
      : ReadOperation(group, tag, memory),
        input_(static_cast<const std::byte*>(input)),
        output_(static_cast<std::byte*>(output)),
        shape_(shape) {}

  [[nodiscard]] transport::Progress step() override;

 private:
  [[nodiscard]] bool offers(uint32_t member) const {
    return shape_.onlyOfferer == ReadShape::kNobody ? member != shape_.onlyReader
                                                    : member == shape_.onlyOfferer;
  }
  [[nodiscard]] bool reads() const {
    return shape_.onlyReader == ReadShape::kNobody || shape_.onlyReader == me();
  }
  void copyOwn() const;
  transport::Progress readAll();
  transport::Progress readPart(uint32_t member);

  const std::byte* input_;
  std::byte* output_;
  ReadShape shape_;
  bool begun_ = false;
  uint32_t visited_ = 0;  // ranks behind this one that have been read or skipped
  size_t done_ = 0;       // bytes of the next one
};

class SharedReadReduce final : public ReadOperation {
 public:
  // `output` counts on the root only and may be input there.
  SharedReadReduce(transport::MultiGroup& group, OpTag tag, transport::PeerMemory& memory,
                   uint32_t root, const void* input, void* output, size_t bytes,
                   size_t elementBytes, reduce::ReduceManyFn reduceMany)
      : ReadOperation(group, tag, memory),
        root_(root),
        input_(static_cast<const std::byte*>(input)),
        output_(static_cast<std::byte*>(output)),
        bytes_(bytes),
        elementBytes_(elementBytes),
        reduceMany_(reduceMany) {}

  [[nodiscard]] transport::Progress step() override;

 private:
  transport::Progress giveToRoot();
  transport::Progress reducePiece();

  uint32_t root_;
  const std::byte* input_;
  std::byte* output_;
  size_t bytes_, elementBytes_;
  reduce::ReduceManyFn reduceMany_;
  bool begun_ = false;
  size_t reduced_ = 0;
};

}  // namespace inccl::exec
