// Printing, and the files at the end.
#include "perf/reporter.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "perf/plot.h"
#include "perf/report_text.h"

namespace inccl::perf {
namespace {

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

Reporter::Reporter(const Options& options)
    : options_(options), terminal_(isatty(STDERR_FILENO) == 1) {
  record_.startTime = timeOfDay();
  (void)incclGetVersion(&record_.libraryVersion);
}

void Reporter::head(std::vector<RankInfo> ranks) {
  record_.ranks = std::move(ranks);
  if (!options_.jsonPath.empty())
    print(fmt::format("# Writing JSON output to {}\n", options_.jsonPath));
  print(tableHead(options_, record_.libraryVersion, record_.ranks));
}

void Reporter::remark(const std::string& text) { print(fmt::format("# {}\n", text)); }

void Reporter::columns() { print(columnHeads(options_)); }

void Reporter::progress(size_t done, size_t total, const std::string& what) {
  if (!terminal_) return;
  fmt::print(stderr, "\r\033[K[{}/{}] {}", done + 1, total, what);
  std::fflush(stderr);
  progressShown_ = true;
}

void Reporter::wipeProgress() {
  if (!progressShown_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  progressShown_ = false;
}

void Reporter::row(Row row) {
  wipeProgress();
  if (options_.timestamps) row.timeOfDay = timeOfDay();
  print(tableRow(options_, row));
  record_.rows.push_back(std::move(row));
}

Done Reporter::finish(const Summary& summary) {
  wipeProgress();
  record_.summary = summary;
  print(tableFoot(options_, summary));
  return writeFiles();
}

void Reporter::finishAfter(const Problem& error, const Summary& summary) {
  wipeProgress();
  record_.summary = summary;
  record_.errors.push_back(error.text);
  if (const Done written = writeFiles(); !written.ok())
    fmt::print(stderr, "inccl-perf: {}\n", written.problem().text);
}

Done Reporter::writeFiles() {
  record_.endTime = timeOfDay();
  if (!options_.jsonPath.empty()) PERF_TRY(writeJson(options_.jsonPath, jsonOf(options_, record_)));
  if (options_.plotPath.empty() || record_.rows.empty()) return done();
  if (!haveGnuplot()) {
    remark("no plot: gnuplot is not installed");
    return done();
  }
  const std::string script =
      plotScript(options_, static_cast<int>(record_.ranks.size()), record_.rows, options_.plotPath);
  if (script.empty()) {
    remark("no plot: there is nothing to draw over sizes");
    return done();
  }
  PERF_TRY(drawPlot(script));
  remark(fmt::format("Plot written to {}", options_.plotPath));
  return done();
}

}  // namespace inccl::perf
