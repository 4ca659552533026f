// See options.h.
#include "options.h"

#include <sched.h>

#include <charconv>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "die.h"

namespace inccl::peers {

namespace {

int wholeNumber(std::string_view flag, std::string_view text) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    die(std::string(flag) + " wants a whole number, not '" + std::string(text) + "'");
  }
  return value;
}

std::vector<int> wholeNumbers(std::string_view flag, const std::string& text) {
  std::vector<int> values;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) values.push_back(wholeNumber(flag, part));
  return values;
}

void checkPeerOptions(const PeerOptions& options) {
  if (options.meetingPrefix.empty()) die("--meet is missing");
  if (options.ranks < 1 || options.ranks > kMaxRanks) {
    die("--ranks must be 1 to " + std::to_string(kMaxRanks));
  }
  if (options.rank < 0) die("no --rank, and no launcher's environment that says it");
  if (options.rank >= options.ranks) die("--rank must be below --ranks");
  if (!options.cores.empty() && options.cores.size() < static_cast<size_t>(options.ranks)) {
    die("--cores names fewer cores than there are ranks");
  }
}

}  // namespace

int rankFromLauncher() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"}) {
    if (const char* text = std::getenv(name)) return wholeNumber(name, text);
  }
  return -1;
}

PeerOptions parsePeerOptions(int argc, char** argv) {
  PeerOptions options;
  options.rank = rankFromLauncher();
  for (int i = 1; i < argc; ++i) {
    std::string_view flag = argv[i];
    if (flag == "--yield") {
      options.yieldWhileWaiting = true;
      continue;
    }
    if (++i == argc) die(std::string(flag) + " is unknown or lacks its value");
    std::string value = argv[i];
    if (flag == "--meet") {
      options.meetingPrefix = value;
    } else if (flag == "--rank") {
      options.rank = wholeNumber(flag, value);
    } else if (flag == "--ranks") {
      options.ranks = wholeNumber(flag, value);
    } else if (flag == "--cores") {
      options.cores = wholeNumbers(flag, value);
    } else if (flag == "--buffers" && (value == "library" || value == "ordinary")) {
      options.buffers = value == "library" ? BufferKind::kLibrary : BufferKind::kOrdinary;
    } else {
      die("unknown argument " + std::string(flag) + " " + value);
    }
  }
  checkPeerOptions(options);
  return options;
}

void pinToCore(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(core), &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0) {
    dieOfErrno("cannot pin to core " + std::to_string(core));
  }
}

}  // namespace inccl::peers
