// What a rank sends, asks and believes: the window packet by packet, and in a job.
#include "ina/slot_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ina/job_rig.h"

namespace inccl::ina {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An all-reduce of `words` integers on each rank.
struct Sums {
  Sums(int ranks, size_t words, uint32_t sequence = 1, int otherRank = -1) {
    for (int rank = 0; rank < ranks; ++rank) {
      auto& data = memory.emplace_back(words, rank + 1);
      OpSignature signature{Collective::kAllReduce, DataType::kInt32, RedOp::kSum, -1, words};
      if (rank == otherRank) signature.op = RedOp::kMax;
      operations.push_back(std::make_unique<IntegerOperation>(
          IntegerCall{signature, OpTag(sequence, signature.digest()), rank, ranks, data.data(),
                      data.data()},
          256));
    }
  }
  void begin(JobRig& rig) {
    for (int rank = 0; rank < rig.ranks(); ++rank)
      rig.begin(rank, *operations[static_cast<size_t>(rank)]);
  }
  std::vector<std::vector<int32_t>> memory;
  std::vector<std::unique_ptr<IntegerOperation>> operations;
};

TEST(SlotWindow, NoMoreThanTheSlotsAreUnderWay) {
  JobRig rig({.ranks = 2, .slots = 4});
  Sums sums(2, 64 * 10);
  rig.begin(0, *sums.operations[0]);
  rig.begin(1, *sums.operations[1]);
  for (int i = 0; i < 5; ++i) rig.turn(2);  // rank 1 sleeps
  EXPECT_EQ(rig.window(0).counters().sent, 4u);
  EXPECT_TRUE(rig.run());
  EXPECT_EQ(rig.window(0).counters().sent, 10u);
  EXPECT_EQ(rig.window(0).counters().resent, 0u);
}

// While one rank is late, the others ask now and then, and send nothing again.
TEST(SlotWindow, ALateRankCostsQuestionsAndNoData) {
  JobRig rig({.ranks = 3, .slots = 4});
  Sums sums(3, 64 * 8);
  sums.begin(rig);
  const Nanos start = rig.now();
  while (rig.now() < start + kSecond) rig.turn(4);
  const WindowCounters& counters = rig.window(0).counters();
  EXPECT_EQ(counters.resent, 0u);
  EXPECT_GT(counters.probes, 4u);
  EXPECT_LT(counters.probes, 100u);  // ever more rarely
  EXPECT_THAT(rig.window(0).missingWorkers(), ElementsAre(2));
  EXPECT_GT(rig.window(0).stalledFor(rig.now()), kSecond / 2);
  EXPECT_TRUE(rig.run());
  EXPECT_EQ(sums.memory[0], std::vector<int32_t>(64 * 8, 6));
}

TEST(SlotWindow, RoundTripsAreThoseOfQuestions) {
  JobRig rig({.ranks = 2});
  Sums sums(2, 64);
  sums.begin(rig);
  for (int i = 0; i < 400; ++i) rig.turn(2);
  EXPECT_GT(rig.window(0).roundTrip().smoothed(), 0);
  EXPECT_LE(rig.window(0).roundTrip().smoothed(), 2 * JobRig::kTick);
}

TEST(SlotWindow, DifferentOperationsAreAnErrorOnAllRanksThatNamesTwo) {
  JobRig rig({.ranks = 3});
  Sums sums(3, 640, 1, 2);
  sums.begin(rig);
  const Nanos start = rig.now();
  while (rig.now() < start + kSecond / 2) rig.turn();
  for (int rank = 0; rank < 3; ++rank) {
    EXPECT_EQ(rig.window(rank).failure().code(), Code::kInvalidUsage);
    EXPECT_THAT(std::string(rig.window(rank).failure().message()),
                HasSubstr("ranks 0 and 2 call different operations"));
  }
}

TEST(SlotWindow, AnUnknownSessionIsAnError) {
  JobRig rig({.ranks = 2});
  ASSERT_TRUE(rig.program().jobs().remove(JobRig::kSession));
  Sums sums(2, 64);
  sums.begin(rig);
  EXPECT_TRUE(rig.run());
  EXPECT_TRUE(rig.window(0).sessionLost());
  EXPECT_THAT(std::string(rig.window(0).failure().message()),
              HasSubstr("does not know the session"));
}

TEST(SlotWindow, ASwitchThatIsGoneIsSilence) {
  JobRig rig({.ranks = 2});
  rig.stopSwitch();
  Sums sums(2, 640);
  sums.begin(rig);
  EXPECT_FALSE(rig.run(5000));
  EXPECT_TRUE(rig.window(0).failure().ok());
  EXPECT_GT(rig.window(0).stalledFor(rig.now()), 200 * kMillisecond);
  EXPECT_TRUE(rig.window(0).missingWorkers().empty());  // nobody has said
}

TEST(SlotWindow, LostRegistersInTheMiddleStallAndNeverSumWrongly) {
  JobRig rig({.ranks = 2, .slots = 4});
  Sums sums(2, 64 * 40);
  sums.begin(rig);
  for (int i = 0; i < 6; ++i) rig.turn();
  ASSERT_FALSE(rig.allDone());
  rig.program().loseRegisters();
  EXPECT_FALSE(rig.run(5000));
  for (const int32_t value : sums.memory[0]) EXPECT_TRUE(value == 1 || value == 3) << value;
}

// One lane of a stored sum changes: its tags prove it no more, and asking again does not help.
TEST(SlotWindow, AWrongSumIsNotTakenAndInTheEndAnError) {
  JobRig rig({.ranks = 2, .slots = 1});
  Sums sums(2, 64);
  sums.begin(rig);
  rig.turn(2);
  rig.program().lanes().words()[5] ^= 0x100;  // a register, before the second contribution
  EXPECT_TRUE(rig.run());
  EXPECT_EQ(rig.window(0).failure().code(), Code::kRemoteError);
  EXPECT_THAT(std::string(rig.window(0).failure().message()), HasSubstr("is not the ranks'"));
  EXPECT_EQ(sums.memory[0], std::vector<int32_t>(64, 1));
  EXPECT_EQ(rig.window(0).counters().unproven, uint64_t{SlotWindow::kMostUnproven});
}

// Changed on its way, it comes right when it is asked for again.
TEST(SlotWindow, ChangedPacketsAreAskedForAgain) {
  for (uint64_t seed = 1; seed < 40; ++seed) {
    JobRig rig({.ranks = 2, .slots = 4, .seed = seed});
    for (int rank = 0; rank < 2; ++rank) rig.port(rank).setRates({.corruption = 0.05});
    Sums sums(2, 64 * 40);
    sums.begin(rig);
    EXPECT_TRUE(rig.run());
    EXPECT_TRUE(rig.window(0).failure().ok()) << rig.window(0).failure().message();
    for (int rank = 0; rank < 2; ++rank)
      EXPECT_EQ(sums.memory[static_cast<size_t>(rank)], std::vector<int32_t>(64 * 40, 3));
  }
}

// A packet from the switch's address is believed only where it fits the chunk in every word.
TEST(SlotWindow, ForgedAndForeignPacketsChangeNothing) {
  SlotWindow window({.session = 7, .worker = 1, .workers = 2, .slots = 2});
  Sums sums(2, 64);
  window.begin(*sums.operations[1], 0);
  std::array<ports::OutgoingDatagram, 4> batch;
  ASSERT_EQ(window.outgoing(batch), 1u);
  window.sent(1, 0);
  const std::vector<std::byte> payload(256);
  wire::AggregationHeader right;
  right.kind = wire::PacketKind::kResult;
  right.worker = wire::AggregationHeader::kAllWorkers;
  right.session = 7;
  right.type = wire::LaneType::kInt32;
  right.elements = 64;
  right.opTag = sums.operations[1]->opTag();
  const auto give = [&](auto&& change) {
    wire::PacketView packet{right, payload, {}};
    change(packet);
    window.onPacket(packet, 1);
  };
  give([](auto& p) { p.header.session = 8; });
  give([](auto& p) { p.header.slot = 1; });
  give([](auto& p) { p.header.slot = 2; });
  give([](auto& p) { p.header.worker = 0; });
  give([](auto& p) { p.header.generation = 1; });
  give([](auto& p) { p.header.kind = wire::PacketKind::kData; });
  EXPECT_EQ(window.counters().foreign + window.counters().repeated, 6u);
  give([](auto& p) { p.header.opTag ^= 1; });
  give([](auto& p) { p.header.type = wire::LaneType::kUint32; });
  give([](auto& p) { p.header.kind = wire::PacketKind::kExponents; });
  give([](auto& p) {
    p.header.elements = 63;
    p.payload = p.payload.first(252);
  });
  EXPECT_EQ(window.counters().malformed, 4u);
  EXPECT_FALSE(window.done());
  give([](auto&) {});
  EXPECT_TRUE(window.done());
  give([](auto&) {});  // once more
  EXPECT_EQ(window.counters().results, 1u);
}

wire::AggregationHeader mismatchFor(const IntegerOperation& operation) {
  wire::AggregationHeader header;
  header.kind = wire::PacketKind::kMismatch;
  header.worker = wire::AggregationHeader::kAllWorkers;
  header.session = 7;
  header.type = wire::LaneType::kUint32;
  header.elements = 4;
  header.opTag = operation.opTag();
  return header;
}

// A rank that was stopped for long asks before it calls the switch dead.
TEST(SlotWindow, ItsOwnAbsenceIsNobodysSilence) {
  SlotWindow window({.session = 7, .worker = 1, .workers = 2, .slots = 2});
  Sums sums(2, 64);
  window.begin(*sums.operations[1], 0);
  std::array<ports::OutgoingDatagram, 4> batch;
  ASSERT_EQ(window.outgoing(batch), 1u);
  window.sent(1, 0);
  window.onTime(60 * kSecond);
  EXPECT_EQ(window.silentFor(60 * kSecond), 0);
  ASSERT_EQ(window.outgoing(batch), 1u);
  window.sent(1, 60 * kSecond);
  EXPECT_EQ(window.silentFor(61 * kSecond), kSecond);
  wire::AggregationHeader status = mismatchFor(*sums.operations[1]);
  status.kind = wire::PacketKind::kStatus;
  status.elements = 1;
  const uint32_t bitmap = 2;
  window.onPacket({status, std::as_bytes(std::span(&bitmap, 1)), {}}, 62 * kSecond);
  EXPECT_EQ(window.silentFor(120 * kSecond), 0);
}

TEST(SlotWindow, AMismatchOfWorkersThatAreNotThereIsNone) {
  SlotWindow window({.session = 7, .worker = 1, .workers = 2, .slots = 2});
  Sums sums(2, 64);
  window.begin(*sums.operations[1], 0);
  for (const auto& words : {std::array<uint32_t, 4>{1, 2, 0, 2}, {1, 2, 0xffffffff, 1}})
    window.onPacket({mismatchFor(*sums.operations[1]), std::as_bytes(std::span(words)), {}}, 1);
  EXPECT_TRUE(window.failure().ok());
  EXPECT_FALSE(window.differing());
  EXPECT_EQ(window.counters().malformed, 2u);
}

// What stood in the queue is not sent any more: the buffers may be the caller's again.
TEST(SlotWindow, AfterAFailureNothingIsSent) {
  SlotWindow window({.session = 7, .worker = 1, .workers = 2, .slots = 2});
  Sums sums(2, 64 * 4);
  window.begin(*sums.operations[1], 0);
  std::array<ports::OutgoingDatagram, 4> batch;
  ASSERT_EQ(window.outgoing(batch), 2u);
  window.sent(1, 0);
  const std::array<uint32_t, 4> words = {1, 2, 0, 1};
  window.onPacket({mismatchFor(*sums.operations[1]), std::as_bytes(std::span(words)), {}}, 1);
  ASSERT_FALSE(window.failure().ok());
  window.onTime(kSecond);
  EXPECT_EQ(window.outgoing(batch), 0u);
}

// What a repair brings is taken where it is what the slot lacks, whole.
TEST(SlotWindow, OnlyTheChunkThatIsLackedSettlesASlot) {
  JobRig rig({.ranks = 2, .slots = 4});
  Sums sums(2, 64 + 3);
  sums.begin(rig);
  SlotWindow& window = rig.shard(0).window();
  const std::vector<int32_t> whole(64, 7), rest(3, 8);
  const auto bytes = std::as_bytes(std::span(whole));
  EXPECT_FALSE(window.settle(0, {}, {}));
  EXPECT_FALSE(window.settle(0, bytes.first(252), {}));
  EXPECT_FALSE(window.settle(0, bytes, bytes.first(2)));
  EXPECT_FALSE(window.settle(2, bytes, {}));  // waits for nothing
  EXPECT_EQ(sums.memory[0], std::vector<int32_t>(67, 1));
  EXPECT_TRUE(window.settle(0, bytes, {}));
  EXPECT_FALSE(window.settle(0, bytes, {}));
  EXPECT_TRUE(window.settle(1, std::as_bytes(std::span(rest)), {}));
  EXPECT_EQ(sums.memory[0][63], 7);
  EXPECT_EQ(sums.memory[0][64], 8);
  EXPECT_EQ(window.uses(0), 1u);
}

TEST(SlotWindow, StrangersAreNotListenedTo) {
  JobRig rig({.ranks = 2});
  Sums sums(2, 64);
  sums.begin(rig);
  const auto stranger = rig.network().open();
  const std::vector<std::byte> junk(40, std::byte{0xa1});
  for (int rank = 0; rank < 2; ++rank) {
    const ports::OutgoingDatagram datagram{rig.port(rank).address(), {junk, {}, {}}};
    ASSERT_TRUE(stranger->send({&datagram, 1}).ok());
  }
  EXPECT_TRUE(rig.run());
  EXPECT_EQ(rig.shard(0).strangers(), 1u);
}

}  // namespace
}  // namespace inccl::ina
