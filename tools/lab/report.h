// A lab for people and for scripts: who is where, by which interface and address, how fast.
#pragma once

#include <string>

#include "lab/counters.h"
#include "lab/plan.h"

namespace inccl::lab {

// "500 Mbit/s"
std::string rateText(uint64_t bytesPerSecond);

// A table; with `sent`, of a lab that is up, also the bytes that left by each interface.
std::string showText(const Plan& plan, const SentBytes* sent = nullptr);
// The same as one JSON object: "name", "spaces" [{"id", "kind", "ranks", "interfaces" [{"name",
// "mac", "addresses", "peer", "link", "bytesPerSecond", "burstBytes", "queueBytes",
// "sentBytes"}]}].
std::string showJson(const Plan& plan, const SentBytes* sent = nullptr);

// One line for each end of a cable: "# host0 eth0 -> network port0: 1234 bytes".
std::string countersText(const Plan& plan, const SentBytes& before, const SentBytes& after);

}  // namespace inccl::lab
