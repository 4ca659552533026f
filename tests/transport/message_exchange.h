// Messages with known content through a channel, in every mix of the verbs: for
// tests of channels.
//
// Message number k (1, 2 …) of a plan has a length and a content that depend on
// k only, so that a byte out of place, a message too many and one too few are
// all noticed. Sending and receiving are apart, so that one thread may drive
// both ends, or two threads one each.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/clock.h"
#include "transport/transport.h"

namespace inccl::transport::test {

constexpr Nanos kPatience = 60 * kSecond;

inline std::vector<std::byte> content(size_t bytes, uint32_t number) {
  std::vector<std::byte> data(bytes);
  for (size_t i = 0; i < bytes; ++i)
    data[i] = static_cast<std::byte>((i * 131 + number * 7 + (i >> 8) * 3) & 0xff);
  return data;
}

inline OpTag tagOf(uint32_t number) { return {number, number * 2654435761u}; }

// How the ends use the verbs: only the one, only the other, in turn.
enum class Verbs { kCopy, kInPlace, kMixed };

inline bool inPlace(Verbs verbs, size_t index, size_t period) {
  return verbs == Verbs::kInPlace || (verbs == Verbs::kMixed && index / period % 2 == 1);
}

class Sender {
 public:
  Sender(SendChannel& channel, std::vector<size_t> lengths, Verbs verbs)
      : channel_(channel), lengths_(std::move(lengths)), verbs_(verbs) {}

  // Everything that can go now; kDone when all messages went and are flushed.
  Progress step() {
    while (sent_ < lengths_.size()) {
      const auto number = static_cast<uint32_t>(sent_ + 1);
      if (data_.size() != lengths_[sent_] || number != made_)
        data_ = content(lengths_[sent_], number);
      made_ = number;
      const Progress verdict = sendOne(tagOf(number));
      if (verdict != Progress::kDone) return verdict;
      ++sent_;
    }
    return channel_.flush();
  }

 private:
  Progress sendOne(OpTag tag) {
    if (!inPlace(verbs_, sent_, 1)) return channel_.send(data_.data(), data_.size(), tag);
    std::byte* const slot = channel_.reserve();
    if (!slot) return channel_.failure().ok() ? Progress::kPending : Progress::kBroken;
    EXPECT_EQ(channel_.reserve(), slot) << "the same slot until commit";
    if (!data_.empty()) std::memcpy(slot, data_.data(), data_.size());
    channel_.commit(data_.size(), tag);
    return Progress::kDone;
  }

  SendChannel& channel_;
  std::vector<size_t> lengths_;
  Verbs verbs_;
  std::vector<std::byte> data_;
  uint32_t made_ = 0;
  size_t sent_ = 0;
};

class Receiver {
 public:
  Receiver(RecvChannel& channel, std::vector<size_t> lengths, Verbs verbs)
      : channel_(channel), lengths_(std::move(lengths)), verbs_(verbs) {}

  // Everything that is there; kDone when all messages came.
  Progress step() {
    while (received_ < lengths_.size()) {
      const auto number = static_cast<uint32_t>(received_ + 1);
      const Progress verdict = takeOne(lengths_[received_], tagOf(number));
      if (verdict != Progress::kDone) return verdict;
      EXPECT_EQ(into_, content(lengths_[received_], number)) << "message " << number;
      ++received_;
    }
    return Progress::kDone;
  }
  [[nodiscard]] size_t received() const { return received_; }

 private:
  Progress takeOne(size_t bytes, OpTag tag) {
    into_.resize(bytes);
    if (!inPlace(verbs_, received_, 2)) return channel_.receive(into_.data(), bytes, tag);
    const Arrival arrival = channel_.arrived();
    if (!arrival.data) return channel_.broken() ? Progress::kBroken : Progress::kPending;
    EXPECT_EQ(arrival.bytes, bytes);
    EXPECT_EQ(arrival.tag, tag);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arrival.data) % 16, 0u) << "aligned for every type";
    into_.assign(arrival.data, arrival.data + arrival.bytes);
    channel_.release();
    return Progress::kDone;
  }

  RecvChannel& channel_;
  std::vector<size_t> lengths_;
  Verbs verbs_;
  std::vector<std::byte> into_;
  size_t received_ = 0;
};

// Drives both ends from one thread.
inline void exchange(SendChannel& send, RecvChannel& recv, const std::vector<size_t>& lengths,
                     Verbs sending, Verbs receiving) {
  Sender sender(send, lengths, sending);
  Receiver receiver(recv, lengths, receiving);
  const Deadline deadline = Deadline::after(kPatience);
  Progress sent = Progress::kPending, received = Progress::kPending;
  while (sent == Progress::kPending || received == Progress::kPending) {
    ASSERT_FALSE(deadline.passed()) << receiver.received() << " messages arrived";
    if (sent == Progress::kPending) sent = sender.step();
    if (received == Progress::kPending) received = receiver.step();
    ASSERT_TRUE(sent == Progress::kDone || sent == Progress::kPending) << send.failure().message();
    ASSERT_TRUE(received == Progress::kDone || received == Progress::kPending)
        << "message " << receiver.received() + 1 << ": " << recv.failure().message();
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_EQ(receiver.received(), lengths.size());
}

constexpr Verbs kAllVerbs[] = {Verbs::kCopy, Verbs::kInPlace, Verbs::kMixed};

}  // namespace inccl::transport::test
