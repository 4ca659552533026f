// The tables.
#include "perf/flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <utility>
#include <vector>

namespace inccl::perf {
namespace {

constexpr int kMany = 1000000000;

struct IntegerFlag {
  const char* names;
  int* value;
  int low, high;
  const char* help;
};

CLI::Validator wholeNumberBetween(int low, int high) {
  return CLI::Validator(
      [low, high](std::string& text) -> std::string {
        const std::optional<int> value = wholeNumber(text);
        if (value && *value >= low && *value <= high) return {};
        if (high == kMany)
          return fmt::format("'{}' is not a whole number of at least {}", text, low);
        return fmt::format("'{}' is not a whole number from {} to {}", text, low, high);
      },
      "");
}

void addIntegers(CLI::App& app, const std::vector<IntegerFlag>& flags, const char* group) {
  for (const IntegerFlag& flag : flags) {
    app.add_option(flag.names, *flag.value, flag.help)
        ->check(wholeNumberBetween(flag.low, flag.high))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->type_name("N")
        ->capture_default_str()
        ->group(group);
  }
}

struct TextFlag {
  const char* names;
  std::string* value;
  const char* typeName;
  const char* help;
};

void addTexts(CLI::App& app, const std::vector<TextFlag>& flags, const char* group) {
  for (const TextFlag& flag : flags) {
    CLI::Option* option = app.add_option(flag.names, *flag.value, flag.help)
                              ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
                              ->type_name(flag.typeName)
                              ->group(group);
    if (!flag.value->empty()) option->capture_default_str();
  }
}

void describeMeasurement(CLI::App& app, Options& o, RawValues& raw) {
  addTexts(app,
           {{"-b,--minbytes", &raw.minBytes, "SIZE", "smallest size; K, M, G may follow"},
            {"-e,--maxbytes", &raw.maxBytes, "SIZE", "largest size"},
            {"-i,--stepbytes", &raw.stepBytes, "SIZE", "what to add from size to size"}},
           "Sizes");
  addIntegers(app,
              {{"-f,--stepfactor", &raw.stepFactor, 1, kMany, "or what to multiply by; 1 = add"}},
              "Sizes");
  addTexts(
      app,
      {{"-o,--op", &raw.ops, "OP", "sum prod max min avg mulsum band bor bxor land lor all"},
       {"-d,--datatype", &raw.types, "TYPE",
        "int8 … uint64 half float double bfloat16 f8e4m3 f8e5m2 bool complex64 complex128 all"},
       {"-r,--root", &raw.root, "RANK",
        "root of broadcast, reduce, gather, scatter; all or -1 = each in turn"}},
      "What is called");
  addIntegers(
      app,
      {{"-n,--iters", &o.iterations, 1, kMany, "timed iterations"},
       {"-w,--warmup_iters", &o.warmups, 0, kMany, "untimed iterations before them"},
       {"-m,--agg_iters", &o.callsPerGroup, 1, kMany, "calls per iteration, in one group"},
       {"-N,--run_cycles", &o.cycles, 0, kMany, "times to go through the sizes; 0 = for ever"},
       {"-a,--average", &raw.averaging, 0, 3,
        "time shown: 0 of rank 0, 1 mean, 2 min, 3 max of the ranks"},
       {"-z,--blocking", &raw.blocking, 0, 3,
        "1: barrier after each call, timed; 3: barrier after each iteration, not timed"},
       {"-I,--per_iter_timing", &raw.perIteration, 0, 1, "columns i_min i_max i_p99 i_cv%"},
       {"-K,--per_iter_skip", &o.perIterationSkip, 0, kMany, "leading iterations left out of them"},
       {"-T,--timeout", &o.timeoutSeconds, 0, kMany, "seconds for a row; 0 = no limit"}},
      "How it is timed");
  addIntegers(app,
              {{"-c,--check", &o.checks, 0, kMany, "checked iterations per row; 0 = no check"}},
              "Check of the data");
  app.add_flag("--hash", o.hash, "columns with a hash of the results, which must not differ")
      ->group("Check of the data");
}

void describePlaces(CLI::App& app, Options& o, RawValues& raw) {
  addIntegers(app,
              {{"--np", &o.processes, 1, kMostRanks,
                "processes to start here; else a launcher's (torchrun, mpirun …)"},
               {"-t,--nthreads", &o.threads, 1, kMostRanks, "ranks per process, as threads"},
               {"-p,--parallel_init", &raw.parallelInit, 0, 1, "threads always join in parallel"}},
              "Ranks");
  addTexts(
      app,
      {{"--transport", &o.transport, "NAME", "as INCCL_TRANSPORT: auto, inproc, shm, tcp"},
       {"--algo", &o.algorithm, "NAME", "as INCCL_ALGO: ring, rd, direct, tree …"},
       {"--proto", &o.protocol, "NAME", "as INCCL_PROTO: tiny, flat, half, publish, read, lanes"}},
      "Choices of the library");
  addIntegers(app,
              {{"-u,--unalign", &o.unalignElements, 0, 1 << 20, "shift buffers by N elements"},
               {"-R,--local_register", &raw.memory, 0, 2, "1: buffers from incclMemAlloc"}},
              "Memory");
  app.add_flag("--rotate", o.rotate,
               "walk through the buffers call by call, as nccl-tests: cold caches")
      ->group("Memory");
  addTexts(app,
           {{"-J,--output_file,--json", &o.jsonPath, "FILE",
             "results as JSON, keys of nccl-tests; an existing file is kept"},
            {"--plot", &o.plotPath, "FILE.svg", "bandwidth and time over size, drawn by gnuplot"}},
           "Output");
  addIntegers(app,
              {{"-S,--report_timestamps", &raw.timestamps, 0, 1, "a column with the time of day"}},
              "Output");
}

void describeGpuFlags(CLI::App& app, RawValues& raw) {
  const char* group = "For GPUs only: without effect, or refused";
  addIntegers(app,
              {{"-g,--ngpus", &raw.gpus, 1, kMany, "GPUs per thread: 1"},
               {"-y,--stream_null", &raw.nullStream, 0, 1, "use of the NULL stream: always"},
               {"-G,--cudagraph", &raw.graphs, 0, kMany, "0"},
               {"-C,--report_cputime", &raw.cpuTime, 0, 1, "0"},
               {"-M,--memory", &raw.memoryReport, 0, 1, "report of device memory"},
               {"-D,--device_implementation", &raw.device, 0, kMany, "0"},
               {"-V,--device_cta_count", &raw.ctas, 0, kMany, ""}},
              group);
  addTexts(app, {{"-x,--cta_policy", &raw.ctaPolicy, "N", ""}}, group);
}

}  // namespace

std::optional<int> wholeNumber(const std::string& text) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

void describeFlags(CLI::App& app, Options& o, RawValues& raw) {
  describeMeasurement(app, o, raw);
  describePlaces(app, o, raw);
  describeGpuFlags(app, raw);
}

}  // namespace inccl::perf
