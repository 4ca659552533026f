// The program packet by packet: what is summed, who is answered, and everything that is dropped.
#include "switch/switchml/switchml.h"

#include <gtest/gtest.h>

#include <numeric>

#include "switch/switch_rig.h"

namespace inccl::switchml {
namespace {

using wire::LaneOp;
using wire::LaneType;
using wire::PacketKind;
using Values = std::vector<int32_t>;

TEST(SwitchMl, TheLastContributionSendsTheSumToAll) {
  SwitchRig rig(3);
  rig.send(0, SwitchRig::data(0, 5, 0), {1, -2, 2147483647});
  rig.send(2, SwitchRig::data(2, 5, 0), {10, 20, 1});
  for (uint32_t worker = 0; worker < 3; ++worker) EXPECT_TRUE(rig.silent(worker));
  rig.send(1, SwitchRig::data(1, 5, 0), {100, 200, 0});
  for (uint32_t worker = 0; worker < 3; ++worker) {
    const auto received = rig.next(worker);
    ASSERT_TRUE(received.has_value());
    EXPECT_EQ(received->values, (Values{111, 218, -2147483647 - 1}));  // integers wrap
    EXPECT_EQ(received->header.worker, wire::AggregationHeader::kAllWorkers);
    EXPECT_EQ(received->header.opTag, SwitchRig::kOpTag);
  }
  EXPECT_EQ(rig.counters().completions, 1u);
}

TEST(SwitchMl, EveryOperationOfIntegers) {
  const struct {
    LaneOp op;
    LaneType type;
    Values expected;
  } cases[] = {
      {LaneOp::kSum, LaneType::kInt32, {2, 9}},   {LaneOp::kMin, LaneType::kInt32, {-4, 3}},
      {LaneOp::kMax, LaneType::kInt32, {6, 6}},   {LaneOp::kMin, LaneType::kUint32, {6, 3}},
      {LaneOp::kMax, LaneType::kUint32, {-4, 6}}, {LaneOp::kAnd, LaneType::kUint32, {4, 2}},
      {LaneOp::kOr, LaneType::kInt32, {-2, 7}},   {LaneOp::kXor, LaneType::kInt32, {-6, 5}},
  };
  for (const auto& [op, type, expected] : cases) {
    SwitchRig rig(2);
    for (uint32_t worker = 0; worker < 2; ++worker) {
      auto header = SwitchRig::data(worker, 0, 0, op);
      header.type = type;
      rig.send(worker, header, worker == 0 ? Values{-4, 3} : Values{6, 6});
    }
    EXPECT_EQ(rig.result(0), expected) << wire::name(op) << " " << wire::name(type);
  }
}

TEST(SwitchMl, OneWorkerAloneIsAnsweredAtOnce) {
  SwitchRig rig(1);
  rig.send(0, SwitchRig::data(0, 0, 0), {7});
  EXPECT_EQ(rig.result(0), Values{7});
  rig.send(0, SwitchRig::data(0, 0, 1), {8});
  EXPECT_EQ(rig.result(0), Values{8});
  rig.send(0, SwitchRig::data(0, 0, 2), {9});
  EXPECT_EQ(rig.result(0), Values{9});
}

TEST(SwitchMl, ARepeatedContributionDoesNotCountTwice) {
  SwitchRig rig(2);
  for (int i = 0; i < 3; ++i) rig.send(0, SwitchRig::data(0, 0, 0), {5});
  EXPECT_TRUE(rig.silent(0));
  rig.send(1, SwitchRig::data(1, 0, 0), {6});
  EXPECT_EQ(rig.result(0), Values{11});
  EXPECT_EQ(rig.counters().repeated, 2u);
}

TEST(SwitchMl, WhoMissedTheResultGetsItAgain) {
  SwitchRig rig(2);
  rig.send(0, SwitchRig::data(0, 0, 0), {5});
  rig.send(1, SwitchRig::data(1, 0, 0), {6});
  (void)rig.result(0), (void)rig.result(1);
  rig.send(1, SwitchRig::data(1, 0, 0), {6});
  EXPECT_EQ(rig.result(1), Values{11});
  EXPECT_TRUE(rig.silent(0));
  rig.probe(0, 0, 0);
  EXPECT_EQ(rig.result(0), Values{11});
  EXPECT_EQ(rig.counters().retransmissions, 2u);
}

// The other set fills while the last result is still asked for.
TEST(SwitchMl, TheLastResultStaysWhileTheNextUseFills) {
  SwitchRig rig(2);
  for (uint32_t worker = 0; worker < 2; ++worker)
    rig.send(worker, SwitchRig::data(worker, 0, 0), {1});
  (void)rig.result(0), (void)rig.result(1);
  rig.send(0, SwitchRig::data(0, 0, 1), {100});
  rig.probe(1, 0, 0);
  EXPECT_EQ(rig.result(1), Values{2});
  rig.send(1, SwitchRig::data(1, 0, 1), {200});
  EXPECT_EQ(rig.result(0), Values{300});
  EXPECT_EQ(rig.result(1), Values{300});
}

// As published (one bit for the set) this contribution would be taken for one to use 2.
TEST(SwitchMl, ALateCopyOfAnOldUseIsStale) {
  SwitchRig rig(2);
  for (uint32_t generation = 0; generation < 2; ++generation)
    for (uint32_t worker = 0; worker < 2; ++worker)
      rig.send(worker, SwitchRig::data(worker, 0, generation), {1});
  rig.send(1, SwitchRig::data(1, 0, 2), {10});
  rig.send(0, SwitchRig::data(0, 0, 0), {1});  // late
  EXPECT_EQ(rig.counters().stale, 1u);
  for (uint32_t worker = 0; worker < 2; ++worker) {
    while (!rig.silent(worker)) {
    }
  }
  rig.send(0, SwitchRig::data(0, 0, 2), {20});
  EXPECT_EQ(rig.result(0), Values{30});
}

TEST(SwitchMl, AUseOpensOnlyWhenTheOneTwoBeforeIsComplete) {
  SwitchRig rig(2);
  rig.send(0, SwitchRig::data(0, 0, 2), {1});  // nothing was before
  rig.send(0, SwitchRig::data(0, 0, 0), {1});
  rig.send(0, SwitchRig::data(0, 0, 2), {1});  // 0 is not complete
  rig.send(0, SwitchRig::data(0, 0, 4), {1});  // nor would 4 be the next
  EXPECT_EQ(rig.counters().violations, 3u);
  rig.send(1, SwitchRig::data(1, 0, 0), {2});
  EXPECT_EQ(rig.result(1), Values{3});
  rig.send(0, SwitchRig::data(0, 0, 4), {1});
  EXPECT_EQ(rig.counters().violations, 4u);
}

TEST(SwitchMl, AProbeIsToldWhoHasContributed) {
  SwitchRig rig(33, pipeline::Profile::full(), {.slots = 2, .payloadBytes = 64, .mostFanIn = 40});
  rig.probe(4, 1, 0);
  auto status = rig.next(4);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->header.kind, PacketKind::kStatus);
  EXPECT_EQ(status->values, (Values{0, 0}));
  rig.send(3, SwitchRig::data(3, 1, 0), {1});
  rig.send(32, SwitchRig::data(32, 1, 0), {1});
  rig.probe(4, 1, 0);
  EXPECT_EQ(rig.next(4)->values, (Values{8, 1}));
  rig.probe(4, 1, 1);  // not opened
  EXPECT_EQ(rig.next(4)->values, (Values{0, 0}));
}

TEST(SwitchMl, WhoReceivesNothingGetsTheHeaderAlone) {
  SwitchRig rig(3);
  for (uint32_t worker = 0; worker < 3; ++worker) {
    auto header = SwitchRig::data(worker, 0, 0);
    header.resultWanted = worker == 1;  // a reduce to 1
    rig.send(worker, header, {static_cast<int32_t>(worker) + 1});
  }
  EXPECT_EQ(rig.result(0), Values{});
  EXPECT_EQ(rig.result(1), Values{6});
  EXPECT_EQ(rig.result(2), Values{});
  rig.probe(2, 0, 0);
  EXPECT_EQ(rig.result(2), Values{});
  rig.probe(1, 0, 0);
  EXPECT_EQ(rig.result(1), Values{6});
}

// One gives, the others only say that they are there; whoever comes first.
TEST(SwitchMl, ABroadcastHasOnePayload) {
  for (uint32_t root = 0; root < 3; ++root) {
    SwitchRig rig(3);
    for (uint32_t worker = 0; worker < 3; ++worker)
      rig.send(worker, SwitchRig::data(worker, 0, 0, LaneOp::kNone),
               worker == root ? Values{4, 2} : Values{});
    for (uint32_t worker = 0; worker < 3; ++worker) EXPECT_EQ(rig.result(worker), (Values{4, 2}));
  }
}

TEST(SwitchMl, ABarrierIsHeadersAlone) {
  SwitchRig rig(2);
  rig.send(0, SwitchRig::data(0, 0, 0, LaneOp::kNone), {});
  EXPECT_TRUE(rig.silent(0));
  rig.send(1, SwitchRig::data(1, 0, 0, LaneOp::kNone), {});
  EXPECT_EQ(rig.result(0), Values{});
  EXPECT_EQ(rig.result(1), Values{});
}

void expectMismatch(SwitchRig& rig, uint32_t worker, uint32_t tag, uint32_t other) {
  const auto received = rig.next(worker);
  ASSERT_TRUE(received.has_value()) << worker;
  EXPECT_EQ(received->header.kind, PacketKind::kMismatch);
  EXPECT_EQ(received->values,
            (Values{static_cast<int32_t>(tag), static_cast<int32_t>(other), 2, 0}));
}

TEST(SwitchMl, OtherOperationsAreNeverSummed) {
  SwitchRig rig(3);
  auto other = SwitchRig::data(0, 0, 0);
  other.opTag = 77;
  rig.send(2, SwitchRig::data(2, 0, 0), {1});
  rig.send(0, other, {2});
  for (uint32_t worker = 0; worker < 3; ++worker)
    expectMismatch(rig, worker, SwitchRig::kOpTag, 77);
  rig.send(1, SwitchRig::data(1, 0, 0), {3});  // complete, but not a sum
  expectMismatch(rig, 1, SwitchRig::kOpTag, 77);
  rig.probe(2, 0, 0);
  expectMismatch(rig, 2, SwitchRig::kOpTag, 77);
  EXPECT_EQ(rig.counters().completions, 0u);
}

TEST(SwitchMl, OtherShapesPoisonTooAndTwoRootsDo) {
  for (const bool broadcast : {false, true}) {
    SwitchRig rig(3);
    const LaneOp op = broadcast ? LaneOp::kNone : LaneOp::kSum;
    rig.send(2, SwitchRig::data(2, 0, 0, op), {1, 2});
    rig.send(0, SwitchRig::data(0, 0, 0, op), broadcast ? Values{1, 2} : Values{1});
    for (uint32_t worker = 0; worker < 3; ++worker)
      expectMismatch(rig, worker, SwitchRig::kOpTag, SwitchRig::kOpTag);
  }
}

TEST(SwitchMl, StrangersAreDroppedAndCounted) {
  SwitchRig rig(2);
  rig.send(1, SwitchRig::data(0, 0, 0), {1});  // another's number
  rig.send(1, SwitchRig::data(2, 0, 0), {1});  // nobody's
  rig.send(1, SwitchRig::data(1, 8, 0), {1});  // not a slot of the job
  EXPECT_EQ(rig.counters().forged, 3u);
  auto foreign = SwitchRig::data(1, 0, 0);
  foreign.session = 99;
  rig.send(1, foreign, {1});
  const auto nak = rig.next(1);
  ASSERT_TRUE(nak.has_value());
  EXPECT_EQ(nak->header.kind, PacketKind::kNak);
  EXPECT_EQ(nak->header.session, 99u);
  auto result = SwitchRig::data(1, 0, 0);
  result.kind = PacketKind::kResult;
  rig.send(1, result, {1});
  EXPECT_EQ(rig.counters().unexpected, 1u);
  rig.raw(1, std::vector<std::byte>(5));
  EXPECT_EQ(rig.counters().malformed, 1u);
  rig.send(1, SwitchRig::data(1, 0, 0), Values(65, 1));  // larger than the profile's packets
  auto floats = SwitchRig::data(1, 0, 0);
  floats.type = LaneType::kFloat32;
  rig.send(1, floats, {1});
  EXPECT_EQ(rig.counters().unsupported, 2u);
  rig.send(0, SwitchRig::data(0, 0, 0), {20});
  rig.send(1, SwitchRig::data(1, 0, 0), {30});
  EXPECT_EQ(rig.result(0), Values{50});
}

TEST(SwitchMl, LostRegistersAreSilenceAndNeverAWrongSum) {
  SwitchRig rig(2);
  for (uint32_t generation = 0; generation < 4; ++generation)
    for (uint32_t worker = 0; worker < 2; ++worker)
      rig.send(worker, SwitchRig::data(worker, 0, generation), {1});
  rig.send(0, SwitchRig::data(0, 0, 4), {1});
  for (uint32_t worker = 0; worker < 2; ++worker) {
    while (!rig.silent(worker)) {
    }
  }
  rig.program().loseRegisters();
  for (uint32_t worker = 0; worker < 2; ++worker)
    rig.send(worker, SwitchRig::data(worker, 0, 4), {1});
  EXPECT_TRUE(rig.silent(0));
  EXPECT_TRUE(rig.silent(1));
  rig.probe(0, 0, 4);
  EXPECT_EQ(rig.next(0)->values, Values{0});
}

// The next epoch finds the registers as the last one left them.
TEST(SwitchMl, ANewEpochNeedsNoClearing) {
  SwitchRig rig(2);
  for (uint32_t worker = 0; worker < 2; ++worker)
    rig.send(worker, SwitchRig::data(worker, 3, 0), {1});
  rig.send(0, SwitchRig::data(0, 3, 1), {1000});  // never completed
  Job next = *rig.program().jobs().find(SwitchRig::kSession);
  next.session = 7;
  ASSERT_TRUE(rig.program().jobs().remove(SwitchRig::kSession));
  ASSERT_TRUE(rig.program().jobs().admit(next).ok());
  while (!rig.silent(0)) {
  }
  for (uint32_t generation = 0; generation < 4; ++generation) {
    for (uint32_t worker = 0; worker < 2; ++worker) {
      auto header = SwitchRig::data(worker, 3, generation);
      header.session = 7;
      rig.send(worker, header, {static_cast<int32_t>(generation)});
    }
    EXPECT_EQ(rig.result(0), Values{static_cast<int32_t>(2 * generation)});
  }
  rig.send(1, SwitchRig::data(1, 3, 1), {1});  // of the old epoch
  EXPECT_EQ(rig.counters().naks, 1u);
}

TEST(SwitchMl, GenerationsGoOnAroundTheEndOfTheirNumbers) {
  SwitchRig rig(1);
  rig.send(0, SwitchRig::data(0, 0, 0), {1});
  rig.program().slots().uses().words()[0] = 0xfffffffe;
  (void)rig.result(0);
  rig.send(0, SwitchRig::data(0, 0, 0xfffffffc), {1});
  EXPECT_EQ(rig.counters().stale, 1u);
  rig.send(0, SwitchRig::data(0, 0, 0), {5});
  EXPECT_EQ(rig.result(0), Values{5});
}

TEST(SwitchMl, ExponentsAreTheLargest) {
  SwitchRig rig(2);
  for (uint32_t worker = 0; worker < 2; ++worker) {
    auto header = SwitchRig::data(worker, 0, 0, LaneOp::kMax);
    header.kind = PacketKind::kExponents;
    header.type = LaneType::kExponent16;
    header.elements = 3;
    std::vector<std::byte> head(wire::AggregationHeader::kBytes);
    wire::encodeHeader(header, head);
    const std::vector<int16_t> exponents =
        worker == 0 ? std::vector<int16_t>{-126, 5, -32768} : std::vector<int16_t>{-3, 4, -32768};
    rig.raw(worker, head, std::as_bytes(std::span(exponents)));
  }
  const auto received = rig.next(1);
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->header.kind, PacketKind::kExponents);
  EXPECT_EQ(received->header.elements, 3);
}

// What is sent is always a packet, also to who adds nothing to exponents and wants none.
TEST(SwitchMl, AHeaderAloneIsAResult) {
  SwitchRig rig(2);
  auto exponents = SwitchRig::data(0, 0, 0, wire::LaneOp::kMax);
  exponents.kind = wire::PacketKind::kExponents;
  exponents.type = wire::LaneType::kExponent16;
  exponents.elements = 2;
  std::vector<std::byte> packet(wire::AggregationHeader::kBytes + 4);
  wire::encodeHeader(exponents, packet);
  rig.raw(0, packet);
  auto nothing = SwitchRig::data(1, 0, 0, wire::LaneOp::kNone);
  nothing.resultWanted = false;
  rig.send(1, nothing, {});
  const auto received = rig.next(1);
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->header.kind, wire::PacketKind::kResult);
  EXPECT_EQ(received->header.elements, 0);
  EXPECT_EQ(rig.next(0)->header.kind, wire::PacketKind::kExponents);
}

// Bitmaps of workers, around the ends of their words.
TEST(SwitchMl, AsManyWorkersAsThereMayBe) {
  for (const uint32_t workers : {31u, 32u, 33u, 63u, 64u, 65u, 1023u}) {
    SwitchRig rig(workers, pipeline::Profile::full(), {4, 64, 1023});
    for (uint32_t worker = 1; worker < workers; ++worker)
      rig.send(worker, SwitchRig::data(worker, 0, 0), {1, -2});
    EXPECT_TRUE(rig.silent(workers - 1));
    rig.probe(workers - 1, 0, 0);
    const auto status = rig.next(workers - 1);
    ASSERT_TRUE(status.has_value() && status->header.kind == wire::PacketKind::kStatus);
    for (uint32_t worker = 0; worker < workers; ++worker)
      EXPECT_EQ(static_cast<uint32_t>(status->values[worker / 32]) >> worker % 32 & 1,
                worker == 0 ? 0u : 1u);
    rig.send(0, SwitchRig::data(0, 0, 0), {1, -2});
    const int sum = static_cast<int>(workers);
    for (uint32_t worker = 0; worker < workers; ++worker)
      EXPECT_EQ(rig.result(worker), (std::vector<int32_t>{sum, -2 * sum}));
  }
}

// 64 lanes in one pass, their sum in one more; 256 lanes in four passes and seven more.
TEST(SwitchMl, PassesAreThoseOfThePublishedProgram) {
  const struct {
    pipeline::Profile profile;
    size_t lanes;
    uint64_t first, last, again;
  } cases[] = {{pipeline::Profile::tofino(), 64, 1, 2, 2},
               {pipeline::Profile::tofino(true), 256, 4, 11, 8},
               {pipeline::Profile::full(), 2048, 1, 1, 1}};
  for (const auto& [profile, lanes, first, last, again] : cases) {
    SwitchRig rig(2, profile, {.slots = 4, .payloadBytes = 4 * lanes, .mostFanIn = 32});
    Values values(lanes);
    std::iota(values.begin(), values.end(), 1);
    const auto passes = [&] { return rig.program().pipeline().passes(); };
    uint64_t before = passes();
    rig.send(0, SwitchRig::data(0, 0, 0), values);
    EXPECT_EQ(passes() - before, first) << profile.name;
    before = passes();
    rig.send(1, SwitchRig::data(1, 0, 0), values);
    EXPECT_EQ(passes() - before, last) << profile.name;
    for (int32_t& value : values) value *= 2;
    EXPECT_EQ(rig.result(0), values) << profile.name;
    before = passes();
    rig.probe(1, 0, 0);
    EXPECT_EQ(passes() - before, again) << profile.name;
    (void)rig.result(1);
    EXPECT_EQ(rig.result(1), values) << profile.name;
  }
}

}  // namespace
}  // namespace inccl::switchml
