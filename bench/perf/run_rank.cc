// The order of things.
#include "perf/run_rank.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "perf/host.h"
#include "perf/reporter.h"
#include "perf/runner.h"
#include "perf/watchdog.h"

namespace inccl::perf {
namespace {

// Two buffers; the rest of the machine's memory is for everybody else.
constexpr uint64_t kBuffersPerRank = 2;
constexpr double kShareOfMemory = 0.8;

class RankRun {
 public:
  RankRun(const Options& options, Team& team) : options_(options), team_(team) {}

  Outcome<Summary> run();
  // Files and the error, after run() failed.
  void reportFailure(const Problem& problem);

 private:
  Done gatherRanks();
  Done fitIntoMemory();
  [[nodiscard]] std::vector<Case> cases() const;
  Outcome<Row> measureRow(Runner& runner, Watchdog& watchdog, const Case& measured);
  void account(const Row& row);
  void compareWithEarlierCycle(size_t number, const Row& row);
  [[nodiscard]] Summary summary() const;
  void printLeftOut();
  [[nodiscard]] bool allOnOneHost() const;

  const Options& options_;
  Team& team_;
  std::vector<uint64_t> sizes_;
  std::vector<RankInfo> rankInfos_;
  std::unique_ptr<Reporter> reporter_;  // rank 0 only
  int64_t wrong_ = 0;
  double busSum_ = 0;
  size_t busCount_ = 0;
  int64_t unequalHashes_ = 0;
  std::map<std::pair<size_t, bool>, uint64_t> hashes_;  // of the first cycle
};

Done RankRun::gatherRanks() {
  const std::string mine = fmt::format("{}\n{}\n{}", getpid(), hostName(), processorName());
  Outcome<std::vector<std::string>> all = team_.gather(mine);
  PERF_TRY(all);
  for (int rank = 0; rank < team_.ranks(); ++rank) {
    const std::string& text = all.value()[static_cast<size_t>(rank)];
    const size_t first = text.find('\n');
    const size_t second = text.find('\n', first + 1);
    if (first == std::string::npos || second == std::string::npos)
      return Problem{fmt::format(
          "rank {}: the library's all-gather returned something else than was sent", team_.rank())};
    rankInfos_.push_back({rank, std::strtol(text.c_str(), nullptr, 10),
                          text.substr(first + 1, second - first - 1), text.substr(second + 1)});
  }
  return done();
}

bool RankRun::allOnOneHost() const {
  return std::all_of(rankInfos_.begin(), rankInfos_.end(),
                     [&](const RankInfo& info) { return info.host == rankInfos_.front().host; });
}

// Largest size that every host has memory for; larger ones are left out, as nccl-tests does.
Done RankRun::fitIntoMemory() {
  const std::string host = hostName();
  const auto neighbours = std::count_if(rankInfos_.begin(), rankInfos_.end(),
                                        [&](const RankInfo& info) { return info.host == host; });
  const double share = kShareOfMemory * static_cast<double>(availableMemoryBytes()) /
                       static_cast<double>(std::max<int64_t>(neighbours, 1) * kBuffersPerRank);
  Outcome<int64_t> limit = team_.reduce(static_cast<int64_t>(share), incclMin);
  PERF_TRY(limit);
  const auto largest = static_cast<uint64_t>(limit.value());
  std::copy_if(options_.sizes.begin(), options_.sizes.end(), std::back_inserter(sizes_),
               [&](uint64_t size) { return size <= largest; });
  if (sizes_.empty()) {
    return Problem{fmt::format(
        "no memory for even the smallest size: {} bytes, and there is room for {} a rank",
        options_.sizes.front(), largest)};
  }
  if (sizes_.size() < options_.sizes.size() && reporter_ != nullptr)
    reporter_->remark(
        fmt::format("Reducing maxBytes to {} due to memory limitation", sizes_.back()));
  return done();
}

// In nccl-tests' order: types, operations, roots, sizes.
std::vector<Case> RankRun::cases() const {
  const CollectiveTraits& collective = options_.collective;
  std::vector<int> roots = {-1};
  if (collective.rooted && options_.root >= 0) roots = {options_.root};
  if (collective.rooted && options_.root < 0) {
    roots.clear();
    for (int rank = 0; rank < team_.ranks(); ++rank) roots.push_back(rank);
  }
  std::vector<Case> all;
  for (const TypeAndOp& what : options_.pairs.usable) {
    for (const int root : roots) {
      for (const uint64_t size : sizes_) {
        Case c{collective, what.type, what.op, root, {}, 0};
        c.shape = shapeOf(collective.id, size, what.type.bytes, team_.ranks(), options_.spread);
        c.bytes = reportedBytes(c.shape, what.type.bytes);
        all.push_back(c);
      }
    }
  }
  return all;
}

Outcome<Row> RankRun::measureRow(Runner& runner, Watchdog& watchdog, const Case& c) {
  Row row{c, std::nullopt, std::nullopt, {}, {}};
  const std::pair<bool, std::optional<Measurement>*> placements[] = {{false, &row.outOfPlace},
                                                                     {true, &row.inPlace}};
  for (const auto& [inPlace, target] : placements) {
    if (inPlace && !c.collective.hasInPlace) continue;
    watchdog.arm(fmt::format("{} of {} bytes", c.collective.name, c.bytes));
    Outcome<Measurement> measured = runner.measure(c, inPlace);
    watchdog.disarm();
    PERF_TRY(measured);
    *target = std::move(measured.value());
  }
  row.plan = team_.planOf(c.collective.name, c.bytes);
  return row;
}

void RankRun::account(const Row& row) {
  for (const std::optional<Measurement>* placement : {&row.outOfPlace, &row.inPlace}) {
    if (!*placement) continue;
    wrong_ += (*placement)->wrong.value_or(0);
    busSum_ += (*placement)->bandwidth.busGBps;
    ++busCount_;
    if ((*placement)->hash) unequalHashes_ += (*placement)->hash->unequal;
  }
}

// A row is the same call with the same data in every cycle.
void RankRun::compareWithEarlierCycle(size_t number, const Row& row) {
  for (const bool inPlace : {false, true}) {
    const std::optional<Measurement>& m = inPlace ? row.inPlace : row.outOfPlace;
    if (!m || !m->hash) continue;
    const auto [first, isNew] = hashes_.try_emplace({number, inPlace}, m->hash->all);
    if (isNew || first->second == m->hash->all) continue;
    ++unequalHashes_;
    if (reporter_ != nullptr)
      fmt::print(stderr,
                 "inccl-perf: {} of {} bytes: the result's hash was {:016x} in the first cycle and "
                 "is {:016x}\n",
                 row.measured.collective.name, row.measured.bytes, first->second, m->hash->all);
  }
}

Summary RankRun::summary() const {
  const double average = busCount_ > 0 ? busSum_ / static_cast<double>(busCount_) : 0;
  Summary all{wrong_, average, options_.minimumBusGBps};
  if (options_.hash) all.unequalHashes = unequalHashes_;
  return all;
}

void RankRun::printLeftOut() {
  const std::vector<std::string>& leftOut = options_.pairs.leftOut;
  if (reporter_ != nullptr && !leftOut.empty())
    reporter_->remark(fmt::format("Left out, not defined: {}", fmt::join(leftOut, " ")));
}

Outcome<Summary> RankRun::run() {
  if (team_.rank() == 0) reporter_ = std::make_unique<Reporter>(options_);
  PERF_TRY(gatherRanks());
  if (reporter_ != nullptr) reporter_->head(rankInfos_);
  PERF_TRY(fitIntoMemory());
  printLeftOut();
  if (reporter_ != nullptr) reporter_->columns();
  Outcome<Runner> runner = Runner::create(team_, options_, sizes_.back(), allOnOneHost());
  PERF_TRY(runner);
  Watchdog watchdog(team_, options_.timeoutSeconds);
  const std::vector<Case> rows = cases();
  for (int cycle = 0; options_.cycles == 0 || cycle < options_.cycles; ++cycle) {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (reporter_ != nullptr)
        reporter_->progress(i, rows.size(),
                            fmt::format("{} {}", shortSize(rows[i].bytes), rows[i].type.name));
      Outcome<Row> row = measureRow(runner.value(), watchdog, rows[i]);
      PERF_TRY(row);
      account(row.value());
      compareWithEarlierCycle(i, row.value());
      if (reporter_ != nullptr) reporter_->row(std::move(row.value()));
    }
  }
  if (reporter_ != nullptr) PERF_TRY(reporter_->finish(summary()));
  return summary();
}

void RankRun::reportFailure(const Problem& problem) {
  fmt::print(stderr, "inccl-perf: {}\n", problem.text);
  if (reporter_ != nullptr) reporter_->finishAfter(problem, summary());
}

}  // namespace

int runRank(const Options& options, const RankSetting& setting) {
  Outcome<Team> joined = Team::join(setting.ranks, setting.id, setting.rank);
  if (!joined.ok()) {
    fmt::print(stderr, "inccl-perf: rank {}: {}\n", setting.rank, joined.problem().text);
    return kExitCannotRun;
  }
  Team& team = joined.value();
  RankRun run(options, team);
  const Outcome<Summary> summary = run.run();
  if (!summary.ok()) {
    team.abort();
    run.reportFailure(summary.problem());
    return kExitCannotRun;
  }
  // Nobody leaves while another one still needs it.
  if (const Done together = team.barrier(); !together.ok()) {
    run.reportFailure(together.problem());
    return kExitCannotRun;
  }
  (void)team.leave();
  return summary.value().passed() ? 0 : kExitFailedTest;
}

}  // namespace inccl::perf
