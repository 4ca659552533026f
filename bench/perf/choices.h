// Checks --transport, --algo and --proto, before a rank exists, for words that the library lacks.
//
// The library judges its variables by itself, but only at creation, and then every rank says so.
// Whether a choice fits the run (a ring barrier, shm across hosts) is left to it; only words are
// looked up here. The tool sees no more of the library than its users, so it has the words a second
// time, and a test holds them to the library's own.
#pragma once

#include <span>
#include <string_view>

#include "perf/outcome.h"

namespace inccl::perf {

std::span<const std::string_view> transportWords();
std::span<const std::string_view> algorithmWords();
std::span<const std::string_view> protocolWords();
std::span<const std::string_view> functionWords();  // before the colon

// A Problem names the flag, the unknown word and the known ones. In any case, as the library.
Done checkTransport(std::string_view text);
// NCCL's grammar: "ring", "allreduce:ring,direct;broadcast:^ring".
Done checkAlgorithms(std::string_view text);
Done checkProtocols(std::string_view text);

}  // namespace inccl::perf
