// All-gathers and reduce-scatters with blocks of different lengths between real processes: as one
// schedule over channels and block by block over shared memory, however the call is issued.
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "api/rank_world.h"

namespace inccl::test {
namespace {

using ::testing::HasSubstr;
using Lengths = std::vector<size_t>;
using Values = std::vector<int>;

constexpr int kUntouched = -99;
constexpr size_t kGap = 2;  // elements between the blocks of an all-gather

std::vector<Lengths> lengthsFor(int ranks) {
  const auto with = [ranks](auto lengthOf) {
    Lengths lengths;
    for (int block = 0; block < ranks; ++block) lengths.push_back(lengthOf(block));
    return lengths;
  };
  return {with([](int) { return size_t{0}; }),
          with([](int) { return size_t{7}; }),
          with([](int block) { return block == 0 ? size_t{1} : size_t{0}; }),
          with([ranks](int block) { return block == ranks - 1 ? size_t{0} : size_t{13}; }),
          with([](int block) { return size_t{1021} * static_cast<size_t>(block % 3); }),
          with([ranks](int block) { return block == ranks / 2 ? size_t{200003} : size_t{1}; })};
}

// One v-collective of a rank: its memory, its arguments, what must come out.
class VCall {
 public:
  VCall(int rank, const Lengths& lengths, uint32_t round)
      : rank_(rank), round_(round), lengths_(lengths), places_(lengths.size()) {
    // Places are each rank's own: odd ones have the blocks the other way round.
    for (size_t i = 0; i < lengths.size(); ++i) {
      const size_t block = rank % 2 == 0 ? i : lengths.size() - 1 - i;
      places_[block] = spread_;
      spread_ += lengths[block] + kGap;
      if (i < static_cast<size_t>(rank)) packedPlace_ += lengths[i];
    }
    total_ = std::accumulate(lengths.begin(), lengths.end(), size_t{0});
  }

  void prepareGather(bool inPlace) {
    all_.assign(spread_, kUntouched);
    own_ = values<int>(rank_, ownLength(), round_);
    in_ = own_.data();
    if (!inPlace) return;
    in_ = all_.data() + places_[own()];
    std::copy(own_.begin(), own_.end(), in_);
  }
  incclResult_t gather(incclComm_t comm, incclStream_t stream = nullptr) {
    return incclAllGatherv(in_, ownLength(), all_.data(), lengths_.data(), places_.data(),
                           incclInt32, comm, stream);
  }
  void expectGathered() const {
    std::vector<int> right(spread_, kUntouched);
    for (size_t block = 0; block < lengths_.size(); ++block) {
      for (size_t i = 0; i < lengths_[block]; ++i)
        right[places_[block] + i] = valueOf<int>(static_cast<int>(block), i, round_);
    }
    ASSERT_EQ(all_, right);
  }

  void prepareScatter(bool inPlace) {
    all_ = values<int>(rank_, total_, round_);
    own_.assign(ownLength(), kUntouched);
    out_ = inPlace ? all_.data() + packedPlace_ : own_.data();
  }
  incclResult_t scatter(incclComm_t comm, incclRedOp_t op = incclSum,
                        incclStream_t stream = nullptr) {
    return incclReduceScatterv(all_.data(), out_, lengths_.data(), incclInt32, op, comm, stream);
  }
  void expectScattered() const {
    for (size_t i = 0; i < ownLength(); ++i) {
      int sum = 0;
      for (int from = 0; from < static_cast<int>(lengths_.size()); ++from)
        sum += valueOf<int>(from, packedPlace_ + i, round_);
      ASSERT_EQ(out_[i], sum) << i;
    }
  }

  // As the caller may do when a call was issued.
  void forgetArguments() {
    kept_ = lengths_;
    keptPlaces_ = places_;
    std::fill(lengths_.begin(), lengths_.end(), size_t{1} << 40);
    std::fill(places_.begin(), places_.end(), size_t{1} << 41);
  }
  void recallArguments() {
    lengths_ = kept_;
    places_ = keptPlaces_;
  }

 private:
  [[nodiscard]] size_t own() const { return static_cast<size_t>(rank_); }
  [[nodiscard]] size_t ownLength() const { return lengths_[own()]; }

  int rank_;
  uint32_t round_;
  Lengths lengths_, places_, kept_, keptPlaces_;
  size_t spread_ = 0, packedPlace_ = 0, total_ = 0;
  Values all_, own_;
  int *in_ = nullptr, *out_ = nullptr;
};

void checkLengths(incclComm_t comm, int rank, int ranks) {
  uint32_t round = 0;
  for (const Lengths& lengths : lengthsFor(ranks)) {
    for (const bool inPlace : {false, true}) {
      SCOPED_TRACE(testing::Message()
                   << "lengths " << testing::PrintToString(lengths) << " in place " << inPlace);
      VCall call(rank, lengths, ++round);
      call.prepareGather(inPlace);
      ASSERT_EQ(call.gather(comm), incclSuccess) << incclGetLastError(comm);
      ASSERT_NO_FATAL_FAILURE(call.expectGathered());
      call.prepareScatter(inPlace);
      ASSERT_EQ(call.scatter(comm), incclSuccess) << incclGetLastError(comm);
      ASSERT_NO_FATAL_FAILURE(call.expectScattered());
    }
  }
}

TEST(VCollectives, AreExactForAllLengths) {
  for (const char* transport : {"shm", "tcp"}) {
    for (const int ranks : {1, 2, 3, 5, 8}) {
      SCOPED_TRACE(testing::Message() << transport << " " << ranks << " ranks");
      onProcesses(ranks, [&](RankProcess& process) {
        const incclComm_t comm = join(process, transport);
        ASSERT_NE(comm, nullptr);
        checkLengths(comm, process.rank(), ranks);
        EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
      });
    }
  }
}

// Several in a group, and one on a stream: the arrays of lengths are the caller's again at once.
void checkIssued(incclComm_t comm, int rank, incclStream_t stream) {
  const std::array<Lengths, 3> lengths{{{5, 0, 1021}, {0, 0, 0}, {40009, 3, 1}}};
  std::vector<VCall> calls;
  for (uint32_t i = 0; i < 6; ++i) calls.emplace_back(rank, lengths[i / 2], 10 + i);
  for (size_t i = 0; i < 6; ++i) {
    if (i % 2 == 0)
      calls[i].prepareGather(i == 0);
    else
      calls[i].prepareScatter(i == 1);
  }
  const auto issue = [&](size_t i) {
    const incclResult_t issued =
        i % 2 == 0 ? calls[i].gather(comm, stream) : calls[i].scatter(comm, incclSum, stream);
    ASSERT_TRUE(issued == incclSuccess || issued == incclInProgress) << incclGetLastError(comm);
    calls[i].forgetArguments();
  };
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  for (size_t i = 0; i < 5; ++i) issue(i);
  const incclResult_t ended = incclGroupEnd();
  ASSERT_TRUE(ended == incclSuccess || ended == incclInProgress) << incclGetLastError(comm);
  if (!stream && ended == incclSuccess) {  // then a call alone has its result when it returns
    ASSERT_EQ(calls[5].scatter(comm), incclSuccess);
    calls[5].forgetArguments();
  } else {
    issue(5);
  }
  if (stream) {
    ASSERT_EQ(incclStreamSynchronize(stream), incclSuccess);
  }
  incclResult_t state = incclInProgress;
  for (int polls = 0; state == incclInProgress && polls < 20000; ++polls) {
    ASSERT_EQ(incclCommGetAsyncError(comm, &state), incclSuccess);
    if (state == incclInProgress) usleep(1000);
  }
  ASSERT_EQ(state, incclSuccess) << incclGetLastError(comm);
  for (size_t i = 0; i < 6; ++i) {
    SCOPED_TRACE(i);
    calls[i].recallArguments();
    if (i % 2 == 0)
      calls[i].expectGathered();
    else
      calls[i].expectScattered();
  }
}

TEST(VCollectives, InGroupsAndOnStreamsKeepTheirLengths) {
  for (const char* transport : {"shm", "tcp"}) {
    SCOPED_TRACE(transport);
    onProcesses(3, [&](RankProcess& process) {
      const incclComm_t comm = join(process, transport);
      ASSERT_NE(comm, nullptr);
      checkIssued(comm, process.rank(), nullptr);
      incclStream_t stream = nullptr;
      ASSERT_EQ(incclStreamCreate(&stream), incclSuccess);
      checkIssued(comm, process.rank(), stream);
      EXPECT_EQ(incclStreamDestroy(stream), incclSuccess);
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
  }
}

TEST(VCollectives, OnACommunicatorThatDoesNotBlockKeepTheirLengths) {
  for (const char* transport : {"shm", "tcp"}) {
    SCOPED_TRACE(transport);
    onProcesses(3, [&](RankProcess& process) {
      const auto id = process.sharedId<incclUniqueId>(newId);
      incclConfig_t config = INCCL_CONFIG_INITIALIZER;
      config.netName = transport;
      config.blocking = 0;
      incclComm_t comm = nullptr;
      ASSERT_EQ(incclCommInitRankConfig(&comm, 3, id, process.rank(), &config), incclInProgress);
      checkIssued(comm, process.rank(), nullptr);
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
  }
}

TEST(VCollectives, AveragesAndFactorsAreAppliedToEachBlockOnce) {
  for (const char* transport : {"shm", "tcp"}) {
    SCOPED_TRACE(transport);
    onProcesses(3, [&](RankProcess& process) {
      const incclComm_t comm = join(process, transport);
      ASSERT_NE(comm, nullptr);
      const int rank = process.rank();
      const Lengths lengths{4, 0, 1021};
      const size_t first = rank == 0 ? 0 : 4, length = lengths[static_cast<size_t>(rank)];
      const std::vector<double> data = values<double>(rank, 1025, 3);
      std::vector<double> part(length, kUntouched);
      const double factor = rank + 2;
      incclRedOp_t op{};
      ASSERT_EQ(
          incclRedOpCreatePreMulSum(&op, &factor, incclDouble, incclScalarHostImmediate, comm),
          incclSuccess);
      for (const bool isAverage : {true, false}) {
        ASSERT_EQ(incclReduceScatterv(data.data(), part.data(), lengths.data(), incclDouble,
                                      isAverage ? incclAvg : op, comm, nullptr),
                  incclSuccess)
            << incclGetLastError(comm);
        for (size_t i = 0; i < length; ++i) {
          double sum = 0;
          for (int from = 0; from < 3; ++from)
            sum += valueOf<double>(from, first + i, 3) * (isAverage ? 1 : from + 2);
          ASSERT_EQ(part[i], isAverage ? sum / 3 : sum) << i;
        }
      }
      EXPECT_EQ(incclRedOpDestroy(op, comm), incclSuccess);
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
  }
}

TEST(VCollectives, LengthsThatNoMemoryHoldsAreRefused) {
  incclComm_t comm = nullptr;
  ASSERT_EQ(incclCommInitAll(&comm, 1, nullptr), incclSuccess);
  float data[4] = {};
  size_t count = SIZE_MAX, place = 0;
  EXPECT_EQ(incclAllGatherv(data, count, data, &count, &place, incclFloat, comm, nullptr),
            incclInvalidArgument);
  EXPECT_EQ(incclReduceScatterv(data, data, &count, incclFloat, incclSum, comm, nullptr),
            incclInvalidArgument);
  count = 1, place = SIZE_MAX - 1;
  EXPECT_EQ(incclAllGatherv(data, count, data, &count, &place, incclFloat, comm, nullptr),
            incclInvalidArgument);
  EXPECT_THAT(incclGetLastError(comm), HasSubstr("all_gather_v: a block of 1 elements at"));
  count = 1, place = 2;
  data[0] = 5;
  EXPECT_EQ(incclAllGatherv(data, count, data, &count, &place, incclFloat, comm, nullptr),
            incclInvalidArgument)
      << "they overlap";
  EXPECT_EQ(incclAllGatherv(data, count, data + 1, &count, &place, incclFloat, comm, nullptr),
            incclSuccess);
  EXPECT_EQ(data[3], 5);
  EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
}

}  // namespace
}  // namespace inccl::test
