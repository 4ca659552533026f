// Layout of the table, figures, JSON keys and the picture's program, against nccl-tests' formats.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "perf/measurement.h"
#include "perf/options.h"
#include "perf/plot.h"
#include "perf/report_json.h"
#include "perf/report_text.h"
#include "perf/reporter.h"

namespace inccl::perf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Options optionsOf(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "inccl-perf");
  auto parsed = parseOptions(static_cast<int>(arguments.size()), arguments.data());
  const Leave* leave = std::get_if<Leave>(&parsed);
  EXPECT_EQ(leave, nullptr) << (leave == nullptr ? "" : leave->text);
  return leave == nullptr ? std::get<Options>(parsed) : Options{};
}

Measurement measured(double microseconds, double algGBps, double busGBps,
                     std::optional<int64_t> wrong) {
  Measurement m;
  m.microseconds = microseconds;
  m.bandwidth = {algGBps, busGBps};
  m.wrong = wrong;
  return m;
}

Row rowOf(const char* collective, size_t bytes) {
  Row row;
  row.measured.collective = *findCollective(collective);
  row.measured.type = *findElementType("float");
  row.measured.op = {incclSum, row.measured.collective.reduces ? "sum" : "none"};
  row.measured.shape = shapeOf(row.measured.collective.id, bytes, 4, 2);
  row.measured.bytes = bytes;
  row.outOfPlace = measured(12.345, 1.5, 1.25, 0);
  if (row.measured.collective.hasInPlace) row.inPlace = measured(1234567, 0.001, 123.456, 7);
  row.plan = "shm ring half 0123456789abcdef";
  return row;
}

TEST(Figure, HasAsManyDecimalsAsFit) {
  EXPECT_EQ(figure(0, 7), "   0.00");
  EXPECT_EQ(figure(3.14159, 7), "   3.14");
  EXPECT_EQ(figure(9999.99, 7), "9999.99");
  EXPECT_EQ(figure(9999.996, 7), "10000.0");
  EXPECT_EQ(figure(99999.96, 7), " 100000");
  EXPECT_EQ(figure(1234567, 7), "1234567");
  EXPECT_EQ(figure(12345678, 7), "1.2e+07");
  EXPECT_EQ(figure(123.456, 6), "123.46");
  EXPECT_EQ(figure(1234.56, 6), "1234.6");
  EXPECT_EQ(figure(123456, 6), "123456");
  EXPECT_EQ(figure(1234567, 6), " 1e+06");
}

TEST(Table, RowsHaveNcclTestsColumns) {
  const Options options = optionsOf({"all_reduce"});
  char expected[256];
  int length = std::snprintf(expected, sizeof expected, "%12li  %12li  %8s  %6s  %6s", 1024L, 256L,
                             "float", "sum", "    -1");
  length += std::snprintf(expected + length, sizeof expected - static_cast<size_t>(length),
                          "  %7s  %6s  %6s  %6g", "12.35", "1.50", "1.25", 0.0);
  std::snprintf(expected + length, sizeof expected - static_cast<size_t>(length),
                "  %7s  %6s  %6s  %6g\n", "1234567", "0.00", "123.46", 7.0);
  EXPECT_EQ(tableRow(options, rowOf("all_reduce", 1024)), expected);
}

TEST(Table, WhatWasNotMeasuredOrCheckedIsNotAvailable) {
  Row row = rowOf("sendrecv", 1024);
  row.outOfPlace->wrong.reset();
  EXPECT_THAT(tableRow(optionsOf({"sendrecv"}), row),
              HasSubstr("  12.35    1.50    1.25     N/A      N/A     N/A     N/A     N/A\n"));
}

TEST(Table, HeadsHaveNcclTestsText) {
  const Options options = optionsOf({"all_reduce", "-b", "8", "-e", "1K", "-f", "2", "-z", "3"});
  const std::string head = tableHead(options, 100, {{0, 1234, "node", "processor"}});
  EXPECT_THAT(head, HasSubstr("# Collective test starting: all_reduce\n"));
  EXPECT_THAT(head,
              HasSubstr("# nThread 1 nGpus 1 minBytes 8 maxBytes 1024 step: 2(factor) warmup "
                        "iters: 1 iters: 20 agg iters: 1 validation: 1 graph: 0 unalign: 0\n"));
  EXPECT_THAT(head, HasSubstr("# Blocking Enabled: wait and barrier after each outer"));
  EXPECT_THAT(head, HasSubstr("#  Rank  0 Group  0 Pid   1234 on       node device -1 ["));
  EXPECT_THAT(columnHeads(options),
              HasSubstr("#       size         count      type   redop    root     time   algbw   "
                        "busbw  #wrong     time   algbw   busbw  #wrong \n"));
}

TEST(Table, FootSaysWhetherDataAndBandwidthAreRight) {
  const Options options = optionsOf({"broadcast"});
  EXPECT_EQ(tableFoot(options, {0, 1.5, {}}),
            "# Out of bounds values : 0 OK\n# Avg bus bandwidth    : 1.5 \n#\n"
            "# Collective test concluded: broadcast\n#\n");
  EXPECT_THAT(tableFoot(options, {3, 1.5, 1.0}), HasSubstr("values : 3 FAILED\n# Avg bus bandwidth"
                                                           "    : 1.5 OK\n"));
  EXPECT_THAT(tableFoot(options, {0, 1.5, 2.0}), HasSubstr(": 1.5 FAILED\n"));
}

TEST(Table, HashesHaveColumnsOfTheirOwn) {
  const Options options = optionsOf({"all_reduce", "--hash"});
  Row row = rowOf("all_reduce", 1024);
  row.outOfPlace->hash = summarise({0xab, 0xab}, true);
  EXPECT_THAT(tableRow(options, row), HasSubstr("       7  00000000000000ab               N/A\n"));
  EXPECT_THAT(columnHeads(options), HasSubstr("#wrong              hash              hash \n"));
  EXPECT_THAT(tableFoot(options, {0, 1.5, {}, 2}),
              HasSubstr("# Unequal hashes       : 2 FAILED\n"));
  EXPECT_FALSE((Summary{0, 1.5, {}, 2}.passed()));
  EXPECT_TRUE((Summary{0, 1.5, {}, 0}.passed()));
}

TEST(ResultHash, OfTheSameOnAllRanksIsTheirsAndCountsThoseThatDiffer) {
  EXPECT_EQ(summarise({7, 7, 7}, true).all, 7u);
  EXPECT_EQ(summarise({7, 7, 7}, true).unequal, 0);
  EXPECT_EQ(summarise({7, 8, 7, 9}, true).unequal, 2);
}

TEST(ResultHash, OfDifferentResultsDependsOnEachRankAndTheirOrder) {
  const uint64_t hash = summarise({7, 8, 0}, false).all;
  EXPECT_EQ(summarise({7, 8, 0}, false).unequal, 0);
  EXPECT_NE(summarise({8, 7, 0}, false).all, hash);
  EXPECT_NE(summarise({7, 8, 1}, false).all, hash);
}

TEST(ResultHash, DependsOnEachByteAndTheLength) {
  std::vector<std::byte> data(21);
  const uint64_t hash = hashOf({data.data(), data.size()});
  EXPECT_EQ(hashOf({data.data(), data.size()}), hash);
  EXPECT_NE(hashOf({data.data(), data.size() - 1}), hash);
  for (std::byte& byte : data) {
    byte ^= std::byte{1};
    EXPECT_NE(hashOf({data.data(), data.size()}), hash);
    byte ^= std::byte{1};
  }
}

TEST(Summary, PassesFromNineTenthsOfTheMinimumOn) {
  EXPECT_TRUE((Summary{0, 0.9, 1.0}.passed()));
  EXPECT_FALSE((Summary{0, 0.89, 1.0}.passed()));
  EXPECT_TRUE((Summary{0, 0, {}}.passed()));
  EXPECT_FALSE((Summary{1, 5, {}}.passed()));
}

TEST(Statistics, PercentilesAreNearestRanksFromAbove) {
  std::vector<double> times;
  for (int i = 100; i >= 1; --i) times.push_back(i);
  const IterationStatistics s = statisticsOf(times);
  EXPECT_EQ(s.min, 1);
  EXPECT_EQ(s.max, 100);
  EXPECT_EQ(s.p50, 51);
  EXPECT_EQ(s.p95, 95);
  EXPECT_EQ(s.p99, 99);
  EXPECT_DOUBLE_EQ(s.mean, 50.5);
  EXPECT_NEAR(s.deviation, 28.866, 0.001);
  EXPECT_EQ(statisticsOf({4}).p99, 4);
  EXPECT_EQ(statisticsOf({}).variationPercent(), 0);
}

RunRecord recordOf(std::vector<Row> rows) {
  RunRecord record;
  record.libraryVersion = 100;
  record.startTime = record.endTime = "2026-01-01 00:00:00";
  record.ranks = {{0, 1, "node", "processor"}, {1, 2, "node", "processor"}};
  record.rows = std::move(rows);
  record.summary = {7, 2.5, {}};
  return record;
}

TEST(Json, HasNcclTestsKeysAndOurs) {
  const auto json =
      jsonOf(optionsOf({"all_reduce", "-f", "2"}), recordOf({rowOf("all_reduce", 1024)}));
  EXPECT_EQ(json["version"], 3);
  EXPECT_EQ(json["config"]["step_factor"], 2);
  EXPECT_FALSE(json["config"].contains("step_bytes"));
  EXPECT_EQ(json["config"]["blocking_collectives"], "false");
  EXPECT_EQ(json["config"]["devices"].size(), 2u);
  const auto& result = json["results"][0];
  EXPECT_EQ(result["size"], 1024);
  EXPECT_EQ(result["count"], 256);
  EXPECT_EQ(result["root"], "    -1");
  EXPECT_DOUBLE_EQ(result["out_of_place"]["time"], 12.345);
  EXPECT_DOUBLE_EQ(result["in_place"]["bus_bw"], 123.456);
  EXPECT_EQ(result["in_place"]["nwrong"], 7);
  EXPECT_EQ(result["library"], "inccl");
  EXPECT_EQ(result["transport"], "shm");
  EXPECT_EQ(result["algorithm"], "ring");
  EXPECT_EQ(result["protocol"], "half");
  EXPECT_EQ(result["planId"], "0123456789abcdef");
  EXPECT_EQ(json["out_of_bounds"]["count"], 7);
  EXPECT_EQ(json["out_of_bounds"]["okay"], "false");
  EXPECT_EQ(json["average_bus_bandwidth"]["okay"], "unchecked");
}

std::vector<std::string> keysOf(const nlohmann::ordered_json& json) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  return keys;
}

TEST(Json, KeysAreThoseOfVersionThreeInItsOrder) {
  const auto json = jsonOf(optionsOf({"all_reduce"}), recordOf({rowOf("all_reduce", 1024)}));
  EXPECT_THAT(keysOf(json), ElementsAre("version", "start_time", "args", "env", "nccl_version",
                                        "inccl_version", "config", "results", "out_of_bounds",
                                        "average_bus_bandwidth", "errors", "end_time"));
  EXPECT_THAT(keysOf(json["config"]),
              ElementsAre("nthreads", "ngpus", "minimum_bytes", "maximum_bytes", "step_bytes",
                          "warmup_iters", "iterations", "aggregated_iterations", "validation",
                          "graph", "blocking_collectives", "per_iter_timing", "per_iter_skip",
                          "parallel_init", "rotate", "devices"));
  EXPECT_THAT(
      keysOf(json["config"]["devices"][0]),
      ElementsAre("rank", "group", "pid", "hostname", "device", "device_hex", "device_info"));
  const auto& result = json["results"][0];
  EXPECT_THAT(keysOf(result),
              ElementsAre("size", "count", "type", "redop", "root", "out_of_place", "in_place",
                          "actual_iterations", "experiment_name", "library", "transport",
                          "algorithm", "protocol", "planId"));
  EXPECT_THAT(keysOf(result["in_place"]), ElementsAre("time", "alg_bw", "bus_bw", "nwrong"));
}

TEST(Json, HasHashesOfEachRank) {
  Row row = rowOf("reduce", 1024);
  row.inPlace->hash = summarise({0x2a, 0}, false);
  RunRecord record = recordOf({row});
  record.summary.unequalHashes = 0;
  const auto json = jsonOf(optionsOf({"reduce", "--hash"}), record);
  const auto& result = json["results"][0];
  EXPECT_FALSE(result["out_of_place"].contains("hash"));
  EXPECT_EQ(result["in_place"]["hash"].get<std::string>().size(), 16u);
  EXPECT_EQ(result["in_place"]["rank_hashes"][0], "000000000000002a");
  EXPECT_TRUE(result["in_place"]["rank_hashes"][1].is_null());
  EXPECT_EQ(json["unequal_hashes"]["okay"], "true");
}

std::string readFile(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Json, AfterAnErrorNothingIsOkay) {
  RunRecord record = recordOf({});
  record.summary = {0, 2.5, 1.0};
  EXPECT_EQ(jsonOf(optionsOf({"all_reduce"}), record)["out_of_bounds"]["okay"], "true");
  record.errors.emplace_back("rank 1 is gone");
  const auto json = jsonOf(optionsOf({"all_reduce"}), record);
  EXPECT_EQ(json["out_of_bounds"]["okay"], "false");
  EXPECT_EQ(json["average_bus_bandwidth"]["okay"], "false");
}

TEST(Reporter, TheFileOfAFailedRunHasTheSummaryOfItsRows) {
  Options options = optionsOf({"all_reduce"});
  options.jsonPath = std::filesystem::path(::testing::TempDir()) / "perf_reporter_test.json";
  Reporter reporter(options);
  reporter.row(rowOf("all_reduce", 1024));
  reporter.finishAfter(Problem{"rank 1 is gone"}, {7, 2.5, {}});
  const auto json = nlohmann::json::parse(readFile(options.jsonPath));
  EXPECT_EQ(json["out_of_bounds"]["count"], 7);
  EXPECT_EQ(json["out_of_bounds"]["okay"], "false");
  EXPECT_DOUBLE_EQ(json["average_bus_bandwidth"]["bandwidth"], 2.5);
  EXPECT_EQ(json["results"].size(), 1u);
  EXPECT_EQ(json["errors"][0], "rank 1 is gone");
  std::filesystem::remove(options.jsonPath);
}

TEST(Json, WhatIsMissingIsNull) {
  Row row = rowOf("sendrecv", 8);
  row.plan.clear();
  row.outOfPlace->wrong.reset();
  const auto json = jsonOf(optionsOf({"sendrecv"}), recordOf({row}));
  const auto& result = json["results"][0];
  EXPECT_TRUE(result["in_place"]["time"].is_null());
  EXPECT_TRUE(result["out_of_place"]["nwrong"].is_null());
  EXPECT_TRUE(result["planId"].is_null());
}

TEST(Json, TheEnvironmentIsFilteredAndSecretsStayOut) {
  setenv("INCCL_TEST_MARK", "here", 1);
  setenv("INCCL_SECRET", "do not tell", 1);
  setenv("NCCL_SOCKET_IFNAME", "lo", 1);
  setenv("HOME_OF_TEST", "do not tell", 1);
  const auto json = jsonOf(optionsOf({"barrier"}), recordOf({}));
  for (const char* name : {"INCCL_TEST_MARK", "INCCL_SECRET", "NCCL_SOCKET_IFNAME", "HOME_OF_TEST"})
    unsetenv(name);
  const std::string text = json["env"].dump();
  EXPECT_THAT(text, HasSubstr("INCCL_TEST_MARK=here"));
  EXPECT_THAT(text, HasSubstr("NCCL_SOCKET_IFNAME=lo"));
  EXPECT_THAT(text, Not(HasSubstr("do not tell")));
}

TEST(Json, AnExistingFileIsKept) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "perf_report_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string path = folder / "out.json";
  EXPECT_EQ(reserveFile(path).value(), path);
  EXPECT_EQ(reserveFile(path).value(), path + ".0");
  EXPECT_EQ(reserveFile(path).value(), path + ".1");
  EXPECT_FALSE(reserveFile(folder / "missing" / "out.json").ok());
  ASSERT_TRUE(writeJson(path, {{"name", "not UTF-8: \xff"}}).ok());
  EXPECT_GT(std::filesystem::file_size(path), 10u);
  std::filesystem::remove_all(folder);
}

TEST(Plot, DrawsEachPlacementOfEachLineAndNamesTheTransport) {
  std::vector<Row> rows = {rowOf("all_reduce", 0), rowOf("all_reduce", 8),
                           rowOf("all_reduce", 1 << 20)};
  const std::string script = plotScript(optionsOf({"all_reduce"}), 2, rows, "it's.svg");
  EXPECT_THAT(script, HasSubstr("set output 'it''s.svg'"));
  EXPECT_THAT(script, HasSubstr("all_reduce, 2 ranks, shm"));
  EXPECT_THAT(script, HasSubstr("float sum, out of place"));
  EXPECT_THAT(script, HasSubstr("float sum, in place"));
  EXPECT_THAT(script, HasSubstr("'1M' 1048576"));
  EXPECT_THAT(script, Not(HasSubstr("\n0 1.25"))) << "a log axis has no 0";
  EXPECT_THAT(script, HasSubstr("bus bandwidth (GB/s)"));
}

TEST(Plot, NothingOverSizesIsNoPicture) {
  EXPECT_EQ(plotScript(optionsOf({"barrier"}), 2, {rowOf("barrier", 0)}, "x.svg"), "");
}

}  // namespace
}  // namespace inccl::perf
