// What happened to packets, by reason: the switch's only way to say that it dropped one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace inccl::switchml {

struct Counters {
  uint64_t received = 0;
  uint64_t contributions = 0;    // that counted
  uint64_t completions = 0;      // uses that became whole
  uint64_t retransmissions = 0;  // stored results sent again
  uint64_t statuses = 0;
  uint64_t naks = 0;
  uint64_t mismatches = 0;  // packets whose opTag or shape differed from the use's
  // Dropped:
  uint64_t malformed = 0;    // no packet of ours
  uint64_t unexpected = 0;   // kinds that a switch does not take
  uint64_t forged = 0;       // a worker's or a slot's number that is not the sender's
  uint64_t unsupported = 0;  // a type, an operation or a size that this profile has not
  uint64_t repeated = 0;     // contributions that were there already
  uint64_t stale = 0;        // of uses that are over
  uint64_t violations = 0;   // of uses that may not be opened yet

  [[nodiscard]] std::array<std::pair<std::string_view, uint64_t>, 14> all() const {
    return {{{"received", received},
             {"contributions", contributions},
             {"completions", completions},
             {"retransmissions", retransmissions},
             {"statuses", statuses},
             {"naks", naks},
             {"mismatches", mismatches},
             {"malformed", malformed},
             {"unexpected", unexpected},
             {"forged", forged},
             {"unsupported", unsupported},
             {"repeated", repeated},
             {"stale", stale},
             {"violations", violations}}};
  }
};

}  // namespace inccl::switchml
