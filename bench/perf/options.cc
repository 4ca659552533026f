// What the values mean, and the checks that look at more than one of them.
//
// CLI11 reports by exceptions; they end in parseOptions.
#include "perf/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <limits>
#include <utility>

#include "perf/choices.h"
#include "perf/flags.h"

namespace inccl::perf {
namespace {

Problem wrong(const char* flag, const std::string& what) {
  return Problem{fmt::format("{}: {}", flag, what)};
}

template <typename Table>
std::string namesOf(const Table& table) {
  std::vector<std::string_view> names;
  for (const auto& row : table) names.emplace_back(row.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

Done readCollective(const RawValues& raw, Options& o) {
  if (const CollectiveTraits* found = findCollective(raw.collective)) {
    o.collective = *found;
    return done();
  }
  if (raw.collective == "hypercube")
    return wrong("COLL", "hypercube, a pattern of messages, is not measured here: see sendrecv");
  return wrong("COLL",
               fmt::format("'{}' is not a collective: {}", raw.collective, collectiveNames()));
}

Done readSizes(const RawValues& raw, Options& o) {
  const std::pair<const char*, std::pair<const std::string*, uint64_t*>> sizes[] = {
      {"-b,--minbytes", {&raw.minBytes, &o.range.minBytes}},
      {"-e,--maxbytes", {&raw.maxBytes, &o.range.maxBytes}},
      {"-i,--stepbytes", {&raw.stepBytes, &o.range.stepBytes}}};
  for (const auto& [flag, pair] : sizes) {
    Outcome<uint64_t> size = parseSize(*pair.first);
    if (!size.ok()) return wrong(flag, size.problem().text);
    *pair.second = size.value();
  }
  o.range.stepFactor = static_cast<uint64_t>(raw.stepFactor);
  if (!o.collective.movesData) o.range.minBytes = o.range.maxBytes = 0;
  Outcome<std::vector<uint64_t>> expanded = sizesOf(o.range);
  if (!expanded.ok()) return expanded.problem();
  o.sizes = std::move(expanded.value());
  return done();
}

Done readTypesAndOps(const RawValues& raw, Options& o) {
  Wanted wanted;
  if (raw.types == "all") {
    wanted.types.assign(elementTypes().begin(), elementTypes().end());
  } else if (const ElementType* type = findElementType(raw.types)) {
    wanted.types = {*type};
  } else {
    return wrong("-d,--datatype",
                 fmt::format("'{}' is not a type: {}, all", raw.types, namesOf(elementTypes())));
  }
  if (raw.ops == "all") {
    wanted.ops.assign(reductionOps().begin(), reductionOps().end());
  } else if (const ReductionOp* op = findReductionOp(raw.ops)) {
    wanted.ops = {*op};
  } else {
    return wrong("-o,--op", fmt::format("'{}' is not an operation: {}, all", raw.ops,
                                        namesOf(reductionOps())));
  }
  Outcome<Support> pairs = supportOf(o.collective, wanted);
  PERF_TRY(pairs);
  o.pairs = std::move(pairs.value());
  return done();
}

Done readRoot(const RawValues& raw, Options& o) {
  if (raw.root == "all") {
    o.root = -1;
    return done();
  }
  const std::optional<int> root = wholeNumber(raw.root);
  if (!root || *root < -1) return wrong("-r,--root", fmt::format("'{}' is not a rank", raw.root));
  o.root = *root;
  return o.processes > 0 ? checkRoot(o, o.processes * o.threads) : done();
}

Done readGpuFlags(const RawValues& raw, const CLI::App& app, Options& o) {
  if (raw.gpus != 1) {
    return wrong("-g,--ngpus", fmt::format("{}: ranks work on host memory here; use --np or -t for "
                                           "more ranks",
                                           raw.gpus));
  }
  if (raw.graphs != 0) return wrong("-G,--cudagraph", "there are no CUDA graphs on host memory");
  if (raw.device != 0)
    return wrong("-D,--device_implementation", "there are no kernels on host memory");
  if (raw.cpuTime != 0)
    return wrong("-C,--report_cputime",
                 "calls on host memory return with the result: their time is the time");
  if (raw.memory == 2)
    return wrong("-R,--local_register", "symmetric windows (2) are not in this library; 1 is");
  std::vector<std::string> ignored;
  for (const char* name : {"-y", "-M", "-V", "-x"})
    if (app.count(name) > 0) ignored.emplace_back(name);
  if (!ignored.empty()) {
    o.notes.push_back(
        fmt::format("{} only mean something on GPUs and have no effect", fmt::join(ignored, " ")));
  }
  return done();
}

// The value of INCCL_TESTS_name, or of NCCL_TESTS_name where that is not set.
std::optional<std::pair<std::string, std::string>> testsVariable(const std::string& name) {
  for (const char* prefix : {"INCCL_TESTS_", "NCCL_TESTS_"}) {
    const std::string whole = prefix + name;
    if (const char* text = std::getenv(whole.c_str())) return std::pair{whole, std::string(text)};
  }
  return std::nullopt;
}

Outcome<std::optional<double>> numberVariable(const std::string& name, double largest,
                                              const char* meaning) {
  const auto variable = testsVariable(name);
  if (!variable) return std::optional<double>();
  const std::string& text = variable->second;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value >= 0) || value > largest)
    return wrong(variable->first.c_str(), fmt::format("'{}' is not {}", text, meaning));
  return std::optional<double>(value);
}

Done readVariables(Options& o) {
  const auto bandwidth =
      numberVariable("MIN_BW", std::numeric_limits<double>::max(), "a bandwidth in GB/s");
  PERF_TRY(bandwidth);
  o.minimumBusGBps = bandwidth.value();
  const auto spread = numberVariable("ALLTOALLV_SPREAD", 1, "a spread from 0 to 1");
  PERF_TRY(spread);
  o.spread = spread.value().value_or(1);
  for (const char* name : {"SPLIT", "SPLIT_MASK", "ALLTOALLV_MATRIX_FILE", "ALLTOALLV_MATRIX_SCALE",
                           "ALLTOALLV_PRINT_SUMMARY"}) {
    const auto variable = testsVariable(name);
    if (variable && !variable->second.empty())
      return wrong(variable->first.c_str(), "this variable of nccl-tests is not understood here");
  }
  if (testsVariable("DEVICE"))
    o.notes.emplace_back("NCCL_TESTS_DEVICE only means something on GPUs");
  return done();
}

Done understand(const RawValues& raw, const CLI::App& app, Options& o) {
  PERF_TRY(readCollective(raw, o));
  PERF_TRY(readSizes(raw, o));
  PERF_TRY(readTypesAndOps(raw, o));
  PERF_TRY(readRoot(raw, o));
  PERF_TRY(readGpuFlags(raw, app, o));
  PERF_TRY(readVariables(o));
  PERF_TRY(checkTransport(o.transport));
  PERF_TRY(checkAlgorithms(o.algorithm));
  PERF_TRY(checkProtocols(o.protocol));
  o.averaging = static_cast<Averaging>(raw.averaging);
  o.blocking = static_cast<Blocking>(raw.blocking);
  o.perIteration = raw.perIteration != 0;
  o.timestamps = raw.timestamps != 0;
  o.parallelInit = raw.parallelInit != 0;
  o.libraryMemory = raw.memory != 0;
  if (o.perIteration && o.perIterationSkip >= o.iterations)
    return wrong("-K,--per_iter_skip", fmt::format("{} leaves nothing of {} iterations",
                                                   o.perIterationSkip, o.iterations));
  if (o.processes * o.threads > kMostRanks)
    return wrong("--np, -t",
                 fmt::format("{} ranks: more than {}", o.processes * o.threads, kMostRanks));
  return done();
}

std::string versionText() {
  int version = 0;
  (void)incclGetVersion(&version);
  return fmt::format("inccl-perf {}.{}.{}, library {}.{}.{}\n", INCCL_MAJOR, INCCL_MINOR,
                     INCCL_PATCH, version / 10000, version / 100 % 100, version % 100);
}

constexpr const char* kFooter =
    "Exit status: 0 all is right; 1 wrong elements, unequal hashes, or bus bandwidth below 0.9 of\n"
    "INCCL_TESTS_MIN_BW (GB/s); 2 wrong command line; 3 a call, a rank or the machine failed.\n"
    "Example: inccl-perf all_reduce -b 8 -e 64M -f 2 --np 4";

}  // namespace

Done checkRoot(const Options& o, int ranks) {
  if (o.root < ranks) return done();
  return wrong("-r,--root", fmt::format("{} is not a rank: they are 0 to {}", o.root, ranks - 1));
}

std::variant<Options, Leave> parseOptions(int argc, const char* const* argv) {
  Options o;
  o.arguments.assign(argv, argv + argc);
  RawValues raw;
  CLI::App app{
      "Measures and verifies a collective of INCCL: flags, columns, formulas and exit status of "
      "nccl-tests.",
      "inccl-perf"};
  app.footer(kFooter);
  app.get_formatter()->column_width(36);
  bool version = false;
  app.add_flag("--version", version, "print the versions and leave");
  const std::string names = collectiveNames();
  CLI::Option* collective = app.add_option("COLL", raw.collective, names)->type_name("");
  describeFlags(app, o, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Leave{0, app.help()};
  } catch (const CLI::Error& error) {
    return Leave{kExitUsage, fmt::format("inccl-perf: {}\n", error.what())};
  }
  if (version) return Leave{0, versionText()};
  const Done understood = collective->count() == 0
                              ? Done(wrong("COLL", "which collective? " + names))
                              : understand(raw, app, o);
  if (!understood.ok()) {
    return Leave{kExitUsage,
                 fmt::format("inccl-perf: {} (--help tells more)\n", understood.problem().text)};
  }
  return o;
}

}  // namespace inccl::perf
