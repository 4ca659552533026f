// INCCL_PLAN_FILE: plans of other tools take the calls that they were made for, on all ranks,
// though only rank 0 has the file; a file that cannot be used fails the creation everywhere, with
// the reason.
#include <gmock/gmock.h>
#include <stdlib.h>

#include <cstdio>
#include <fstream>

#include "api/rank_world.h"
#include "support/msccl_samples.h"

namespace inccl::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    path_ = testing::TempDir() + "inccl-plan-XXXXXX";
    const int fd = mkstemp(path_.data());
    EXPECT_NE(fd, -1);
    close(fd);
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string planOf(incclComm_t comm, const char* collective, size_t bytes) {
  char text[256] = "";
  EXPECT_EQ(incclCommGetPlan(comm, collective, bytes, text, sizeof text), incclSuccess)
      << incclGetLastError(comm);
  return text;
}

// In place or not, the sum of everybody's values.
template <typename T>
void allReduce(incclComm_t comm, const RankProcess& process, incclDataType_t type, size_t count,
               bool inPlace) {
  std::vector<T> data = values<T>(process.rank(), count, 1), result(count);
  T* const to = inPlace ? data.data() : result.data();
  ASSERT_EQ(incclAllReduce(data.data(), to, count, type, incclSum, comm, nullptr), incclSuccess)
      << incclGetLastError(comm);
  for (size_t i = 0; i < count; ++i) {
    T expected{};
    for (int rank = 0; rank < process.size(); ++rank)
      expected = static_cast<T>(expected + valueOf<T>(rank, i, 1));
    ASSERT_EQ(to[i], expected) << i << " of " << count;
  }
}

void allToAll(incclComm_t comm, const RankProcess& process, size_t count) {
  const auto ranks = static_cast<size_t>(process.size());
  const std::vector<float> data = values<float>(process.rank(), count * ranks, 2);
  std::vector<float> result(count * ranks);
  ASSERT_EQ(incclAlltoAll(data.data(), result.data(), count, incclFloat, comm, nullptr),
            incclSuccess)
      << incclGetLastError(comm);
  for (size_t i = 0; i < result.size(); ++i) {
    const size_t there = static_cast<size_t>(process.rank()) * count + i % count;
    ASSERT_EQ(result[i], valueOf<float>(static_cast<int>(i / count), there, 2));
  }
}

class PlanFiles : public testing::TestWithParam<const char*> {};

TEST_P(PlanFiles, TakeTheCallsThatTheyWereMadeFor) {
  for (const int ranks : {4, 6}) {
    const TemporaryFile ring(mscclRingAllReduce(ranks, 2).xml);
    const TemporaryFile twoStep(mscclTwoStepAllToAll(2, ranks / 2).xml);
    onProcesses(ranks, [&](RankProcess& process) {
      if (process.rank() == 0)
        setenv("INCCL_PLAN_FILE", (ring.path() + "," + twoStep.path()).c_str(), 1);
      const incclComm_t comm = join(process, GetParam());
      ASSERT_NE(comm, nullptr);
      EXPECT_THAT(planOf(comm, "all_reduce", 4096), HasSubstr(" ring_2 lanes "));
      EXPECT_THAT(planOf(comm, "alltoall", 4096), HasSubstr(" two_step lanes "));
      EXPECT_THAT(planOf(comm, "all_gather", 4096), ::testing::Not(HasSubstr("two_step")));
      uint64_t id = 0;
      EXPECT_EQ(incclCommGetPlanId(comm, "all_reduce", 4096, &id), incclSuccess);
      char digits[32];
      std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(id));
      EXPECT_THAT(planOf(comm, "all_reduce", 4096), HasSubstr(digits));
      for (const size_t count : {size_t{1}, size_t{1021}, size_t{300007}}) {
        for (const bool inPlace : {false, true}) {
          allReduce<float>(comm, process, incclFloat, count, inPlace);
          allReduce<int32_t>(comm, process, incclInt32, count, inPlace);
          if (testing::Test::HasFatalFailure()) return;
        }
        allToAll(comm, process, count);
      }
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Everywhere, PlanFiles, testing::Values("shm", "tcp"));

// Rank 0 reads its input after its place in the output was written.
constexpr const char* kLateReader = R"(<algo name="late reader" nchunksperloop="1" ngpus="2"
    coll="allreduce" inplace="0" outofplace="1" minBytes="1024">
  <gpu id="0"><tb id="0" send="1" recv="1" chan="0">
    <step s="0" type="rrc" srcbuf="i" srcoff="0" dstbuf="o" dstoff="0"/>
    <step s="1" type="s" srcbuf="i" srcoff="0"/>
  </tb></gpu>
  <gpu id="1"><tb id="0" send="0" recv="0" chan="0">
    <step s="0" type="s" srcbuf="i" srcoff="0"/>
    <step s="1" type="rrc" srcbuf="i" srcoff="0" dstbuf="o" dstoff="0"/>
  </tb></gpu></algo>)";

TEST(PlanFilesInPlace, APlanThatIsNotRightThereGetsACopy) {
  const TemporaryFile file(kLateReader);
  onProcesses(2, [&](RankProcess& process) {
    setenv("INCCL_PLAN_FILE", file.path().c_str(), 1);
    const incclComm_t comm = join(process, "shm");
    ASSERT_NE(comm, nullptr);
    EXPECT_THAT(planOf(comm, "all_reduce", 4096), HasSubstr(" late_reader lanes "));
    EXPECT_THAT(planOf(comm, "all_reduce", 512), ::testing::Not(HasSubstr("late_reader")));
    for (const bool inPlace : {false, true})
      allReduce<float>(comm, process, incclFloat, 5000, inPlace);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

// Everybody sends everything to everybody: three ranks add in three orders.
std::string oneShot() {
  std::string text =
      "<algo name=\"one_shot\" nchunksperloop=\"1\" ngpus=\"3\" coll=\"allreduce\">\n";
  for (int rank = 0; rank < 3; ++rank) {
    text += "<gpu id=\"" + std::to_string(rank) + "\" s_chunks=\"0\">";
    const int first = (rank + 1) % 3, second = (rank + 2) % 3;
    text += "<tb id=\"0\" send=\"" + std::to_string(first) + "\" recv=\"" + std::to_string(first) +
            "\" chan=\"0\"><step s=\"0\" type=\"s\" srcbuf=\"i\" srcoff=\"0\"/><step s=\"1\" "
            "type=\"rrc\" "
            "srcbuf=\"i\" srcoff=\"0\" dstbuf=\"o\" dstoff=\"0\" hasdep=\"1\"/></tb>";
    text +=
        "<tb id=\"1\" send=\"" + std::to_string(second) + "\" recv=\"" + std::to_string(second) +
        "\" chan=\"0\"><step s=\"0\" type=\"s\" srcbuf=\"i\" srcoff=\"0\"/><step s=\"1\" "
        "type=\"rrc\" "
        "srcbuf=\"o\" srcoff=\"0\" dstbuf=\"o\" dstoff=\"0\" depid=\"0\" deps=\"1\"/></tb></gpu>\n";
  }
  return text + "</algo>";
}

TEST(PlanFilesTrees, APlanWhoseRanksAddInOtherOrdersIsUsedForIntegers) {
  const TemporaryFile file(oneShot());
  onProcesses(3, [&](RankProcess& process) {
    setenv("INCCL_PLAN_FILE", file.path().c_str(), 1);
    const incclComm_t comm = join(process, "shm");
    ASSERT_NE(comm, nullptr);
    EXPECT_THAT(planOf(comm, "all_reduce", 4096), ::testing::Not(HasSubstr("one_shot")));
    allReduce<int32_t>(comm, process, incclInt32, 999, false);
    allReduce<float>(comm, process, incclFloat, 999, true);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

struct Unusable {
  const char* what;
  std::string text;
  const char* reason;
};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(PlanFilesRefused, EveryRankHearsWhy) {
  const std::string ring = mscclRingAllReduce(2, 1).xml;
  const std::vector<Unusable> unusable = {
      {"for other ranks", mscclRingAllReduce(3, 1).xml, "is for 3 ranks"},
      {"damaged", ring.substr(0, ring.size() / 2), "not XML"},
      {"wrong", replaced(ring, "type=\"rrcs\"", "type=\"rcs\""), "chunk"},
      {"neither", "hello", "not JSON"},
      {"empty", "", "not JSON"},
  };
  for (const Unusable& plan : unusable) {
    const TemporaryFile file(plan.text);
    onProcesses(2, [&](RankProcess& process) {
      if (process.rank() == 0) setenv("INCCL_PLAN_FILE", file.path().c_str(), 1);
      const auto id = process.sharedId<incclUniqueId>(newId);
      incclComm_t comm = nullptr;
      EXPECT_EQ(incclCommInitRank(&comm, 2, id, process.rank()), incclInvalidArgument) << plan.what;
      EXPECT_THAT(incclGetLastError(nullptr),
                  AllOf(HasSubstr("rank 0"), HasSubstr(file.path()), HasSubstr(plan.reason)))
          << plan.what;
    });
  }
}

// Ranks that call themselves two hosts talk by shared memory inside and by TCP across; long sums
// are done in two levels, as the simulator says for such a machine.
TEST(Topologies, SeveralHostsGetAPlanOfTheirOwn) {
  onProcesses(4, [](RankProcess& process) {
    setenv("INCCL_HOSTID", process.rank() < 2 ? "left" : "right", 1);
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    EXPECT_THAT(planOf(comm, "all_reduce", 8 << 20), HasSubstr("shm+tcp two_level lanes"));
    for (const size_t count : {size_t{1}, size_t{999}, size_t{700001}}) {
      allReduce<float>(comm, process, incclFloat, count, true);
      allReduce<int32_t>(comm, process, incclInt32, count, false);
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST(Topologies, AFileSaysWhatTheMachineIsLike) {
  const TemporaryFile machine(R"({"name": "chain", "source": "test", "nodes": [
    {"id": "a", "kind": "rank", "rank": 0}, {"id": "b", "kind": "rank", "rank": 1},
    {"id": "c", "kind": "rank", "rank": 2}], "links": [
    {"src": "a", "dst": "b", "GBps": 1, "alphaUs": 1}, {"src": "b", "dst": "c", "GBps": 1, "alphaUs": 1},
    {"src": "c", "dst": "a", "GBps": 1, "alphaUs": 1}]})");
  onProcesses(3, [&](RankProcess& process) {
    if (process.rank() == 0) setenv("INCCL_TOPO_FILE", machine.path().c_str(), 1);
    const auto id = process.sharedId<incclUniqueId>(newId);
    incclComm_t comm = nullptr;
    // Ranks do not pass messages on: this machine joins nobody but neighbours, one way.
    EXPECT_EQ(incclCommInitRank(&comm, 3, id, process.rank()), incclInvalidArgument);
    EXPECT_THAT(incclGetLastError(nullptr), HasSubstr(machine.path()));
  });
  const TemporaryFile other(R"({"name": "pair", "source": "test", "nodes": [
    {"id": "a", "kind": "rank", "rank": 0}, {"id": "b", "kind": "rank", "rank": 1}], "links": [
    {"src": "a", "dst": "b", "GBps": 1, "alphaUs": 1}, {"src": "b", "dst": "a", "GBps": 1, "alphaUs": 1}]})");
  onProcesses(2, [&](RankProcess& process) {
    if (process.rank() == 0) setenv("INCCL_TOPO_FILE", other.path().c_str(), 1);
    const incclComm_t comm = join(process, "tcp");
    ASSERT_NE(comm, nullptr);
    allReduce<float>(comm, process, incclFloat, 4099, true);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST(PlanFilesRefused, AFileThatIsNotThere) {
  onProcesses(2, [&](RankProcess& process) {
    setenv("INCCL_PLAN_FILE", "/nowhere/plan.xml", 1);
    const auto id = process.sharedId<incclUniqueId>(newId);
    incclComm_t comm = nullptr;
    EXPECT_EQ(incclCommInitRank(&comm, 2, id, process.rank()), incclSystemError);
    EXPECT_THAT(incclGetLastError(nullptr), HasSubstr("/nowhere/plan.xml"));
  });
}

}  // namespace
}  // namespace inccl::test
