// A file of the user's (a plan, a topology), read whole at set-up time.
#pragma once

#include <cstddef>
#include <string>

#include "base/status.h"

namespace inccl::os {

// An error when it cannot be read or is longer than `mostBytes`. Never waits: a pipe that has
// nothing to say is an error too.
Result<std::string> readTextFile(const std::string& path, size_t mostBytes);

}  // namespace inccl::os
