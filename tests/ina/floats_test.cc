// All-reduce and reduce of floats through a switch: the bits that the quantiser says, whatever the
// payload, the slots and the network; IEEE for what is not finite.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "ina/float_operation.h"
#include "ina/job_rig.h"
#include "reduce/fixed_point.h"
#include "support/seed.h"

namespace inccl::ina {
namespace {

using Vector = std::vector<float>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// What must come out, computed block by block.
Vector expectedOf(const std::vector<Vector>& inputs) {
  const size_t count = inputs[0].size();
  const auto n = static_cast<uint32_t>(inputs.size());
  Vector expected(count);
  for (size_t first = 0; first < count; first += reduce::kFixedPointBlock) {
    const size_t length = std::min(reduce::kFixedPointBlock, count - first);
    int16_t exponent = reduce::kZeroBlock;
    std::vector<Vector> finite;
    for (const Vector& input : inputs) {
      Vector& block = finite.emplace_back(input.begin() + static_cast<long>(first),
                                          input.begin() + static_cast<long>(first + length));
      for (float& x : block) x = std::isfinite(x) ? x : 0;
      exponent = std::max(exponent, reduce::blockExponent(block.data(), length));
    }
    for (size_t i = 0; i < length; ++i) {
      int32_t sum = 0;
      float special = 0;
      for (size_t rank = 0; rank < inputs.size(); ++rank) {
        const float x = inputs[rank][first + i];
        if (!std::isfinite(x)) special += x;
        int32_t q = 0;
        if (exponent != reduce::kZeroBlock)
          reduce::toFixedPoint(&q, &finite[rank][i], 1, reduce::fixedPointScale(exponent, n));
        sum += q;
      }
      float& out = expected[first + i];
      if (exponent != reduce::kZeroBlock)
        reduce::fromFixedPoint(&out, &sum, 1, reduce::fixedPointScale(exponent, n));
      if (std::isnan(special)) out = std::bit_cast<float>(0x7fc00000u);
      if (std::isinf(special)) out = special;
    }
  }
  return expected;
}

enum class Kind { kOrdinary, kWide, kTiny, kHuge, kZeros, kNotFinite };

Vector inputOf(Kind kind, size_t count, std::mt19937_64& random) {
  std::uniform_real_distribution<float> unit(-1, 1);
  Vector input(count);
  for (float& x : input) {
    x = unit(random);
    const auto dice = random() % 40;
    if (kind == Kind::kWide) x = std::ldexp(x, static_cast<int>(random() % 200) - 100);
    if (kind == Kind::kTiny) x = std::ldexp(x, -140);
    if (kind == Kind::kHuge) x = std::ldexp(x, 127);
    if (kind == Kind::kZeros) x = random() % 300 == 0 ? x : -0.0f;
    if (kind != Kind::kNotFinite) continue;
    if (dice == 0) x = kInfinity;
    if (dice == 1) x = -kInfinity;
    if (dice == 2) x = std::nanf("");
  }
  return input;
}

struct Shape {
  Kind kind = Kind::kOrdinary;
  size_t count = 0;
  bool inPlace = true;
  bool rooted = false;
};

// Bits of the result on each rank that receives one.
std::vector<Vector> run(JobRig& rig, size_t payloadBytes, uint32_t slots, const Shape& shape,
                        const std::vector<Vector>& inputs, uint32_t sequence,
                        std::vector<FloatRoom>& rooms) {
  const int ranks = rig.ranks();
  rooms.resize(inputs.size());
  std::vector<Vector> sends = inputs, receives;
  std::vector<std::unique_ptr<FloatOperation>> operations;
  OpSignature signature{shape.rooted ? Collective::kReduce : Collective::kAllReduce,
                        DataType::kFloat32, RedOp::kSum, shape.rooted ? ranks - 1 : -1,
                        shape.count};
  for (int rank = 0; rank < ranks; ++rank) receives.emplace_back(shape.count, 77.0f);
  for (int rank = 0; rank < ranks; ++rank) {
    const auto r = static_cast<size_t>(rank);
    FloatCall call{signature,
                   OpTag(sequence, signature.digest()),
                   rank,
                   ranks,
                   sends[r].data(),
                   shape.inPlace ? sends[r].data() : receives[r].data()};
    operations.push_back(std::make_unique<FloatOperation>(call, slots, payloadBytes, rooms[r]));
    rig.begin(rank, *operations.back());
  }
  EXPECT_TRUE(rig.run());
  std::vector<Vector> results;
  for (int rank = 0; rank < ranks; ++rank) {
    EXPECT_TRUE(rig.window(rank).failure().ok()) << rig.window(rank).failure().message();
    const auto r = static_cast<size_t>(rank);
    if (!shape.rooted || rank == ranks - 1)
      results.push_back(shape.inPlace ? sends[r] : receives[r]);
  }
  return results;
}

void expectBits(const Vector& got, const Vector& expected, const std::string& where) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint32_t>(got[i]), std::bit_cast<uint32_t>(expected[i]))
        << where << " element " << i << ": " << got[i] << " for " << expected[i];
  }
}

void check(const JobRig::Setting& setting, const std::vector<Shape>& shapes) {
  JobRig rig(setting);
  std::mt19937_64 random = test::trialRandom(setting.seed);
  std::vector<FloatRoom> rooms;
  uint32_t sequence = 0;
  for (const Shape& shape : shapes) {
    std::vector<Vector> inputs;
    for (int rank = 0; rank < setting.ranks; ++rank)
      inputs.push_back(inputOf(shape.kind, shape.count, random));
    const Vector expected = expectedOf(inputs);
    for (const Vector& result :
         run(rig, setting.payloadBytes, setting.slots, shape, inputs, ++sequence, rooms))
      expectBits(result, expected,
                 fmt::format("{} ranks, {} elements, kind {}", setting.ranks, shape.count,
                             static_cast<int>(shape.kind)));
    if (testing::Test::HasFatalFailure()) return;
  }
}

std::vector<Shape> everyShape() {
  std::vector<Shape> shapes;
  for (const Kind kind :
       {Kind::kOrdinary, Kind::kWide, Kind::kTiny, Kind::kHuge, Kind::kZeros, Kind::kNotFinite})
    for (const size_t count : {0, 1, 63, 64, 255, 256, 257, 1000, 4099})
      for (const bool inPlace : {true, false})
        shapes.push_back({kind, count, inPlace, (count + static_cast<size_t>(kind)) % 3 == 0});
  return shapes;
}

TEST(Floats, EveryKindAndSizeHasTheQuantisersBits) {
  for (const int ranks : {1, 2, 3, 7}) {
    check({.ranks = ranks}, everyShape());
    if (HasFatalFailure()) return;
  }
}

TEST(Floats, PayloadAndSlotsDoNotMatter) {
  for (const size_t payloadBytes : {32u, 100u, 256u, 1024u, 2048u, 8192u}) {
    for (const uint32_t slots : {1u, 5u, 64u}) {
      check({.ranks = 3,
             .slots = slots,
             .payloadBytes = payloadBytes,
             .profile = pipeline::Profile::full()},
            {{Kind::kWide, 5000}, {Kind::kNotFinite, 3000}, {Kind::kOrdinary, 300}});
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Floats, NoFaultOfTheNetworkChangesABit) {
  const int trials = test::testTrials(3);
  for (int trial = 0; trial < trials; ++trial) {
    for (const size_t payloadBytes : {256u, 1024u}) {
      for (const int ranks : {2, 4}) {
        check({.ranks = ranks,
               .slots = 3,
               .payloadBytes = payloadBytes,
               .faults = {.loss = 0.1,
                          .duplication = 0.1,
                          .reordering = 0.3,
                          .truncation = 0.02,
                          .reorderBy = 20},
               .seed = test::testSeed() % 100000 + static_cast<uint64_t>(trial),
               .profile = pipeline::Profile::full()},
              {{Kind::kWide, 3000},
               {Kind::kNotFinite, 2000},
               {Kind::kTiny, 700, true, true},
               {Kind::kNotFinite, 900, true, true},
               {Kind::kZeros, 2000},
               {Kind::kHuge, 300, false}});
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Two round trips for what fits into the window: the exponents, then the data.
TEST(Floats, ASmallCallIsTwoPackets) {
  JobRig rig({.ranks = 2});
  std::vector<FloatRoom> rooms;
  const std::vector<Vector> inputs(2, Vector(64, 1.5f));
  const auto results = run(rig, 256, 4, {Kind::kOrdinary, 64}, inputs, 1, rooms);
  EXPECT_EQ(results[0], Vector(64, 3.0f));
  EXPECT_EQ(rig.window(0).counters().sent, 2u);
  EXPECT_EQ(rig.window(0).counters().results, 2u);
}

TEST(Floats, WhatHasNoQuantiserIsRefusedWithTheReason) {
  OpSignature signature{Collective::kAllReduce, DataType::kFloat32, RedOp::kSum, -1, 8};
  EXPECT_EQ(FloatOperation::whyNot(signature), "");
  signature.op = RedOp::kAvg;
  EXPECT_EQ(FloatOperation::whyNot(signature), "");
  signature.op = RedOp::kProd;
  EXPECT_NE(FloatOperation::whyNot(signature), "");
  signature = {Collective::kAllReduce, DataType::kFloat64, RedOp::kSum, -1, 8};
  EXPECT_NE(FloatOperation::whyNot(signature), "");
  signature = {Collective::kReduceScatter, DataType::kFloat32, RedOp::kSum, -1, 8};
  EXPECT_NE(FloatOperation::whyNot(signature), "");
}

}  // namespace
}  // namespace inccl::ina
