// Groups against plain calls, in every order that is legal; ranks that come late or have left.
#include <algorithm>
#include <filesystem>
#include <thread>

#include "api/rank_world.h"
#include "base/clock.h"

namespace inccl::test {
namespace {

class OverEach : public testing::TestWithParam<const char*> {};

constexpr size_t kCount = 100000;  // more than a channel holds

incclResult_t send(const std::vector<int32_t>& data, int peer, incclComm_t comm) {
  return incclSend(data.data(), data.size(), incclInt32, peer, comm, nullptr);
}
incclResult_t recv(std::vector<int32_t>& data, int peer, incclComm_t comm) {
  return incclRecv(data.data(), data.size(), incclInt32, peer, comm, nullptr);
}

TEST_P(OverEach, AGroupMeetsPlainCallsInTheOtherOrder) {
  onProcesses(2, [](RankProcess& process) {
    incclComm_t comm = join(process, GetParam());
    const auto mine = values<int32_t>(process.rank(), kCount, 1);
    std::vector<int32_t> theirs(kCount);
    if (process.rank() == 0) {
      ASSERT_EQ(incclGroupStart(), incclSuccess);
      ASSERT_EQ(send(mine, 1, comm), incclSuccess);
      ASSERT_EQ(recv(theirs, 1, comm), incclSuccess);
      ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(comm);
    } else {
      ASSERT_EQ(recv(theirs, 0, comm), incclSuccess) << incclGetLastError(comm);
      ASSERT_EQ(send(mine, 0, comm), incclSuccess) << incclGetLastError(comm);
    }
    EXPECT_EQ(theirs, values<int32_t>(1 - process.rank(), kCount, 1));
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST_P(OverEach, AMessageGoesRoundWhereOnlyTheFirstRankGroups) {
  onProcesses(3, [](RankProcess& process) {
    incclComm_t comm = join(process, GetParam());
    auto data = values<int32_t>(0, kCount, 2);
    std::vector<int32_t> back(kCount);
    if (process.rank() == 0) {
      ASSERT_EQ(incclGroupStart(), incclSuccess);
      ASSERT_EQ(recv(back, 2, comm), incclSuccess);
      ASSERT_EQ(send(data, 1, comm), incclSuccess);
      ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(comm);
      EXPECT_EQ(back, data);
    } else {
      ASSERT_EQ(recv(back, process.rank() - 1, comm), incclSuccess) << incclGetLastError(comm);
      ASSERT_EQ(send(back, (process.rank() + 1) % 3, comm), incclSuccess);
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST_P(OverEach, ACollectiveOfAGroupRunsBesideAMessageThatComesAfterIt) {
  onProcesses(2, [](RankProcess& process) {
    incclComm_t comm = join(process, GetParam());
    auto data = values<int32_t>(1, kCount, 3);
    std::vector<int32_t> message(kCount), everywhere(kCount);
    if (process.rank() == 0) {
      ASSERT_EQ(incclGroupStart(), incclSuccess);
      ASSERT_EQ(recv(message, 1, comm), incclSuccess);
      ASSERT_EQ(incclBroadcast(nullptr, everywhere.data(), kCount, incclInt32, 1, comm, nullptr),
                incclSuccess);
      ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(comm);
      EXPECT_EQ(message, data);
      EXPECT_EQ(everywhere, data);
    } else {
      ASSERT_EQ(incclBroadcast(data.data(), data.data(), kCount, incclInt32, 1, comm, nullptr),
                incclSuccess);
      ASSERT_EQ(send(data, 0, comm), incclSuccess);
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

size_t openDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

TEST_P(OverEach, WaitingForALatePeerCostsItNothing) {
  onProcesses(2, [](RankProcess& process) {
    incclComm_t comm = join(process, GetParam());
    auto data = values<int32_t>(1, 10, 4);
    if (process.rank() == 0) {
      std::vector<int32_t> got(10);
      ASSERT_EQ(recv(got, 1, comm), incclSuccess) << incclGetLastError(comm);
      EXPECT_EQ(got, data);
    } else {
      const size_t before = openDescriptors();
      std::this_thread::sleep_for(std::chrono::milliseconds(1500));
      EXPECT_LE(openDescriptors(), before + 2);
      ASSERT_EQ(send(data, 0, comm), incclSuccess);
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST_P(OverEach, MessagesWithOneWhoHasLeftFail) {
  for (const bool sends : {true, false}) {
    onProcesses(2, [sends](RankProcess& process) {
      incclComm_t comm = join(process, GetParam());
      std::vector<int32_t> data(10);
      ASSERT_EQ(incclBarrier(comm, nullptr), incclSuccess);
      if (process.rank() == 1) {
        EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
        process.meetAll();
        return;
      }
      process.meetAll();
      std::this_thread::sleep_for(std::chrono::milliseconds(200));  // until the farewell is here
      const Nanos start = nowNs();
      EXPECT_EQ(sends ? send(data, 1, comm) : recv(data, 1, comm), incclRemoteError);
      EXPECT_LT(nowNs() - start, 2 * kSecond);
      EXPECT_NE(std::string(incclGetLastError(comm)).find("rank 1"), std::string::npos)
          << incclGetLastError(comm);
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
  }
}

// Hundreds of small all-reduces of a group go together, in parts: other types, operations and long
// ones are between them, and messages beside them.
TEST_P(OverEach, ManySmallSumsOfAGroup) {
  onProcesses(3, [](RankProcess& process) {
    incclComm_t comm = join(process, GetParam());
    constexpr uint32_t kTensors = 400;
    const auto countOf = [](uint32_t tensor) {
      return tensor % 50 == 49 ? size_t{9000} : size_t{tensor * 7 % 130};
    };
    std::vector<std::vector<int32_t>> tensors;
    for (uint32_t t = 0; t < kTensors; ++t)
      tensors.push_back(values<int32_t>(process.rank(), countOf(t), t));
    std::vector<int32_t> token(1, process.rank()), received(1);
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    for (uint32_t t = 0; t < kTensors; ++t) {
      ASSERT_EQ(incclAllReduce(tensors[t].data(), tensors[t].data(), tensors[t].size(), incclInt32,
                               t % 60 < 30 ? incclSum : incclMax, comm, nullptr),
                incclSuccess);
      if (t == 10) {
        ASSERT_EQ(send(token, (process.rank() + 1) % 3, comm), incclSuccess);
      }
    }
    ASSERT_EQ(recv(received, (process.rank() + 2) % 3, comm), incclSuccess);
    ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(comm);
    EXPECT_EQ(received[0], (process.rank() + 2) % 3);
    for (uint32_t t = 0; t < kTensors; ++t) {
      for (size_t i = 0; i < tensors[t].size(); ++i) {
        const int a = valueOf<int32_t>(0, i, t), b = valueOf<int32_t>(1, i, t),
                  c = valueOf<int32_t>(2, i, t);
        ASSERT_EQ(tensors[t][i], t % 60 < 30 ? a + b + c : std::max({a, b, c}))
            << "tensor " << t << " element " << i;
      }
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

// The same elements in all, cut in other places.
TEST_P(OverEach, SmallSumsOfOtherCountsAreAMismatch) {
  onProcesses(2, [](RankProcess& process) {
    incclComm_t comm = join(process, GetParam(), 5000);
    std::vector<int32_t> data(10, 1);
    const size_t first = process.rank() == 0 ? 4 : 6;
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    ASSERT_EQ(incclAllReduce(data.data(), data.data(), first, incclInt32, incclSum, comm, nullptr),
              incclSuccess);
    ASSERT_EQ(incclAllReduce(data.data() + first, data.data() + first, 10 - first, incclInt32,
                             incclSum, comm, nullptr),
              incclSuccess);
    EXPECT_EQ(incclGroupEnd(), incclInvalidUsage);
    EXPECT_EQ(incclCommAbort(comm), incclSuccess);
  });
}

TEST_P(OverEach, AMismatchInsideAGroupIsNamed) {
  onProcesses(2, [](RankProcess& process) {
    incclComm_t comm = join(process, GetParam());
    std::vector<int32_t> data(100);
    const Nanos start = nowNs();
    if (process.rank() == 0) {
      ASSERT_EQ(incclGroupStart(), incclSuccess);
      ASSERT_EQ(incclAllReduce(data.data(), data.data(), 100, incclInt32, incclSum, comm, nullptr),
                incclSuccess);
      EXPECT_EQ(incclGroupEnd(), incclInvalidUsage) << incclGetLastError(comm);
    } else {
      EXPECT_EQ(incclBroadcast(data.data(), data.data(), 100, incclInt32, 0, comm, nullptr),
                incclInvalidUsage);
    }
    EXPECT_LT(nowNs() - start, 5 * kSecond);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

INSTANTIATE_TEST_SUITE_P(Everywhere, OverEach, testing::Values("shm", "tcp"));

}  // namespace
}  // namespace inccl::test
