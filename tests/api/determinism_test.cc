// The promise of `plan`: one plan id gives the same bits from run to run, whatever the transport,
// the threads and the moments at which ranks come. And of `ranks`: all ranks get the same bits.
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <random>
#include <tuple>

#include "api/rank_world.h"
#include "base/hash.h"
#include "support/run_ranks.h"
#include "support/seed.h"

namespace inccl::test {
namespace {

constexpr int kRanks = 5;
constexpr int kRuns = 100;

// Sums of these depend on the order of adding in nearly every element.
float roughAt(int rank, size_t index) {
  const uint64_t mixed = mixHash(static_cast<uint64_t>(rank) + 1, index);
  return std::ldexp(static_cast<float>(mixed >> 40), -static_cast<int>(mixed % 24));
}

struct Case {
  const char* algorithms;  // NULL: the library's choice
  size_t count;
  auto operator<=>(const Case&) const = default;
};
constexpr Case kCases[] = {
    {nullptr, 3},           {nullptr, 1000},        {nullptr, 50000},           {"ring", 50000},
    {"rabenseifner", 5000}, {"double_tree", 20000}, {"recursive_doubling", 777}};

// What every case of a run gave; equal on all ranks.
using Hashes = std::map<std::pair<Case, uint64_t>, uint64_t>;  // by case and plan id

class Runs {
 public:
  // One run: ranks as threads, which come when they like.
  void run(int number) {
    const char* const transport = std::array{"inproc", "shm", "tcp"}[number % 3];
    const incclUniqueId id = newId();
    std::mutex mutex;
    std::map<Case, uint64_t> first;
    runRanks(kRanks, [&](int rank) {
      std::mt19937_64 random(testSeed() + static_cast<uint64_t>(number * kRanks + rank));
      incclConfig_t config = INCCL_CONFIG_INITIALIZER;
      config.netName = transport;
      incclComm_t comm = nullptr;
      ASSERT_EQ(incclCommInitRankConfig(&comm, kRanks, id, rank, &config), incclSuccess)
          << incclGetLastError(nullptr);
      for (const Case& which : kCases) {
        if (random() % 2 == 0) usleep(static_cast<useconds_t>(random() % 300));
        const auto [hash, planId] = call(comm, rank, which, transport);
        const std::lock_guard lock(mutex);
        EXPECT_EQ(first.emplace(which, hash).first->second, hash)
            << "rank " << rank << " has other bits over " << transport;
        EXPECT_EQ(hashes_.emplace(std::pair{which, planId}, hash).first->second, hash)
            << "run " << number << " over " << transport << " has other bits than an earlier one";
      }
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
  }
  [[nodiscard]] const Hashes& hashes() const { return hashes_; }

 private:
  // Hash of the result, and the plan that made it.
  static std::pair<uint64_t, uint64_t> call(incclComm_t comm, int rank, const Case& which,
                                            const char* transport) {
    std::vector<float> data(which.count);
    for (size_t i = 0; i < data.size(); ++i) data[i] = roughAt(rank, i);
    incclCollConfig_t config = INCCL_COLL_CONFIG_INITIALIZER;
    config.algSelection = which.algorithms;
    EXPECT_EQ(incclAllReduceConfig(data.data(), data.data(), data.size(), incclFloat, incclSum,
                                   comm, nullptr, &config),
              incclSuccess)
        << incclGetLastError(comm);
    uint64_t planId = 0;
    EXPECT_EQ(incclCommGetPlanId(comm, "all_reduce", which.count * sizeof(float), &planId),
              incclSuccess);
    // A selected plan is told apart by what its slices depend on, the transport.
    if (which.algorithms != nullptr) planId = hashBytes(transport, 0);
    return {hashBytes({reinterpret_cast<const char*>(data.data()), data.size() * sizeof(float)}, 0),
            planId};
  }

  Hashes hashes_;
};

TEST(Determinism, OnePlanGivesTheSameBitsInAHundredRuns) {
  Runs runs;
  for (int number = 0; number < kRuns && !HasFailure(); ++number) runs.run(number);
  // The values are such that other plans do give other bits: the test sees what it is for.
  std::map<size_t, std::vector<uint64_t>> byCount;
  for (const auto& [which, hash] : runs.hashes()) byCount[which.first.count].push_back(hash);
  EXPECT_GT(byCount[50000].size(), 2u);
  std::sort(byCount[50000].begin(), byCount[50000].end());
  EXPECT_NE(byCount[50000].front(), byCount[50000].back());
}

// `strict`: not even the plan matters.
TEST(Determinism, StrictSumsDependOnTheInputsAlone) {
  ::setenv("INCCL_DETERMINISM", "strict", 1);
  for (const size_t count : {1, 1000, 70000}) {
    std::map<std::string, uint64_t> hashes;
    std::mutex mutex;
    for (const char* transport : {"inproc", "shm", "tcp"}) {
      const incclUniqueId id = newId();
      runRanks(kRanks, [&](int rank) {
        incclConfig_t config = INCCL_CONFIG_INITIALIZER;
        config.netName = transport;
        incclComm_t comm = nullptr;
        ASSERT_EQ(incclCommInitRankConfig(&comm, kRanks, id, rank, &config), incclSuccess)
            << incclGetLastError(nullptr);
        for (const char* algorithm :
             {"", "ring", "rabenseifner", "double_tree", "direct", "recursive_doubling"}) {
          std::vector<float> data(count);
          for (size_t i = 0; i < count; ++i) data[i] = roughAt(rank, i);
          if (count > 900) data[900] = rank == 2 ? std::numeric_limits<float>::infinity() : 1.0f;
          incclCollConfig_t selected = INCCL_COLL_CONFIG_INITIALIZER;
          if (*algorithm != '\0') selected.algSelection = algorithm;
          ASSERT_EQ(incclAllReduceConfig(data.data(), data.data(), count, incclFloat, incclSum,
                                         comm, nullptr, &selected),
                    incclSuccess)
              << incclGetLastError(comm);
          const uint64_t hash =
              hashBytes({reinterpret_cast<const char*>(data.data()), count * sizeof(float)}, 0);
          const std::lock_guard lock(mutex);
          hashes[fmt::format("{} {} rank {}", transport, algorithm, rank)] = hash;
        }
        EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
      });
    }
    for (const auto& [what, hash] : hashes)
      EXPECT_EQ(hash, hashes.begin()->second) << what << " count " << count;
  }
  ::unsetenv("INCCL_DETERMINISM");
}

TEST(Determinism, WhatCannotBeStrictIsRefused) {
  ::setenv("INCCL_DETERMINISM", "strict", 1);
  const incclUniqueId id = newId();
  runRanks(2, [&](int rank) {
    incclComm_t comm = nullptr;
    ASSERT_EQ(incclCommInitRank(&comm, 2, id, rank), incclSuccess) << incclGetLastError(nullptr);
    double two[2] = {1.5, 2.5};
    float one = 1.5f;
    const auto refused = [&](incclDataType_t type, incclRedOp_t op) {
      EXPECT_EQ(incclAllReduce(two, two, 1, type, op, comm, nullptr), incclInvalidUsage);
      EXPECT_NE(std::string(incclGetLastError(comm)).find("strict"), std::string::npos);
    };
    refused(incclFloat64, incclSum);
    refused(incclFloat32, incclProd);
    EXPECT_EQ(incclReduceScatter(two, &one, 1, incclFloat32, incclSum, comm, nullptr),
              incclInvalidUsage);
    EXPECT_EQ(incclAllReduce(two, two, 2, incclFloat64, incclMax, comm, nullptr), incclSuccess);
    EXPECT_EQ(incclAllReduce(&one, &one, 1, incclFloat32, incclAvg, comm, nullptr), incclSuccess);
    EXPECT_EQ(one, 1.5f);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
  ::unsetenv("INCCL_DETERMINISM");
}

}  // namespace
}  // namespace inccl::test
