// Collectives of integers through a switch: exact for every size, rank count and kind of fault.
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "ina/job_rig.h"
#include "support/seed.h"

namespace inccl::ina {
namespace {

using Bytes = std::vector<std::byte>;

// The byte of rank r's input at `at`, for operation `sequence`.
std::byte inputAt(int rank, uint32_t sequence, size_t at) {
  const uint64_t mixed =
      (static_cast<uint64_t>(rank) + 3) * 0x9e3779b97f4a7c15ULL * (sequence + 1) +
      at * 0xbf58476d1ce4e5b9ULL;
  return static_cast<std::byte>(mixed >> 29);
}

uint32_t wordAt(int rank, uint32_t sequence, size_t word) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i)
    value |= std::to_integer<uint32_t>(inputAt(rank, sequence, 4 * word + i)) << (8 * i);
  return value;
}

uint32_t combined(RedOp op, DataType type, uint32_t a, uint32_t b) {
  const bool less =
      type == DataType::kInt32 ? static_cast<int32_t>(a) < static_cast<int32_t>(b) : a < b;
  switch (op) {
    case RedOp::kMin:
      return less ? a : b;
    case RedOp::kMax:
      return less ? b : a;
    case RedOp::kBitAnd:
      return a & b;
    case RedOp::kBitOr:
      return a | b;
    case RedOp::kBitXor:
      return a ^ b;
    default:
      return a + b;
  }
}

// One collective on all ranks of a job: its memory, and what must come out.
class Trial {
 public:
  Trial(const OpSignature& signature, uint32_t sequence, int ranks, size_t payloadBytes,
        bool inPlace)
      : signature_(signature), sequence_(sequence), ranks_(ranks) {
    blockBytes_ = signature.count * sizeOf(signature.type);
    const auto blocks = static_cast<size_t>(ranks);
    const Collective collective = signature.collective;
    const size_t sends = collective == Collective::kReduceScatter ? blocks : 1;
    const size_t receives = collective == Collective::kAllGather ? blocks : 1;
    for (int rank = 0; rank < ranks; ++rank) {
      const auto r = static_cast<size_t>(rank);
      Bytes& send = memory_.emplace_back(std::max(sends, receives) * blockBytes_);
      Bytes& recv = outputs_.emplace_back(receives * blockBytes_);
      const size_t sendAt = inPlace && receives > sends ? r * blockBytes_ : 0;
      for (size_t i = 0; i < sends * blockBytes_; ++i)
        send[sendAt + i] = inputAt(rank, sequence, i);
      IntegerCall call{
          signature, OpTag(sequence, signature.digest()), rank, ranks, send.data() + sendAt,
          nullptr};
      call.recv = !inPlace           ? static_cast<void*>(recv.data())
                  : sends > receives ? send.data() + r * blockBytes_
                                     : send.data();
      results_.push_back(static_cast<const std::byte*>(call.recv));
      operations_.push_back(std::make_unique<IntegerOperation>(call, payloadBytes));
    }
  }

  IntegerOperation& operation(int rank) { return *operations_[static_cast<size_t>(rank)]; }

  void expectRight() const {
    for (int rank = 0; rank < ranks_; ++rank) {
      const bool receives = signature_.collective != Collective::kReduce || rank == signature_.root;
      if (!receives || blockBytes_ == 0 || signature_.collective == Collective::kBarrier) continue;
      const Bytes expected = expectedOf(rank);
      ASSERT_EQ(std::memcmp(results_[static_cast<size_t>(rank)], expected.data(), expected.size()),
                0)
          << "rank " << rank << " of " << ranks_ << ": " << signature_.describe();
    }
  }

 private:
  Bytes expectedOf(int rank) const {
    Bytes expected;
    if (signature_.collective == Collective::kBroadcast) return inputOf(signature_.root);
    if (signature_.collective == Collective::kAllGather) {
      for (int from = 0; from < ranks_; ++from) {
        const Bytes block = inputOf(from);
        expected.insert(expected.end(), block.begin(), block.end());
      }
      return expected;
    }
    const size_t first = signature_.collective == Collective::kReduceScatter
                             ? static_cast<size_t>(rank) * signature_.count
                             : 0;
    expected.resize(blockBytes_);
    for (size_t word = 0; word < signature_.count; ++word) {
      uint32_t value = wordAt(0, sequence_, first + word);
      for (int from = 1; from < ranks_; ++from)
        value =
            combined(signature_.op, signature_.type, value, wordAt(from, sequence_, first + word));
      std::memcpy(expected.data() + 4 * word, &value, 4);
    }
    return expected;
  }
  Bytes inputOf(int rank) const {
    Bytes input(blockBytes_);
    for (size_t i = 0; i < input.size(); ++i) input[i] = inputAt(rank, sequence_, i);
    return input;
  }

  const OpSignature signature_;
  const uint32_t sequence_;
  const int ranks_;
  size_t blockBytes_ = 0;
  std::vector<Bytes> memory_, outputs_;
  std::vector<const std::byte*> results_;
  std::vector<std::unique_ptr<IntegerOperation>> operations_;
};

void runOne(JobRig& rig, const OpSignature& signature, uint32_t sequence, size_t payloadBytes,
            bool inPlace) {
  Trial trial(signature, sequence, rig.ranks(), payloadBytes, inPlace);
  for (int rank = 0; rank < rig.ranks(); ++rank) rig.begin(rank, trial.operation(rank));
  ASSERT_TRUE(rig.run()) << signature.describe();
  for (int rank = 0; rank < rig.ranks(); ++rank)
    ASSERT_TRUE(rig.window(rank).failure().ok()) << rig.window(rank).failure().message();
  trial.expectRight();
}

OpSignature signatureOf(Collective collective, uint64_t count, int ranks,
                        DataType type = DataType::kInt32, RedOp op = RedOp::kSum) {
  return {collective, type, op, isRooted(collective) ? ranks - 1 : -1, count};
}

constexpr Collective kSummed[] = {Collective::kAllReduce, Collective::kReduce,
                                  Collective::kReduceScatter};
constexpr Collective kCarried[] = {Collective::kBroadcast, Collective::kAllGather};

// Sizes around the chunk (64 words) and the window (4 chunks).
constexpr uint64_t kCounts[] = {0, 1, 63, 64, 65, 255, 256, 257, 1009};

TEST(Integers, EverySizeRankCountAndPlace) {
  for (const int ranks : {1, 2, 3, 5, 8, 32}) {
    JobRig rig({.ranks = ranks});
    uint32_t sequence = 0;
    for (const bool inPlace : {false, true}) {
      for (const uint64_t count : kCounts) {
        for (const Collective collective : kSummed)
          runOne(rig, signatureOf(collective, count, ranks), ++sequence, 256, inPlace);
        for (const Collective collective : kCarried)
          runOne(rig, signatureOf(collective, count, ranks), ++sequence, 256, inPlace);
        runOne(rig, signatureOf(Collective::kBarrier, 0, ranks), ++sequence, 256, inPlace);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(Integers, EveryOperationAndTypesOfOddSizesAreCarried) {
  JobRig rig({.ranks = 3});
  uint32_t sequence = 0;
  for (const RedOp op :
       {RedOp::kSum, RedOp::kMin, RedOp::kMax, RedOp::kBitAnd, RedOp::kBitOr, RedOp::kBitXor})
    for (const DataType type : {DataType::kInt32, DataType::kUint32})
      runOne(rig, signatureOf(Collective::kAllReduce, 333, 3, type, op), ++sequence, 256, true);
  for (const DataType type :
       {DataType::kInt8, DataType::kFloat16, DataType::kFloat64, DataType::kComplex128})
    for (const uint64_t count : {1, 3, 129, 258})
      for (const Collective collective : kCarried)
        runOne(rig, signatureOf(collective, count, 3, type), ++sequence, 256, false);
}

TEST(Integers, OneSlotAndLargePacketsAndManyRanks) {
  for (const auto& [ranks, slots, bytes] :
       {std::tuple{2, 1u, 256u}, {4, 16u, 8192u}, {70, 3u, 1024u}}) {
    JobRig rig({.ranks = ranks,
                .slots = slots,
                .payloadBytes = bytes,
                .profile = pipeline::Profile::full()});
    uint32_t sequence = 0;
    for (const uint64_t count : {1, 4097, 20000}) {
      runOne(rig, signatureOf(Collective::kAllReduce, count, ranks), ++sequence, bytes, true);
      if (HasFatalFailure()) return;
    }
  }
}

// The faults of networks, alone and together; operations follow each other at once.
TEST(Integers, NoFaultOfTheNetworkChangesASum) {
  const ports::FaultRates faults[] = {
      {.loss = 0.05},
      {.duplication = 0.2},
      {.reordering = 0.3, .reorderBy = 40},
      {.truncation = 0.05},
      {.loss = 0.15, .duplication = 0.15, .reordering = 0.3, .truncation = 0.02, .reorderBy = 20}};
  const int trials = test::testTrials(4);
  for (int trial = 0; trial < trials; ++trial) {
    for (const ports::FaultRates& rates : faults) {
      for (const int ranks : {1, 2, 3, 5}) {
        JobRig rig({.ranks = ranks,
                    .slots = 3,
                    .faults = rates,
                    .seed = test::testSeed() + static_cast<uint64_t>(trial)});
        uint32_t sequence = 0;
        for (const Collective collective :
             {Collective::kAllReduce, Collective::kReduce, Collective::kAllGather,
              Collective::kBarrier, Collective::kReduceScatter, Collective::kBroadcast}) {
          runOne(rig, signatureOf(collective, collective == Collective::kBarrier ? 0 : 700, ranks),
                 ++sequence, 256, trial % 2 == 0);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// Ranks one operation apart: who is done goes on while others still ask for the last results.
TEST(Integers, RanksMayBeAnOperationApart) {
  JobRig rig({.ranks = 2, .faults = {.loss = 0.3}, .seed = test::testSeed()});
  std::vector<std::unique_ptr<Trial>> trials;
  for (uint32_t sequence = 1; sequence <= 30; ++sequence)
    trials.push_back(std::make_unique<Trial>(
        signatureOf(sequence % 2 ? Collective::kReduce : Collective::kAllReduce, 300, 2), sequence,
        2, 256, true));
  size_t at[2] = {0, 0};
  for (int rank = 0; rank < 2; ++rank) rig.begin(rank, trials[0]->operation(rank));
  bool apart = false;
  for (int turn = 0;
       turn < 200000 && (at[0] + 1 < trials.size() || at[1] + 1 < trials.size() || !rig.allDone());
       ++turn) {
    rig.turn();
    for (int rank = 0; rank < 2; ++rank) {
      if (!rig.window(rank).done() || at[rank] + 1 >= trials.size()) continue;
      rig.begin(rank, trials[++at[rank]]->operation(rank));
    }
    apart = apart || at[0] != at[1];
  }
  ASSERT_TRUE(rig.allDone());
  EXPECT_TRUE(apart);
  for (const auto& trial : trials) trial->expectRight();
}

}  // namespace
}  // namespace inccl::ina
