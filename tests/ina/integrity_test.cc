// Faults in the switch's registers, thousands of each kind: every one is caught where sums cannot
// wrap, and no right sum is refused.
#include "ina/integrity.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "reduce/weighted_sum.h"
#include "support/seed.h"

namespace inccl::ina {
namespace {

using wire::LaneOp;
using wire::LaneType;
using Values = std::vector<int32_t>;

std::span<const std::byte> bytesOf(const Values& values) {
  return std::as_bytes(std::span(values));
}

// The registers of one use, as a switch fills them.
struct Sum {
  explicit Sum(size_t count) : values(count, 0) {}
  void add(const Values& contribution, const Integrity::Tags& its) {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<int32_t>(static_cast<uint32_t>(values[i]) +
                                       static_cast<uint32_t>(contribution[i]));
    for (size_t t = 0; t < 2; ++t) tags[t] += its[t];
  }
  Values values;
  Integrity::Tags tags{};
};

// A job of n workers that sums fixed point (or integers that wrap), chunk after chunk.
class Job {
 public:
  Job(uint32_t workers, LaneType type, uint64_t seed)
      : workers_(workers), type_(type), integrity_("k", 77, workers), random_(seed) {}

  Values contribution(size_t count) {
    Values values(count);
    for (int32_t& value : values) {
      value = static_cast<int32_t>(random_());
      if (type_ == LaneType::kFixed32) value /= static_cast<int32_t>(2 * workers_);
    }
    return values;
  }
  Integrity::Tags tag(uint32_t worker, uint64_t chunk, const Values& values) const {
    return integrity_.tag(worker, chunk, type_, LaneOp::kSum, bytesOf(values));
  }
  bool proves(uint64_t chunk, const Sum& sum) const {
    return integrity_.proves(chunk, type_, LaneOp::kSum, bytesOf(sum.values), sum.tags);
  }
  std::mt19937_64& random() { return random_; }
  uint32_t workers() const { return workers_; }

 private:
  const uint32_t workers_;
  const LaneType type_;
  const Integrity integrity_;
  std::mt19937_64 random_;
};

enum class Fault {
  kNone,
  kDoubled,
  kOmitted,
  kStale,
  kOtherWorker,
  kOneBit,
  kTwoHighBits,
  kLanesSwapped,
  kLaneZero,
  kTagBit,
  kWrongSlot
};

// The sum of chunk 1000 with a fault in it; whether it is still proven. A fault that changes
// nothing (two equal lanes swapped) is none.
bool passes(Job& job, Fault fault, size_t count) {
  auto& random = job.random();
  const uint32_t n = job.workers();
  const uint64_t chunk = 1000;
  const auto victim = static_cast<uint32_t>(random() % n);
  Sum sum(count);
  for (uint32_t worker = 0; worker < n; ++worker) {
    const Values values = job.contribution(count);
    const bool hit = worker == victim;
    if (hit && fault == Fault::kOmitted) continue;
    if (hit && (fault == Fault::kStale || fault == Fault::kWrongSlot)) {
      const Values old = job.contribution(count);
      sum.add(old, job.tag(worker, fault == Fault::kStale ? chunk - 64 : chunk + 1, old));
      continue;
    }
    const uint32_t as = hit && fault == Fault::kOtherWorker ? (worker + 1) % n : worker;
    sum.add(values, job.tag(as, chunk, values));
    if (hit && fault == Fault::kDoubled) sum.add(values, job.tag(worker, chunk, values));
  }
  const auto flip = [&](size_t lane, uint32_t bit) {
    sum.values[lane] = static_cast<int32_t>(static_cast<uint32_t>(sum.values[lane]) ^ 1u << bit);
  };
  const size_t lane = random() % count, other = (lane + 1 + random() % (count - 1)) % count;
  if (fault == Fault::kOneBit) flip(lane, static_cast<uint32_t>(random() % 32));
  if (fault == Fault::kTwoHighBits) flip(lane, 31), flip(other, 31);
  if (fault == Fault::kLaneZero) sum.values[lane] = sum.values[lane] == 0 ? 1 : 0;
  if (fault == Fault::kTagBit) sum.tags[random() % 2] ^= 1u << random() % 21;
  if (fault == Fault::kLanesSwapped) {
    if (sum.values[lane] == sum.values[other]) ++sum.values[lane];
    std::swap(sum.values[lane], sum.values[other]);
  }
  return job.proves(chunk, sum);
}

constexpr Fault kFaults[] = {Fault::kDoubled,      Fault::kOmitted,  Fault::kStale,
                             Fault::kOtherWorker,  Fault::kOneBit,   Fault::kTwoHighBits,
                             Fault::kLanesSwapped, Fault::kLaneZero, Fault::kTagBit,
                             Fault::kWrongSlot};

TEST(Integrity, TenKindsOfFaultsAreCaughtInFixedPoint) {
  const int trials = test::testTrials(10'000);
  for (const Fault fault : kFaults) {
    int missed = 0;
    for (int trial = 0; trial < trials; ++trial) {
      static Job jobs[] = {{2, LaneType::kFixed32, test::testSeed()},
                           {5, LaneType::kFixed32, test::testSeed() + 1}};
      missed += passes(jobs[trial % 2], fault, 16) ? 1 : 0;
    }
    EXPECT_EQ(missed, 0) << "kind " << static_cast<int>(fault);
  }
}

TEST(Integrity, NoRightSumIsRefused) {
  for (const LaneType type : {LaneType::kFixed32, LaneType::kInt32, LaneType::kUint32}) {
    for (const uint32_t workers : {1u, 2u, 33u, 1023u}) {
      Job job(workers, type, test::testSeed());
      for (const size_t count : {2, 64, 257, 2048})
        for (int trial = 0; trial < (workers > 100 ? 2 : 200); ++trial)
          ASSERT_TRUE(passes(job, Fault::kNone, count)) << workers << " " << count;
    }
  }
}

// Modulo 2^32 some faults cancel: two flips of bit 31 always do. The others are caught.
TEST(Integrity, IntegersThatMayWrapHaveTheWeakerTag) {
  const int trials = test::testTrials(2000);
  for (const Fault fault : kFaults) {
    Job job(3, LaneType::kInt32, test::testSeed());
    int missed = 0;
    for (int trial = 0; trial < trials; ++trial) missed += passes(job, fault, 16) ? 1 : 0;
    EXPECT_EQ(missed, fault == Fault::kTwoHighBits ? trials : 0)
        << "kind " << static_cast<int>(fault);
  }
}

// Of the rest only that everybody was counted once is known.
TEST(Integrity, MinimaSayWhoWasThere) {
  const Integrity integrity("k", 1, 3);
  Integrity::Tags all{};
  for (uint32_t worker = 0; worker < 3; ++worker) {
    const auto tags = integrity.tag(worker, 5, LaneType::kInt32, LaneOp::kMin, {});
    for (size_t t = 0; t < 2; ++t) all[t] += tags[t];
  }
  const Values any = {1, 2, 3};
  EXPECT_TRUE(integrity.proves(5, LaneType::kInt32, LaneOp::kMin, bytesOf(any), all));
  EXPECT_FALSE(integrity.proves(6, LaneType::kInt32, LaneOp::kMin, bytesOf(any), all));
  const auto one = integrity.tag(0, 5, LaneType::kInt32, LaneOp::kMin, {});
  for (size_t t = 0; t < 2; ++t) all[t] += one[t];
  EXPECT_FALSE(integrity.proves(5, LaneType::kInt32, LaneOp::kMin, bytesOf(any), all));
}

TEST(Integrity, AnotherSecretOrEpochProvesNothing) {
  const Values values = {5, -7};
  const Integrity mine("secret", 9, 1);
  const auto tags = mine.tag(0, 3, LaneType::kFixed32, LaneOp::kSum, bytesOf(values));
  EXPECT_TRUE(mine.proves(3, LaneType::kFixed32, LaneOp::kSum, bytesOf(values), tags));
  EXPECT_FALSE(Integrity("secret", 10, 1)
                   .proves(3, LaneType::kFixed32, LaneOp::kSum, bytesOf(values), tags));
  EXPECT_FALSE(
      Integrity("other", 9, 1).proves(3, LaneType::kFixed32, LaneOp::kSum, bytesOf(values), tags));
}

}  // namespace
}  // namespace inccl::ina
