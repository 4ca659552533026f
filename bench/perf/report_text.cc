// Formats and columns.
#include "perf/report_text.h"

#include <fmt/format.h>
#include <time.h>

#include <array>

namespace inccl::perf {
namespace {

constexpr int kFigureWidth = 6;
constexpr int kTimeWidth = 7;

std::string parameterLine(const Options& o) {
  const bool byFactor = o.range.stepFactor > 1;
  return fmt::format(
      "# nThread {} nGpus 1 minBytes {} maxBytes {} step: {}({}) warmup iters: {} iters: {} "
      "agg iters: {} validation: {} graph: 0 unalign: {}\n",
      o.threads, o.range.minBytes, o.range.maxBytes,
      byFactor ? o.range.stepFactor : o.range.stepBytes, byFactor ? "factor" : "bytes", o.warmups,
      o.iterations, o.callsPerGroup, o.checks, o.unalignElements);
}

std::string modeLines(const Options& o) {
  std::string text;
  switch (o.blocking) {
    case Blocking::kNone:
      break;
    case Blocking::kBarrierPerCall:
      text += "# Blocking Enabled: wait and barrier after each inner iteration (-m) \n";
      break;
    case Blocking::kWait:
      text += "# Blocking Enabled: wait after each inner iteration (-m), no barrier \n";
      break;
    case Blocking::kBarrierPerIteration:
      text +=
          "# Blocking Enabled: wait and barrier after each outer iteration (-n); time excludes "
          "barrier \n";
      break;
  }
  if (o.perIteration) {
    text += "# Per-Iteration Report: host clock; i_* uses max over ranks";
    if (o.perIterationSkip > 0)
      text += fmt::format("; summary skips first {} iterations", o.perIterationSkip);
    text += " \n";
  }
  if (o.parallelInit) text += "# Parallel Init Enabled: threads join concurrently \n";
  return text;
}

std::string rankLines(const std::vector<RankInfo>& ranks) {
  std::string text = "# Using devices\n";
  for (const RankInfo& info : ranks) {
    text += fmt::format("#  Rank {:2} Group {:2} Pid {:6} on {:>10} device {:2} [host memory] {}\n",
                        info.rank, 0, info.pid, info.host, -1, info.processor);
  }
  return text;
}

// Heads of the columns of one placement, before and after the units.
std::string placementHead(const Options& o, bool units) {
  std::string text =
      units ? fmt::format("  {:>7}  {:>6}  {:>6}  {:>6}", "(us)", "(GB/s)", "(GB/s)", "")
            : fmt::format("  {:>7}  {:>6}  {:>6}  {:>6}", "time", "algbw", "busbw", "#wrong");
  if (!o.perIteration) return text;
  return text +
         (units ? fmt::format("  {:>7}  {:>7}  {:>7}  {:>7}", "(us)", "(us)", "(us)", "(%)")
                : fmt::format("  {:>7}  {:>7}  {:>7}  {:>7}", "i_min", "i_max", "i_p99", "i_cv%"));
}

std::string placementColumns(const Options& o, const std::optional<Measurement>& m) {
  std::string text;
  if (!m) {
    text = fmt::format("  {:>7}  {:>6}  {:>6}  {:>6}", "N/A", "N/A", "N/A", "N/A");
    if (o.perIteration) text += fmt::format("  {0:>7}  {0:>7}  {0:>7}  {0:>7}", "N/A");
    return text;
  }
  const std::string wrong = m->wrong ? fmt::format("{:>6g}", static_cast<double>(*m->wrong))
                                     : fmt::format("{:>6}", "N/A");
  text = fmt::format("  {}  {}  {}  {}", figure(m->microseconds, kTimeWidth),
                     figure(m->bandwidth.algGBps, kFigureWidth),
                     figure(m->bandwidth.busGBps, kFigureWidth), wrong);
  if (m->iterations) {
    const IterationStatistics& s = m->iterations->statistics;
    text += fmt::format("  {}  {}  {}  {}", figure(s.min, kTimeWidth), figure(s.max, kTimeWidth),
                        figure(s.p99, kTimeWidth), figure(s.variationPercent(), kTimeWidth));
  }
  return text;
}

// Of --hash; both placements side by side.
std::string hashHead(const Options& o, bool units) {
  if (!o.hash) return {};
  return units ? fmt::format("  {:>16}  {:>16}", "(out-of-place)", "(in-place)")
               : fmt::format("  {0:>16}  {0:>16}", "hash");
}

std::string hashColumns(const Options& o, const Row& row) {
  if (!o.hash) return {};
  std::string text;
  for (const std::optional<Measurement>* m : {&row.outOfPlace, &row.inPlace}) {
    const bool available = *m && (*m)->hash;
    text += available ? fmt::format("  {:016x}", (*m)->hash->all) : fmt::format("  {:>16}", "N/A");
  }
  return text;
}

}  // namespace

std::string figure(double value, int width) {
  for (const int decimals : {2, 1, 0}) {
    std::string text = fmt::format("{:{}.{}f}", value, width, decimals);
    if (text.size() <= static_cast<size_t>(width)) return text;
  }
  return fmt::format("{:{}.{}e}", value, width, width >= 7 ? 1 : 0);
}

std::string tableHead(const Options& o, int libraryVersion, const std::vector<RankInfo>& ranks) {
  std::string text =
      fmt::format("# inccl-perf version {}.{}.{} inccl-headers={} inccl-library={}\n", INCCL_MAJOR,
                  INCCL_MINOR, INCCL_PATCH, INCCL_VERSION_CODE, libraryVersion);
  text += fmt::format("# Collective test starting: {}\n", o.collective.name);
  text += parameterLine(o) + modeLines(o) + "#\n" + rankLines(ranks);
  return text;
}

std::string columnHeads(const Options& o) {
  std::string text = fmt::format("#\n# {:>10}  {:>12}  {:>8}  {:>6}  {:>6}", "", "", "", "", "");
  text += o.perIteration
              ? "              out-of-place (+ per-iteration)                                "
                "in-place (+ per-iteration)\n"
              : "           out-of-place                       in-place          \n";
  const int stampWidth = o.timestamps ? 19 : 0;
  text += fmt::format("# {:>10}  {:>12}  {:>8}  {:>6}  {:>6}{}{}{} {:>{}}\n", "size", "count",
                      "type", "redop", "root", placementHead(o, false), placementHead(o, false),
                      hashHead(o, false), o.timestamps ? "timestamp" : "", stampWidth);
  text += fmt::format("# {:>10}  {:>12}  {:>8}  {:>6}  {:>6}{}{}{} {:>{}}\n", "(B)", "(elements)",
                      "", "", "", placementHead(o, true), placementHead(o, true), hashHead(o, true),
                      o.timestamps ? "%Y-%m-%d %H:%M:%S" : "", stampWidth);
  return text;
}

std::string tableRow(const Options& o, const Row& row) {
  const Case& c = row.measured;
  std::string text = fmt::format("{:12}  {:12}  {:>8}  {:>6}  {:6}", c.bytes, c.shape.count,
                                 c.type.name, c.op.name, c.root);
  text +=
      placementColumns(o, row.outOfPlace) + placementColumns(o, row.inPlace) + hashColumns(o, row);
  if (o.timestamps) text += fmt::format("{:>21}", row.timeOfDay);
  return text + "\n";
}

std::string tableFoot(const Options& o, const Summary& s) {
  const char* verdict = !s.minimumBusGBps ? "" : s.fastEnough() ? "OK" : "FAILED";
  std::string text;
  text += fmt::format("# {:<20} : {} {}\n", "Out of bounds values", s.wrong,
                      s.wrong == 0 ? "OK" : "FAILED");
  text += fmt::format("# {:<20} : {:g} {}\n", "Avg bus bandwidth", s.averageBusGBps, verdict);
  if (s.unequalHashes)
    text += fmt::format("# {:<20} : {} {}\n", "Unequal hashes", *s.unequalHashes,
                        *s.unequalHashes == 0 ? "OK" : "FAILED");
  return text + fmt::format("#\n# Collective test concluded: {}\n#\n", o.collective.name);
}

std::string timeOfDay() {
  const time_t now = time(nullptr);
  tm local{};
  localtime_r(&now, &local);
  std::array<char, 32> text{};
  (void)strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
  return text.data();
}

}  // namespace inccl::perf
