// The adapters' command line.
#include <gtest/gtest.h>

#include <cstdlib>

#include "peers/harness/options.h"

namespace inccl::peers {
namespace {

PeerOptions parsed(std::vector<std::string> words) {
  words.insert(words.begin(), "peer");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return parsePeerOptions(static_cast<int>(argv.size()), argv.data());
}

class PeerOptionsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"}) unsetenv(name);
  }
};

using PeerOptionsDeathTest = PeerOptionsTest;

TEST_F(PeerOptionsTest, takesAllFlags) {
  PeerOptions options = parsed({"--meet", "/m/x", "--ranks", "2", "--rank", "1", "--cores", "3,5",
                                "--yield", "--buffers", "library"});
  EXPECT_EQ(options.meetingPrefix, "/m/x");
  EXPECT_EQ(options.ranks, 2);
  EXPECT_EQ(options.rank, 1);
  EXPECT_EQ(options.cores, (std::vector<int>{3, 5}));
  EXPECT_TRUE(options.yieldWhileWaiting);
  EXPECT_EQ(options.buffers, BufferKind::kLibrary);
}

TEST_F(PeerOptionsTest, aLauncherSaysTheRank) {
  setenv("PMI_RANK", "3", 1);
  EXPECT_EQ(parsed({"--meet", "x", "--ranks", "4"}).rank, 3);
  setenv("OMPI_COMM_WORLD_RANK", "2", 1);
  EXPECT_EQ(rankFromLauncher(), 2);
  EXPECT_EQ(parsed({"--meet", "x", "--ranks", "4", "--rank", "1"}).rank, 1);
  unsetenv("PMI_RANK");
  unsetenv("OMPI_COMM_WORLD_RANK");
}

TEST_F(PeerOptionsDeathTest, refusesWhatItDoesNotUnderstand) {
  auto ends = testing::ExitedWithCode(1);
  EXPECT_EXIT((void)parsed({"--ranks", "2", "--rank", "0"}), ends, "--meet is missing");
  EXPECT_EXIT((void)parsed({"--meet", "x", "--rank", "0"}), ends, "--ranks must be 1 to 64");
  EXPECT_EXIT((void)parsed({"--meet", "x", "--ranks", "65", "--rank", "0"}), ends,
              "--ranks must be");
  EXPECT_EXIT((void)parsed({"--meet", "x", "--ranks", "2"}), ends, "no --rank");
  EXPECT_EXIT((void)parsed({"--meet", "x", "--ranks", "2", "--rank", "2"}), ends, "below --ranks");
  EXPECT_EXIT((void)parsed({"--meet", "x", "--ranks", "2x", "--rank", "0"}), ends, "not '2x'");
  EXPECT_EXIT((void)parsed({"--meet", "x", "--ranks", "2", "--rank", "0", "--cores", "0"}), ends,
              "fewer cores");
  EXPECT_EXIT((void)parsed({"--meet", "x", "--ranks", "2", "--rank", "0", "--cores", "0,,1"}), ends,
              "not ''");
  EXPECT_EXIT((void)parsed({"--wrong", "x"}), ends, "unknown argument --wrong x");
  EXPECT_EXIT((void)parsed({"--meet"}), ends, "lacks its value");
  EXPECT_EXIT((void)parsed({"--buffers", "rdma"}), ends, "unknown argument --buffers rdma");
}

}  // namespace
}  // namespace inccl::peers
