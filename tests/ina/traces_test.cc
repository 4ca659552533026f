// What the real switch and real ranks did, judged by the model (docs/ina-model.md, "Traces").
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "ina/job_rig.h"
#include "ina/model/replay.h"
#include "ina/recording_ports.h"
#include "support/seed.h"

namespace inccl::ina {
namespace {

using ina_model::Scenario;
using ina_model::TraceEvent;
using ina_model::TraceKind;

constexpr size_t kPayload = 8, kWordsOfChunk = kPayload / 4;

OpSignature signatureOf(Collective collective, int root, int chunks, RedOp op = RedOp::kSum) {
  return {collective, DataType::kInt32, op, root, static_cast<uint64_t>(chunks) * kWordsOfChunk};
}

// The calls of a job, and the same as the model has them. All ranks alike, except that the last one
// may mean another operation by a call.
struct Calls {
  std::vector<OpSignature> mine, lasts;
  Scenario scenario;

  Calls(int ranks, int slots) {
    scenario.workers = ranks;
    scenario.slots = slots;
  }
  void add(Collective collective, int root, int chunks) {
    const int tag = static_cast<int>(mine.size()) + 1, ranks = scenario.workers;
    mine.push_back(signatureOf(collective, root, chunks));
    lasts.push_back(mine.back());
    scenario.operations.push_back(
        collective == Collective::kReduce      ? ina_model::reduceTo(root, ranks, chunks, tag)
        : collective == Collective::kBroadcast ? ina_model::broadcastFrom(root, ranks, chunks, tag)
                                               : ina_model::allReduce(ranks, chunks, tag));
    scenario.lastWorkerCalls.push_back(scenario.operations.back());
  }
  // The last rank calls for the maximum where the others want the sum.
  void addMismatch(int chunks) {
    add(Collective::kAllReduce, -1, chunks);
    lasts.back() = signatureOf(Collective::kAllReduce, -1, chunks, RedOp::kMax);
    scenario.lastWorkerCalls.back() = ina_model::allReduce(scenario.workers, chunks, 15);
  }
};

// A job that is run by chance, and written down.
class RecordedJob {
 public:
  RecordedJob(const Calls& calls, const ports::FaultRates& faults, uint64_t seed)
      : calls_(calls), ranks_(static_cast<size_t>(calls.scenario.workers)), random_(seed) {
    JobRig::Setting setting;
    setting.ranks = calls.scenario.workers;
    setting.slots = static_cast<uint32_t>(calls.scenario.slots);
    setting.payloadBytes = kPayload;
    setting.faults = faults;
    setting.seed = seed;
    setting.ears = [this](ports::DatagramPort& port,
                          int user) -> std::unique_ptr<ports::DatagramPort> {
      if (user == JobRig::kSwitch) return std::make_unique<RecordingSwitchPort>(port, trace_);
      auto ears = std::make_unique<RecordingRankPort>(port, trace_, static_cast<uint32_t>(user));
      ears_.push_back(ears.get());
      return ears;
    };
    rig_ = std::make_unique<JobRig>(setting);
    add(TraceKind::kInstall).session = JobRig::kSession;
    for (size_t rank = 0; rank < ranks_.size(); ++rank) {
      ears_[rank]->watch(rig_->window(static_cast<int>(rank)));
      call(static_cast<int>(rank));
    }
  }

  // Ranks act in rounds, each in some of them only. False when not all are finished by then.
  bool run(int turns = 400000) {
    for (int turn = 0; turn < turns && !allFinished(); ++turn) this->turn();
    return allFinished();
  }
  void turn() {
    rig_->turn(random_() | overRanks());
    for (size_t rank = 0; rank < ranks_.size(); ++rank) advance(static_cast<int>(rank));
  }
  TraceEvent& add(TraceKind kind, int worker = 0) {
    TraceEvent event;
    event.kind = kind;
    event.worker = static_cast<uint32_t>(worker);
    return trace_.emplace_back(event);
  }

  JobRig& rig() { return *rig_; }
  const Trace& trace() const { return trace_; }
  int failures() const {
    return static_cast<int>(std::ranges::count_if(ranks_, [](const Rank& r) { return r.failed; }));
  }
  void expectSums() const {
    for (size_t at = 0; at < calls_.mine.size(); ++at) {
      if (calls_.mine[at].collective != Collective::kAllReduce) continue;
      for (const Rank& rank : ranks_)
        EXPECT_EQ(rank.buffers[at], std::vector<int32_t>(rank.buffers[at].size(), sumOfRanks()));
    }
  }

 private:
  struct Rank {
    std::vector<std::vector<int32_t>> buffers;  // by call
    std::vector<std::unique_ptr<IntegerOperation>> operations;
    bool failed = false, finished = false;
  };
  int sumOfRanks() const {
    const int ranks = static_cast<int>(ranks_.size());
    return ranks * (ranks + 1) / 2;
  }
  bool allFinished() const {
    return std::ranges::all_of(ranks_, [](const Rank& r) { return r.failed || r.finished; });
  }
  // A rank that has failed does nothing more; one that is finished hears what comes late.
  uint64_t overRanks() const {
    uint64_t over = 0;
    for (size_t rank = 0; rank < ranks_.size(); ++rank)
      over |= ranks_[rank].failed ? uint64_t{1} << rank : 0;
    return over;
  }
  void call(int number) {
    Rank& rank = ranks_[static_cast<size_t>(number)];
    const size_t at = rank.operations.size();
    const bool isLast = number + 1 == calls_.scenario.workers;
    const OpSignature& signature = (isLast ? calls_.lasts : calls_.mine)[at];
    auto& buffer = rank.buffers.emplace_back(signature.count, number + 1);
    const IntegerCall call{signature,     OpTag(static_cast<uint32_t>(at) + 1, signature.digest()),
                           number,        calls_.scenario.workers,
                           buffer.data(), buffer.data()};
    rank.operations.push_back(std::make_unique<IntegerOperation>(call, kPayload));
    add(TraceKind::kCall, number).tag = rank.operations.back()->opTag();
    rig_->begin(number, *rank.operations.back());
  }
  void advance(int number) {
    Rank& rank = ranks_[static_cast<size_t>(number)];
    if (rank.failed) return;
    ears_[static_cast<size_t>(number)]->settle();
    const SlotWindow& window = rig_->window(number);
    if (!window.failure().ok()) {
      rank.failed = true;
      if (!window.sessionLost()) add(TraceKind::kFail, number);
    } else if (window.done() && !rank.finished) {
      add(TraceKind::kReturn, number).operation = static_cast<uint32_t>(rank.operations.size()) - 1;
      rank.finished = rank.operations.size() == calls_.mine.size();
      if (!rank.finished) call(number);
    }
  }

  const Calls calls_;
  Trace trace_;
  std::vector<RecordingRankPort*> ears_;  // by rank; the rig's
  std::vector<Rank> ranks_;
  std::mt19937_64 random_;
  std::unique_ptr<JobRig> rig_;
};

std::string textOf(const Trace& trace, size_t end) {
  std::string text;
  for (size_t i = 0; i <= std::min(end, trace.size() - 1); ++i) text += toText(trace[i]) + "\n";
  return text;
}

void expectAccepted(const Calls& calls, const Trace& trace, uint64_t seed) {
  const auto verdict = ina_model::accepts(calls.scenario, trace);
  EXPECT_TRUE(verdict.isAccepted) << "seed " << seed << ": " << verdict.reason << "\n"
                                  << textOf(trace, verdict.event);
}

// One to three operations of together at most 12 chunks.
Calls callsByChance(std::mt19937_64& random, bool disagree) {
  const int ranks = 2 + static_cast<int>(random() % 3), slots = 1 + static_cast<int>(random() % 3);
  Calls calls(ranks, slots);
  const auto number = 1 + random() % 3;
  for (uint64_t i = 0; i < number; ++i) {
    constexpr Collective kKinds[] = {Collective::kReduce, Collective::kAllReduce,
                                     Collective::kBroadcast};
    const Collective kind = kKinds[random() % 3];
    const int root = kind == Collective::kAllReduce
                         ? -1
                         : static_cast<int>(random() % static_cast<uint64_t>(ranks));
    calls.add(kind, root, 1 + static_cast<int>(random() % (disagree ? 3 : 4)));
  }
  if (disagree) calls.addMismatch(1 + static_cast<int>(random() % 3));
  return calls;
}

ports::FaultRates faultsByChance(std::mt19937_64& random) {
  const auto rate = [&](int percent) {
    return static_cast<double>(random() % 2) * percent / 100.0;
  };
  ports::FaultRates faults;
  faults.loss = rate(20);
  faults.duplication = rate(30);
  faults.reordering = rate(40);
  faults.truncation = rate(5);
  faults.reorderBy = 12;
  return faults;
}

TEST(Traces, OfJobsUnderFaultsAreAccepted) {
  for (uint64_t trial = 0; trial < static_cast<uint64_t>(test::testTrials(300)); ++trial) {
    auto random = test::trialRandom(trial);
    const Calls calls = callsByChance(random, false);
    RecordedJob job(calls, faultsByChance(random), random());
    ASSERT_TRUE(job.run());
    job.expectSums();
    for (int late = 0; late < 200; ++late) job.turn();
    expectAccepted(calls, job.trace(), trial);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Traces, OfRanksThatDisagreeAreAccepted) {
  for (uint64_t trial = 0; trial < static_cast<uint64_t>(test::testTrials(300)); ++trial) {
    auto random = test::trialRandom(trial);
    const Calls calls = callsByChance(random, true);
    RecordedJob job(calls, faultsByChance(random), random());
    ASSERT_TRUE(job.run());
    EXPECT_EQ(job.failures(), calls.scenario.workers);
    expectAccepted(calls, job.trace(), trial);
    if (testing::Test::HasFailure()) return;
  }
}

// The switch loses its registers, or its job table too. Some then wait for ever, which here nobody
// repairs; but nobody does anything that is not allowed.
TEST(Traces, OfASwitchThatForgetsAreAccepted) {
  for (uint64_t trial = 0; trial < static_cast<uint64_t>(test::testTrials(300)); ++trial) {
    auto random = test::trialRandom(trial);
    const Calls calls = callsByChance(random, trial % 2 == 1);
    RecordedJob job(calls, faultsByChance(random), random());
    job.run(static_cast<int>(random() % 200));
    job.rig().program().loseRegisters();
    const bool losesTable = random() % 2 == 0;
    if (losesTable) job.rig().program().jobs().remove(JobRig::kSession);
    job.add(losesTable ? TraceKind::kLoseTable : TraceKind::kLoseRegisters);
    job.run(3000);
    expectAccepted(calls, job.trace(), trial);
    if (testing::Test::HasFailure()) return;
  }
}

// The judge is no formality: the same traces with one thing wrong.
class BrokenTrace : public testing::Test {
 protected:
  BrokenTrace() : calls_(3, 2) {
    calls_.add(Collective::kReduce, 1, 3);
    calls_.add(Collective::kAllReduce, -1, 2);
    RecordedJob job(calls_, {.loss = 0.1}, 7);
    EXPECT_TRUE(job.run());
    trace_ = job.trace();
    expectAccepted(calls_, trace_, 7);
  }
  Trace::iterator find(TraceKind kind, ina_model::Kind packet) {
    const auto found = std::ranges::find_if(trace_, [&](const TraceEvent& event) {
      return event.kind == kind && event.packet == packet;
    });
    EXPECT_NE(found, trace_.end());
    return found;
  }
  void expectRefused(Trace::iterator at, const std::string& reason) {
    const auto verdict = ina_model::accepts(calls_.scenario, trace_);
    EXPECT_FALSE(verdict.isAccepted);
    EXPECT_EQ(verdict.event, static_cast<size_t>(at - trace_.begin()));
    EXPECT_EQ(verdict.reason, reason);
  }

  Calls calls_;
  Trace trace_;
};

TEST_F(BrokenTrace, AResultBeforeAllHaveContributedIsRefused) {
  const auto first = find(TraceKind::kSwitch, ina_model::Kind::kData);
  ASSERT_EQ(first->reply, ina_model::Reply::kNothing);
  first->reply = ina_model::Reply::kResultToAll;
  expectRefused(first, "the switch answers otherwise");
}

TEST_F(BrokenTrace, AContributionThatNobodyMadeIsRefused) {
  const auto sent = find(TraceKind::kSend, ina_model::Kind::kData);
  const auto arrival = std::ranges::find_if(trace_, [&](const TraceEvent& event) {
    return event.kind == TraceKind::kSwitch && event.worker == sent->worker;
  });
  ASSERT_NE(arrival, trace_.end());
  arrival->generation += 2;
  expectRefused(arrival, "nobody sent that");
}

TEST_F(BrokenTrace, AnEarlyReturnIsRefused) {
  const auto early = find(TraceKind::kTake, ina_model::Kind::kHeader);
  TraceEvent event;
  event.kind = TraceKind::kReturn;
  event.worker = early->worker;
  const auto at = trace_.insert(early, event);
  expectRefused(at, "it lacks chunks of that operation");
}

// Somebody else's RESULT, from the switch's own address: the rank believes it, the judge does not.
TEST(Traces, AForgedResultIsFoundOut) {
  Calls calls(2, 1);
  calls.add(Collective::kAllReduce, -1, 1);
  RecordedJob job(calls, {}, 1);
  wire::AggregationHeader header;
  header.kind = wire::PacketKind::kResult;
  header.op = wire::LaneOp::kSum;
  header.type = wire::LaneType::kInt32;
  header.elements = kWordsOfChunk;
  header.session = JobRig::kSession;
  header.opTag = job.trace().back().tag;
  std::vector<std::byte> packet(wire::AggregationHeader::kBytes + kPayload);
  wire::encodeHeader(header, packet);
  const ports::OutgoingDatagram datagram{job.rig().port(0).address(), {packet, {}, {}}};
  ASSERT_TRUE(job.rig().switchPort().send({&datagram, 1}).ok());
  job.run(2000);
  const auto verdict = ina_model::accepts(calls.scenario, job.trace());
  EXPECT_FALSE(verdict.isAccepted);
  EXPECT_EQ(verdict.reason, std::string("nobody sent it that"));
}

}  // namespace
}  // namespace inccl::ina
