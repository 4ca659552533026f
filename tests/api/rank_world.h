// One rank's communicator in a test process, and the checks that tests of ranks share.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <string>
#include <vector>

#include "inccl/inccl.h"
#include "support/run_processes.h"

namespace inccl::test {

inline incclUniqueId newId() {
  incclUniqueId id{};
  EXPECT_EQ(incclGetUniqueId(&id), incclSuccess) << incclGetLastError(nullptr);
  return id;
}

// Runs body as `ranks` processes and expects that all end well.
inline void onProcesses(int ranks, const RankProcesses::Body& body,
                        Nanos timeout = kProcessesTimeout) {
  EXPECT_EQ(notClean(runProcesses(ranks, body, timeout)), "");
}

// Joins the communicator of all processes of the run; NULL after a failed expectation.
inline incclComm_t join(RankProcess& process, const char* transport = nullptr,
                        int operationTimeoutMs = 20000) {
  const auto id = process.sharedId<incclUniqueId>(newId);
  incclConfig_t config = INCCL_CONFIG_INITIALIZER;
  config.netName = transport;
  config.operationTimeoutMs = operationTimeoutMs;
  incclComm_t comm = nullptr;
  EXPECT_EQ(incclCommInitRankConfig(&comm, process.size(), id, process.rank(), &config),
            incclSuccess)
      << incclGetLastError(nullptr);
  return comm;
}

// Values that differ by rank, place and round; sums over up to 16 ranks are exact in every type.
template <typename T>
T valueOf(int rank, size_t index, uint32_t round) {
  return static_cast<T>(static_cast<int>((index * 3 + static_cast<size_t>(rank) * 5 + round) % 61) -
                        30);
}

template <typename T>
std::vector<T> values(int rank, size_t count, uint32_t round) {
  std::vector<T> data(count);
  for (size_t i = 0; i < count; ++i) data[i] = valueOf<T>(rank, i, round);
  return data;
}

}  // namespace inccl::test
