// Measuring on a communicator of one rank: what --rotate walks through is memory of its own.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <vector>

#include "perf/runner.h"

namespace inccl::perf {
namespace {

// Pages that are there: the second number of /proc/self/statm.
size_t residentBytes() {
  std::ifstream statm("/proc/self/statm");
  size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

Case caseOf(const char* collective, size_t bytes) {
  Case c;
  c.collective = *findCollective(collective);
  c.type = *findElementType("float");
  c.op = {incclSum, c.collective.reduces ? "sum" : "none"};
  c.shape = shapeOf(c.collective.id, bytes, 4, 1);
  c.bytes = reportedBytes(c.shape, 4);
  return c;
}

TEST(FillPlaces, EachPlaceHasTheDataOfTheFirst) {
  std::vector<std::byte> memory(1000, std::byte{0});
  const Span first{memory.data() + 8, 60};
  std::memset(first.data, 7, first.bytes);
  fillPlaces(first, 64, 5);
  for (size_t at = 0; at < memory.size(); ++at) {
    const bool inside = at >= 8 && at < 8 + 5 * 64 && (at - 8) % 64 < 60;
    EXPECT_EQ(memory[at], inside ? std::byte{7} : std::byte{0}) << at;
  }
}

TEST(Runner, RotationWalksThroughMemoryThatIsThere) {
  constexpr size_t kCapacity = size_t{32} << 20;
  Options options;
  options.rotate = true;
  options.iterations = 1;
  incclUniqueId id{};
  ASSERT_EQ(incclGetUniqueId(&id), incclSuccess);
  auto team = Team::join(1, id, 0);
  ASSERT_TRUE(team.ok()) << team.problem().text;
  auto runner = Runner::create(team.value(), options, kCapacity, true);
  ASSERT_TRUE(runner.ok());
  for (const bool inPlace : {true, false}) {
    const size_t before = residentBytes();
    const auto measured = runner.value().measure(caseOf("all_reduce", 4096), inPlace);
    ASSERT_TRUE(measured.ok()) << measured.problem().text;
    EXPECT_EQ(measured.value().wrong, 0);
    // The receive buffer the first time, the send buffer the second.
    EXPECT_GE(residentBytes() - before, kCapacity * 9 / 10) << "in place " << inPlace;
  }
  EXPECT_TRUE(team.value().leave().ok());
}

}  // namespace
}  // namespace inccl::perf
