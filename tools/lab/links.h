// What the kernel says of the interfaces in a network, by `ip -json`.
//
// Not from /proc/net/dev: `exec` stands in the lab's mounts but not among its processes, so that
// /proc has nothing of it there.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"

namespace inccl::lab {

struct LinkState {
  bool carries = false;  // both ends are up, and the kernel has noticed
  uint64_t sentBytes = 0;
};
using Links = std::map<std::string, LinkState>;

// From the output of `ip -json -statistics link`.
Result<Links> linksFromJson(const std::string& text);

// The calling process is in that network after.
Result<Links> linksIn(int network);

}  // namespace inccl::lab
