// The command line of inccl-perf: flags, values and meanings of nccl-tests, and a few of our own.
//
// Everything that can be wrong without asking the library is found here, before any process or
// thread exists, with a sentence that names the flag and the value. Flags that only mean something
// on GPUs are accepted with a note where leaving them out changes nothing that is measured, and
// refused where it would.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "perf/collectives.h"
#include "perf/size_sweep.h"
#include "perf/support.h"

namespace inccl::perf {

// What becomes of the ranks' times: the value of -a.
enum class Averaging { kRank0 = 0, kMean = 1, kMin = 2, kMax = 3 };

// The value of -z. Calls on host memory always wait, so 0 and 2 measure the same.
enum class Blocking { kNone = 0, kBarrierPerCall = 1, kWait = 2, kBarrierPerIteration = 3 };

struct Options {
  CollectiveTraits collective{};
  SizeRange range;
  std::vector<uint64_t> sizes;  // the range, expanded

  Support pairs;      // of types and operations
  int root = 0;       // -1 = each rank in turn
  double spread = 1;  // of alltoallv: INCCL_TESTS_ALLTOALLV_SPREAD

  int iterations = 20;
  int warmups = 1;
  int callsPerGroup = 1;  // -m
  int cycles = 1;         // 0 = for ever
  int checks = 1;         // checked iterations; 0 = none
  Averaging averaging = Averaging::kMean;
  Blocking blocking = Blocking::kNone;
  int timeoutSeconds = 0;  // per row and placement; 0 = none
  int unalignElements = 0;
  bool perIteration = false;
  int perIterationSkip = 0;
  bool timestamps = false;
  bool parallelInit = false;
  bool libraryMemory = false;  // -R 1: buffers from incclMemAlloc
  bool rotate = false;
  bool hash = false;

  int processes = 0;  // --np; 0 = by a launcher, or one
  int threads = 1;    // ranks per process
  std::string transport, algorithm, protocol;
  std::string jsonPath, plotPath;

  std::optional<double> minimumBusGBps;  // INCCL_TESTS_MIN_BW or NCCL_TESTS_MIN_BW
  std::vector<std::string> notes;        // about accepted flags without effect
  std::vector<std::string> arguments;    // as given, for the report
};

// Leave now, with this text and status: --help, --version, or a wrong command line.
struct Leave {
  int status;
  std::string text;
};

constexpr int kExitFailedTest = 1;  // wrong elements, unequal hashes, or too little bandwidth
constexpr int kExitUsage = 2;
constexpr int kExitCannotRun = 3;  // a call, a rank or the machine failed

// For launchers, whose number of ranks the command line does not say.
Done checkRoot(const Options& options, int ranks);

std::variant<Options, Leave> parseOptions(int argc, const char* const* argv);

}  // namespace inccl::perf
