// send and recv: one message of any size between two ranks, as channel messages of at most a slot.
//
// Both sides cut alike: full slots and a rest; an empty message is one empty slot, so that a
// missing partner or another count is noticed even then. All slots of a message carry its tag,
// which counts per pair and direction and holds count and type.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "exec/operation.h"

namespace inccl::exec {

class MessageOperation : public Operation {
 public:
  [[nodiscard]] uint64_t movements() const final { return done_; }
  [[nodiscard]] int blamedRank() const final { return peer_; }
  [[nodiscard]] int awaitedRank() const final { return peer_; }

 protected:
  MessageOperation(int peer, OpTag tag, size_t bytes) : peer_(peer), tag_(tag), bytes_(bytes) {}
  [[nodiscard]] size_t nextPiece(size_t slotBytes) const {
    return bytes_ - done_ < slotBytes ? bytes_ - done_ : slotBytes;
  }
  // Counts a piece that went; true when it was the last.
  bool advance(size_t piece) {
    done_ += piece;
    return done_ == bytes_;
  }

  int peer_;
  OpTag tag_;
  size_t bytes_;
  size_t done_ = 0;
};

class SendOperation final : public MessageOperation {
 public:
  SendOperation(transport::SendChannel& channel, int peer, OpTag tag, const void* data,
                size_t bytes)
      : MessageOperation(peer, tag, bytes),
        channel_(channel),
        data_(static_cast<const std::byte*>(data)) {}
  [[nodiscard]] transport::Progress step() override;
  [[nodiscard]] Status failure() const override { return channel_.failure(); }
  void addWaitHandles(std::vector<transport::WaitHandle>& handles) const override {
    handles.push_back(channel_.waitHandle());
  }

 private:
  transport::SendChannel& channel_;
  const std::byte* data_;
  bool sent_ = false;
};

class RecvOperation final : public MessageOperation {
 public:
  RecvOperation(transport::RecvChannel& channel, int peer, OpTag tag, void* data, size_t bytes)
      : MessageOperation(peer, tag, bytes),
        channel_(channel),
        data_(static_cast<std::byte*>(data)) {}
  [[nodiscard]] transport::Progress step() override;
  [[nodiscard]] Status failure() const override { return channel_.failure(); }
  void addWaitHandles(std::vector<transport::WaitHandle>& handles) const override {
    handles.push_back(channel_.waitHandle());
  }

 private:
  transport::RecvChannel& channel_;
  std::byte* data_;
};

// A message from whichever peer has one first. The channels of all peers are looked at in turn;
// once one has a message, it is received as any other, and counts among the messages of its pair.
class RecvAnyOperation final : public Operation {
 public:
  struct Source {
    transport::RecvChannel* channel = nullptr;
    int peer = -1;
    uint32_t* received = nullptr;  // messages of this pair so far
  };
  // `source` gets the peer's rank when the message is there. `sources` outlive the operation.
  RecvAnyOperation(std::span<const Source> sources, uint32_t digest, void* data, size_t bytes,
                   int* source)
      : sources_(sources), digest_(digest), data_(data), bytes_(bytes), source_(source) {}

  [[nodiscard]] transport::Progress step() override;
  [[nodiscard]] uint64_t movements() const override { return chosen_ ? chosen_->movements() : 0; }
  [[nodiscard]] int blamedRank() const override { return chosen_ ? chosen_->blamedRank() : -1; }
  [[nodiscard]] int awaitedRank() const override { return chosen_ ? chosen_->awaitedRank() : -1; }
  [[nodiscard]] Status failure() const override;
  void addWaitHandles(std::vector<transport::WaitHandle>& handles) const override;

 private:
  // False while nobody has a message.
  bool choose();

  std::span<const Source> sources_;
  uint32_t digest_;
  void* data_;
  size_t bytes_;
  int* source_;
  std::optional<RecvOperation> chosen_;
};

}  // namespace inccl::exec
