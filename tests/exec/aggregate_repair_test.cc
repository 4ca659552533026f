// Operations at a switch that dies at a random moment, between ranks whose users reuse their
// buffers as soon as a call returns: every result is right, and all calls end.
//
// Ranks, switch, root and service threads are stepped by chance in one thread, so a trial is a
// function of its seed. What hosts do is an exchange in this test's memory.
#include <gtest/gtest.h>

#include <bit>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <random>

#include "exec/aggregate.h"
#include "ina/float_operation.h"
#include "ina/integer_operation.h"
#include "ina/job_rig.h"
#include "ina/lane_sum.h"
#include "support/seed.h"

namespace inccl::exec {
namespace {

using ina::JobRig;
using transport::Progress;
using Words = std::vector<int32_t>;

// A reduction of all ranks' data, by its number.
struct Meeting {
  int come = 0;
  std::vector<std::byte> sum;
};

class MeetOperation final : public Operation {
 public:
  MeetOperation(Meeting& meeting, int ranks, std::span<std::byte> data, DataType type, RedOp op,
                bool wants)
      : meeting_(meeting), ranks_(ranks), data_(data), type_(type), op_(op), wants_(wants) {}

  [[nodiscard]] Progress step() override {
    if (!come_) {
      come_ = true;
      if (meeting_.come++ == 0)
        meeting_.sum.assign(data_.begin(), data_.end());
      else if (meeting_.sum.size() != data_.size())
        return Progress::kBroken;
      else
        ina::addLanes(meeting_.sum.data(), data_.data(), data_.size(), type_, op_);
    }
    if (meeting_.come < ranks_) return wants_ ? Progress::kPending : Progress::kDone;
    if (wants_) std::ranges::copy(meeting_.sum, data_.begin());
    return Progress::kDone;
  }
  [[nodiscard]] int blamedRank() const override { return -1; }
  [[nodiscard]] Status failure() const override { return internalError("other lengths"); }
  [[nodiscard]] int awaitedRank() const override { return -1; }
  void addWaitHandles(std::vector<transport::WaitHandle>&) const override {}

 private:
  Meeting& meeting_;
  const int ranks_;
  const std::span<std::byte> data_;
  const DataType type_;
  const RedOp op_;
  const bool wants_;
  bool come_ = false;
};

struct Meetings {
  std::map<uint32_t, Meeting> wholes, parts;  // by sequence; by how many there were
};

class TestHosts final : public HostWay {
 public:
  TestHosts(Meetings& meetings, uint32_t& parts, const ina::IntegerCall& call, bool& wasWhole)
      : meetings_(meetings), parts_(parts), call_(call), wasWhole_(wasWhole) {}

  Result<std::unique_ptr<Operation>> whole() override {
    wasWhole_ = true;
    const bool rooted = call_.signature.root >= 0;
    const bool gives =
        call_.signature.collective != Collective::kBroadcast || call_.rank == call_.signature.root;
    const bool wants =
        call_.signature.collective != Collective::kReduce || call_.rank == call_.signature.root;
    auto* const data = static_cast<std::byte*>(call_.recv);
    const std::span all(data, call_.signature.count * 4);
    if (rooted && !gives) std::ranges::fill(all, std::byte{0});
    return std::unique_ptr<Operation>(
        std::make_unique<MeetOperation>(meetings_.wholes[call_.tag.sequence()], call_.rankCount,
                                        all, call_.signature.type, RedOp::kSum, wants));
  }
  Result<std::unique_ptr<Operation>> allReduce(void* data, size_t count, DataType type,
                                               RedOp op) override {
    return std::unique_ptr<Operation>(std::make_unique<MeetOperation>(
        meetings_.parts[parts_++], call_.rankCount,
        std::span(static_cast<std::byte*>(data), count * sizeOf(type)), type, op, true));
  }

 private:
  Meetings& meetings_;
  uint32_t& parts_;
  const ina::IntegerCall call_;
  bool& wasWhole_;
};

using Integers = AggregateOf<ina::IntegerOperation, TestHosts>;
using Floats = AggregateOf<ina::FloatOperation, TestHosts>;

struct Note {
  int from = 0, to = 0;
  std::vector<std::byte> bytes;
};

class Job {
 public:
  Job(int ranks, uint32_t slots, std::vector<OpSignature> calls, std::mt19937_64& random)
      : calls_(std::move(calls)),
        slots_(slots),
        random_(random),
        // No time-out comes in this test's time: what is lost stays lost, so ranks are caught
        // apart.
        rig_({.ranks = ranks,
              .slots = slots,
              .payloadBytes = 64,
              .faults = {.loss = random() % 2 == 0 ? 0 : 0.03},
              .seed = random()}),
        ranks_(static_cast<size_t>(ranks)),
        inboxes_(static_cast<size_t>(ranks)) {
    for (int rank = 0; rank < ranks; ++rank) {
      const auto post = [this, rank](int to, std::vector<std::byte> bytes) {
        toRoot_.push_back({rank, to, std::move(bytes)});
      };
      ranks_[static_cast<size_t>(rank)].desk =
          std::make_unique<ina::RepairDesk>(rig_.shard(rank).window(), rank, ranks, post);
      if (rank == 0) coordinator_ = std::make_unique<ina::RepairCoordinator>(ranks, slots, post);
    }
  }

  // The switch dies after `actions`, and then some rank finds out.
  void run(uint64_t actions) {
    for (uint64_t action = 0; !over(); ++action) {
      ASSERT_LT(action, actions + 200000) << "it does not end";
      if (action == actions) rig_.stopSwitch();
      if (action == actions + 20) ranks_[random_() % ranks_.size()].desk->suspect("a test");
      act();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
  [[nodiscard]] int repaired() const { return repaired_; }
  [[nodiscard]] int whole() const { return whole_; }

 private:
  struct Rank {
    std::unique_ptr<ina::RepairDesk> desk;
    std::unique_ptr<AggregateOperation> operation;
    size_t next = 0;
    uint32_t parts = 0;
    bool whole = false;
    Words data;  // or floats, bit by bit
    ina::FloatRoom room;
  };

  [[nodiscard]] bool over() const {
    return std::ranges::all_of(ranks_, [&](const Rank& r) { return r.next == calls_.size(); });
  }
  int32_t value(int rank, size_t call, size_t i) const {
    return static_cast<int32_t>(1000003u * static_cast<uint32_t>(rank + 1) +
                                7919u * static_cast<uint32_t>(call) + static_cast<uint32_t>(i));
  }
  // Small integers, whose sums are exact however they are added; here and there an infinity.
  float floatValue(int rank, size_t call, size_t i) const {
    const size_t mixed = (i + 1) * 2654435761u + call * 40503u;
    if (mixed % 401 < 2 && mixed % ranks_.size() == static_cast<size_t>(rank))
      return std::numeric_limits<float>::infinity();
    return static_cast<float>(
               static_cast<int>((i * 7 + static_cast<size_t>(rank) * 5 + call) % 61)) -
           30.0f;
  }

  void act() {
    switch (random_() % 4) {
      case 0:
        return rig_.turnSwitch();
      case 1:
        return deliver();
      default:
        return step(static_cast<int>(random_() % ranks_.size()));
    }
  }

  // A note on its way to the root, or from there.
  void deliver() {
    const size_t rank = random_() % ranks_.size();
    if (random_() % 2 == 0 && !toRoot_.empty()) {
      const Note note = std::move(toRoot_.front());
      toRoot_.pop_front();
      for (size_t to = 0; to < ranks_.size(); ++to) {
        if (note.to == ina::kToAllRanks || note.to == static_cast<int>(to))
          inboxes_[to].push_back(note);
      }
    } else if (!inboxes_[rank].empty()) {
      const Note note = std::move(inboxes_[rank].front());
      inboxes_[rank].pop_front();
      if (rank == 0) coordinator_->onNote(note.from, note.bytes);
      ranks_[rank].desk->onNote(note.from, note.bytes);
    }
  }

  void begin(int rank) {
    Rank& r = ranks_[static_cast<size_t>(rank)];
    const OpSignature& signature = calls_[r.next];
    r.data.resize(signature.count);
    const bool floats = signature.type == DataType::kFloat32;
    for (size_t i = 0; i < r.data.size(); ++i)
      r.data[i] =
          floats ? std::bit_cast<int32_t>(floatValue(rank, r.next, i)) : value(rank, r.next, i);
    const ina::IntegerCall call{
        signature,     OpTag(static_cast<uint32_t>(r.next) + 1, signature.digest()),
        rank,          static_cast<int>(ranks_.size()),
        r.data.data(), r.data.data()};
    const SwitchPlace place{rig_.shard(rank), *r.desk, -1};
    r.whole = false;
    const TestHosts hosts(meetings_, r.parts, call, r.whole);
    if (!floats) {
      r.operation = std::make_unique<Integers>(place, hosts, call, size_t{64});
      return;
    }
    auto* const data = reinterpret_cast<float*>(r.data.data());
    const ina::FloatCall sum{signature, call.tag, rank, call.rankCount, data, data};
    r.operation = std::make_unique<Floats>(place, hosts, sum, slots_, size_t{64}, r.room);
  }

  void step(int rank) {
    Rank& r = ranks_[static_cast<size_t>(rank)];
    if (r.next == calls_.size()) return;
    if (!r.operation) {
      if (random_() % 4 == 0) begin(rank);
      return;
    }
    const Progress progress = r.operation->step();
    ASSERT_TRUE(progress == Progress::kPending || progress == Progress::kDone)
        << r.operation->failure().message();
    if (progress == Progress::kPending) return;
    expectRight(rank);
    whole_ += r.whole ? 1 : 0;
    repaired_ += r.parts > 0 ? 1 : 0;
    std::ranges::fill(r.data, int32_t{0x5e5e5e5e});  // the user's again
    r.operation.reset();
    ++r.next;
  }

  void expectRight(int rank) {
    const Rank& r = ranks_[static_cast<size_t>(rank)];
    const OpSignature& signature = calls_[r.next];
    if (signature.collective == Collective::kReduce && rank != signature.root) return;
    for (size_t i = 0; i < r.data.size(); ++i) {
      if (signature.type == DataType::kFloat32) {
        float sum = 0;
        for (int from = 0; from < static_cast<int>(ranks_.size()); ++from)
          sum += floatValue(from, r.next, i);
        ASSERT_EQ(std::bit_cast<float>(r.data[i]), sum)
            << "rank " << rank << " call " << r.next << " at " << i;
        continue;
      }
      uint32_t sum = 0;
      for (int from = 0; from < static_cast<int>(ranks_.size()); ++from) {
        if (signature.collective != Collective::kBroadcast || from == signature.root)
          sum += static_cast<uint32_t>(value(from, r.next, i));
      }
      ASSERT_EQ(r.data[i], static_cast<int32_t>(sum))
          << "rank " << rank << " call " << r.next << " " << signature.describe() << " at " << i;
    }
  }

  const std::vector<OpSignature> calls_;
  const uint32_t slots_;
  std::mt19937_64& random_;
  JobRig rig_;
  Meetings meetings_;
  std::vector<Rank> ranks_;
  std::unique_ptr<ina::RepairCoordinator> coordinator_;
  std::deque<Note> toRoot_;
  std::vector<std::deque<Note>> inboxes_;
  int repaired_ = 0, whole_ = 0;
};

std::vector<OpSignature> callsByChance(int ranks, std::mt19937_64& random) {
  std::vector<OpSignature> calls(1 + random() % 5);
  for (OpSignature& call : calls) {
    constexpr Collective kKinds[] = {Collective::kAllReduce, Collective::kReduce,
                                     Collective::kBroadcast};
    call.collective = kKinds[random() % 3];
    call.type = DataType::kInt32;
    call.op = RedOp::kSum;
    call.root =
        isRooted(call.collective) ? static_cast<int>(random() % static_cast<unsigned>(ranks)) : -1;
    call.count = 1 + random() % 200;
    if (call.collective == Collective::kBroadcast || random() % 3 != 0) continue;
    call.type = DataType::kFloat32;
    call.count = 1 + random() % 3000;
  }
  return calls;
}

TEST(AggregateRepair, ASwitchMayDieAtAnyMoment) {
  int repaired = 0, whole = 0;
  const int trials = test::testTrials(1500);
  for (int trial = 0; trial < trials; ++trial) {
    std::mt19937_64 random = test::trialRandom(trial);
    const int ranks = 2 + static_cast<int>(random() % 4);
    const auto slots = static_cast<uint32_t>(1 + random() % 4);
    Job job(ranks, slots, callsByChance(ranks, random), random);
    job.run(random() % 600);
    if (HasFatalFailure()) FAIL() << "trial " << trial;
    repaired += job.repaired();
    whole += job.whole();
  }
  EXPECT_GT(repaired, trials / 10);
  EXPECT_GT(whole, trials / 10);
}

}  // namespace
}  // namespace inccl::exec
