// Command lines of inccl-perf: what is understood, what is refused and in which words; sizes and
// shapes that follow from them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "perf/collectives.h"
#include "perf/options.h"
#include "perf/size_sweep.h"

namespace inccl::perf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::variant<Options, Leave> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "inccl-perf");
  return parseOptions(static_cast<int>(arguments.size()), arguments.data());
}

Options understood(const std::vector<const char*>& arguments) {
  auto parsed = parse(arguments);
  if (const Leave* leave = std::get_if<Leave>(&parsed)) {
    ADD_FAILURE() << leave->text;
    return {};
  }
  return std::get<Options>(parsed);
}

// The message; "" if the command line was accepted.
std::string refusal(const std::vector<const char*>& arguments) {
  auto parsed = parse(arguments);
  const Leave* leave = std::get_if<Leave>(&parsed);
  if (leave == nullptr) return "";
  EXPECT_EQ(leave->status, kExitUsage);
  return leave->text;
}

TEST(ParseSize, TakesSuffixesAndFractions) {
  EXPECT_EQ(parseSize("0").value(), 0u);
  EXPECT_EQ(parseSize("8").value(), 8u);
  EXPECT_EQ(parseSize("64K").value(), 65536u);
  EXPECT_EQ(parseSize("64k").value(), 65536u);
  EXPECT_EQ(parseSize("1.5M").value(), 1572864u);
  EXPECT_EQ(parseSize("2G").value(), 2147483648u);
}

TEST(ParseSize, RefusesWhatIsNoSize) {
  for (const char* text :
       {"", "K", "-1", "-0", "1T", "1KB", "1 K", "8x", "nan", "inf", "1e5", "0x10", "99999999999G"})
    EXPECT_FALSE(parseSize(text).ok()) << text;
}

TEST(Sizes, GoByFactorOrByStep) {
  EXPECT_THAT(sizesOf({8, 64, 1, 2}).value(), ElementsAre(8, 16, 32, 64));
  EXPECT_THAT(sizesOf({8, 63, 1, 2}).value(), ElementsAre(8, 16, 32));
  EXPECT_THAT(sizesOf({7, 7, 1, 2}).value(), ElementsAre(7));
  EXPECT_THAT(sizesOf({0, 30, 10, 1}).value(), ElementsAre(0, 10, 20, 30));
  EXPECT_THAT(sizesOf({5, 30, 10, 1}).value(), ElementsAre(5, 15, 25));
  EXPECT_THAT(sizesOf({0, 0, 0, 2}).value(), ElementsAre(0));
  EXPECT_THAT(sizesOf({1ull << 62, ~0ull, 1, 4}).value(), ElementsAre(1ull << 62));
  EXPECT_THAT(sizesOf({~0ull - 1, ~0ull, 5, 1}).value(), ElementsAre(~0ull - 1));
}

TEST(Sizes, RefuseWhatWouldNeverEnd) {
  EXPECT_FALSE(sizesOf({9, 8, 1, 2}).ok());
  EXPECT_FALSE(sizesOf({0, 8, 1, 2}).ok());
  EXPECT_FALSE(sizesOf({0, 8, 0, 1}).ok());
  EXPECT_FALSE(sizesOf({0, 1ull << 40, 1, 1}).ok());
}

TEST(ShortSize, IsExact) {
  EXPECT_EQ(shortSize(0), "0");
  EXPECT_EQ(shortSize(1000), "1000");
  EXPECT_EQ(shortSize(1024), "1K");
  EXPECT_EQ(shortSize(1536), "1.5K");
  EXPECT_EQ(shortSize(1025), "1025");
  EXPECT_EQ(shortSize(3ull << 30), "3G");
}

TEST(ParseOptions, HasNcclTestsDefaults) {
  const Options o = understood({"all_reduce"});
  EXPECT_THAT(o.sizes, ElementsAre(32u << 20));
  EXPECT_EQ(o.iterations, 20);
  EXPECT_EQ(o.warmups, 1);
  EXPECT_EQ(o.checks, 1);
  EXPECT_EQ(o.averaging, Averaging::kMean);
  ASSERT_EQ(o.pairs.usable.size(), 1u);
  EXPECT_STREQ(o.pairs.usable.front().type.name, "float");
  EXPECT_STREQ(o.pairs.usable.front().op.name, "sum");
  EXPECT_FALSE(o.hash);
}

TEST(ParseOptions, TakesNcclTestsFlagsInShortAndLong) {
  const Options s =
      understood({"all_reduce", "-b", "8",   "-e", "1M",  "-f", "4", "-n", "5", "-w", "2", "-c",
                  "3",          "-o", "all", "-d", "all", "-a", "3", "-m", "2", "-N", "0", "-z",
                  "1",          "-T", "9",   "-u", "1",   "-I", "1", "-K", "2", "-t", "2"});
  const Options l = understood({"all_reduce", "--minbytes",
                                "8",          "--maxbytes",
                                "1M",         "--stepfactor",
                                "4",          "--iters",
                                "5",          "--warmup_iters",
                                "2",          "--check",
                                "3",          "--op",
                                "all",        "--datatype",
                                "all",        "--average",
                                "3",          "--agg_iters",
                                "2",          "--run_cycles",
                                "0",          "--blocking",
                                "1",          "--timeout",
                                "9",          "--unalign",
                                "1",          "--per_iter_timing",
                                "1",          "--per_iter_skip",
                                "2",          "--nthreads",
                                "2"});
  for (const Options& o : {s, l}) {
    EXPECT_EQ(o.sizes.size(), 9u);
    EXPECT_EQ(o.iterations, 5);
    EXPECT_EQ(o.warmups, 2);
    EXPECT_EQ(o.checks, 3);
    // 8 integers x 11, 6 floats x 6, bool x 4, 2 complex x 2.
    EXPECT_EQ(o.pairs.usable.size(), 132u);
    EXPECT_THAT(o.pairs.leftOut, ::testing::Contains("half/band,bor,bxor,land,lor"));
    EXPECT_EQ(o.averaging, Averaging::kMax);
    EXPECT_EQ(o.callsPerGroup, 2);
    EXPECT_EQ(o.cycles, 0);
    EXPECT_EQ(o.blocking, Blocking::kBarrierPerCall);
    EXPECT_EQ(o.timeoutSeconds, 9);
    EXPECT_EQ(o.unalignElements, 1);
    EXPECT_TRUE(o.perIteration);
    EXPECT_EQ(o.perIterationSkip, 2);
    EXPECT_EQ(o.threads, 2);
  }
  EXPECT_EQ(understood({"all_reduce", "-b8", "-e8", "-b4"}).range.minBytes, 4u)
      << "the last counts";
  EXPECT_EQ(understood({"-n", "7", "all_reduce"}).iterations, 7);
  EXPECT_EQ(understood({"broadcast", "-r", "-1"}).root, -1);
  EXPECT_EQ(understood({"broadcast", "-r", "all"}).root, -1);
  EXPECT_EQ(understood({"all_reduce", "--json", "x"}).jsonPath, "x");
  EXPECT_EQ(understood({"all_reduce", "-J", "x"}).jsonPath, "x");
}

TEST(ParseOptions, ABarrierHasOneRowOfSizeZero) {
  EXPECT_THAT(understood({"barrier", "-b", "8", "-e", "1M", "-f", "2"}).sizes, ElementsAre(0));
}

TEST(ParseOptions, RefusalsNameTheFlagAndTheValue) {
  const std::vector<std::pair<std::vector<const char*>, std::vector<const char*>>> wrong = {
      {{}, {"COLL"}},
      {{"all-reduce"}, {"'all-reduce'"}},
      {{"hypercube"}, {"hypercube", "sendrecv"}},
      {{"all_reduce", "-b", "8", "-e", "4"}, {"-b,--minbytes 8", "-e,--maxbytes 4"}},
      {{"all_reduce", "-b", "8Q"}, {"-b,--minbytes", "'8Q'"}},
      {{"all_reduce", "-i", "-1"}, {"-i,--stepbytes", "'-1'"}},
      {{"all_reduce", "-n", "0"}, {"--iters", "'0'"}},
      {{"all_reduce", "-n", "-5"}, {"--iters", "'-5'"}},
      {{"all_reduce", "-n", "1.5"}, {"--iters", "'1.5'"}},
      {{"all_reduce", "-n", "99999999999"}, {"--iters", "'99999999999'"}},
      {{"all_reduce", "-w", "-1"}, {"--warmup_iters"}},
      {{"all_reduce", "-m", "0"}, {"--agg_iters"}},
      {{"all_reduce", "-d", "float32"}, {"-d,--datatype", "'float32'"}},
      {{"all_reduce", "-o", "xor"}, {"-o,--op", "'xor'"}},
      {{"all_reduce", "-o", "band"}, {"-o,--op", "float/band", "integers"}},
      {{"all_reduce", "-o", "prod", "-d", "complex64"}, {"complex64/prod", "sum and avg"}},
      {{"reduce", "-o", "sum", "-d", "bool"}, {"bool/sum", "land, lor, max and min"}},
      {{"broadcast", "-r", "-2"}, {"-r,--root", "'-2'"}},
      {{"broadcast", "-r", "3", "--np", "3"}, {"-r,--root", "3 is not a rank"}},
      {{"broadcast", "-r", "6", "--np", "3", "-t", "2"}, {"-r,--root", "0 to 5"}},
      {{"all_reduce", "-a", "4"}, {"--average", "0 to 3"}},
      {{"all_reduce", "-z", "x"}, {"--blocking", "'x'"}},
      {{"all_reduce", "-I", "1", "-n", "3", "-K", "3"}, {"-K,--per_iter_skip"}},
      {{"all_reduce", "--np", "0"}, {"--np"}},
      {{"all_reduce", "--np", "1000", "-t", "2"}, {"2000 ranks"}},
      {{"all_reduce", "-g", "2"}, {"-g,--ngpus"}},
      {{"all_reduce", "-G", "1"}, {"-G,--cudagraph"}},
      {{"all_reduce", "-D", "1"}, {"-D,--device_implementation"}},
      {{"all_reduce", "-C", "1"}, {"-C,--report_cputime"}},
      {{"all_reduce", "-R", "2"}, {"-R,--local_register"}},
      {{"all_reduce", "--transport", "quux"}, {"--transport", "'quux'", "auto inproc shm tcp"}},
      {{"all_reduce", "--algo", "ring,trees"}, {"--algo", "'trees'", "ring rd"}},
      {{"all_reduce", "--algo", "sum:ring"}, {"--algo", "'sum'", "allreduce broadcast"}},
      {{"all_reduce", "--proto", "^simple"}, {"--proto", "'simple'", "tiny flat half"}},
      {{"all_reduce", "--bogus"}, {"--bogus"}},
      {{"all_reduce", "broadcast"}, {"broadcast"}},
      {{"all_reduce", "-b"}, {"--minbytes"}},
  };
  for (const auto& [arguments, words] : wrong) {
    const std::string message = refusal(arguments);
    for (const char* word : words) EXPECT_THAT(message, HasSubstr(word));
    EXPECT_THAT(message, ::testing::StartsWith("inccl-perf: "));
  }
}

TEST(ParseOptions, GpuFlagsWithoutEffectAreNamedInOneNote) {
  const Options o =
      understood({"all_reduce", "-y", "1", "-x", "2", "-V", "8", "-g", "1", "-G", "0"});
  ASSERT_EQ(o.notes.size(), 1u);
  EXPECT_EQ(o.notes.front(), "-y -V -x only mean something on GPUs and have no effect");
}

TEST(ParseOptions, PairsAreThoseOfTheHeader) {
  EXPECT_EQ(understood({"all_reduce", "-d", "all", "-o", "bxor"}).pairs.usable.size(), 8u);
  EXPECT_EQ(understood({"all_reduce", "-d", "bool", "-o", "all"}).pairs.usable.size(), 4u);
  EXPECT_EQ(understood({"reduce", "-d", "complex128", "-o", "avg"}).pairs.usable.size(), 1u);
  EXPECT_EQ(understood({"broadcast", "-d", "all", "-o", "all"}).pairs.usable.size(), 17u);
  EXPECT_STREQ(understood({"broadcast", "-o", "band"}).pairs.usable.front().op.name, "none");
  EXPECT_STREQ(understood({"all_reduce", "-o", "premulsum"}).pairs.usable.front().op.name,
               "mulsum");
}

TEST(ParseOptions, HelpAndVersionLeaveWithSuccess) {
  for (const char* flag : {"-h", "--help", "--version"}) {
    auto parsed = parse({flag});
    ASSERT_TRUE(std::holds_alternative<Leave>(parsed)) << flag;
    EXPECT_EQ(std::get<Leave>(parsed).status, 0);
    EXPECT_FALSE(std::get<Leave>(parsed).text.empty());
  }
}

TEST(ParseOptions, TheMinimumBandwidthComesFromTheEnvironment) {
  EXPECT_FALSE(understood({"barrier"}).minimumBusGBps.has_value());
  setenv("NCCL_TESTS_MIN_BW", "3", 1);
  EXPECT_EQ(understood({"barrier"}).minimumBusGBps, 3.0);
  setenv("INCCL_TESTS_MIN_BW", "2.5", 1);
  EXPECT_EQ(understood({"barrier"}).minimumBusGBps, 2.5);
  setenv("INCCL_TESTS_MIN_BW", "fast", 1);
  EXPECT_THAT(refusal({"barrier"}), HasSubstr("INCCL_TESTS_MIN_BW"));
  unsetenv("INCCL_TESTS_MIN_BW");
  unsetenv("NCCL_TESTS_MIN_BW");
}

TEST(ParseOptions, VariablesOfNcclTestsAreTakenOrRefused) {
  EXPECT_EQ(understood({"alltoallv"}).spread, 1.0);
  setenv("NCCL_TESTS_ALLTOALLV_SPREAD", "0.5", 1);
  EXPECT_EQ(understood({"alltoallv"}).spread, 0.5);
  setenv("NCCL_TESTS_ALLTOALLV_SPREAD", "2", 1);
  EXPECT_THAT(refusal({"alltoallv"}), HasSubstr("NCCL_TESTS_ALLTOALLV_SPREAD: '2'"));
  unsetenv("NCCL_TESTS_ALLTOALLV_SPREAD");
  setenv("NCCL_TESTS_SPLIT", "MOD 2", 1);
  EXPECT_THAT(refusal({"barrier"}), HasSubstr("NCCL_TESTS_SPLIT"));
  unsetenv("NCCL_TESTS_SPLIT");
}

TEST(Shapes, AllGatherSharesAreRoundedDownToSixteenBytes) {
  const Shape shape = shapeOf(Collective::kAllGather, 1024, 4, 3);
  EXPECT_EQ(shape.count, 84u);
  EXPECT_EQ(shape.recvElements, 252u);
  EXPECT_EQ(reportedBytes(shape, 4), 1008u);
  EXPECT_EQ(inPlaceOffset(Collective::kAllGather, shape, 2), 168u);
  EXPECT_EQ(shapeOf(Collective::kAllGather, 8, 4, 1).count, 0u);
  EXPECT_EQ(shapeOf(Collective::kAllReduce, 1023, 4, 3).count, 255u);
}

TEST(Shapes, OfAnAllToAllvGrowWithTheDistance) {
  const Shape shape = shapeOf(Collective::kAllToAllv, 1024, 4, 4);
  EXPECT_THAT(shape.byDistance, ElementsAre(0, 40, 84, 128));
  EXPECT_EQ(shape.sendElements, 252u);
  EXPECT_EQ(shape.recvElements, 252u);
  EXPECT_EQ(sendBlocks(shape, 3, 4)[0].count, 40u);
  EXPECT_EQ(sendBlocks(shape, 3, 4)[1].offset, 40u);
  EXPECT_EQ(recvBlocks(shape, 0, 4)[3].count, 40u);
  EXPECT_THAT(shapeOf(Collective::kAllToAllv, 1024, 4, 4, 0).byDistance,
              ElementsAre(64, 64, 64, 64));
  EXPECT_THAT(shapeOf(Collective::kAllToAllv, 1024, 4, 1).byDistance, ElementsAre(256));
  for (const int ranks : {2, 3, 5, 8, 13}) {
    const Shape whole = shapeOf(Collective::kAllToAllv, 100000, 16, ranks);
    EXPECT_LE(whole.sendElements, 100000u / 16);
    EXPECT_GT(whole.sendElements, 100000u / 16 - 2 * static_cast<size_t>(ranks));
  }
}

TEST(Bandwidths, HaveNcclTestsFactors) {
  const auto busbw = [](Collective c) { return bandwidthOf(c, 4000000000, 4, 2.0).busGBps; };
  EXPECT_DOUBLE_EQ(busbw(Collective::kAllReduce), 3.0);
  EXPECT_DOUBLE_EQ(busbw(Collective::kAllGather), 1.5);
  for (const Collective c : {Collective::kReduceScatter, Collective::kAllToAll,
                             Collective::kAllToAllv, Collective::kGather, Collective::kScatter})
    EXPECT_DOUBLE_EQ(busbw(c), 1.5);
  EXPECT_DOUBLE_EQ(busbw(Collective::kReduce), 2.0);
  EXPECT_DOUBLE_EQ(busbw(Collective::kBroadcast), 2.0);
  EXPECT_DOUBLE_EQ(busbw(Collective::kSendRecv), 2.0);
  EXPECT_DOUBLE_EQ(busbw(Collective::kBarrier), 0.0);
  EXPECT_DOUBLE_EQ(bandwidthOf(Collective::kAllReduce, 4000000000, 4, 2.0).algGBps, 2.0);
  EXPECT_DOUBLE_EQ(bandwidthOf(Collective::kAllReduce, 8, 1, 0).algGBps, 0.0);
}

}  // namespace
}  // namespace inccl::perf
