// Running `ip`, `tc` and `bridge`: no shell, input from memory, output and complaints kept.
//
// All three are memory files and not pipes, so that a program that writes much while it still has
// much to read cannot stand still. Looked for in PATH and in the sbin folders, which an ordinary
// user's PATH does not have. Blocking: these programs end by themselves.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace inccl::lab {

struct Finished {
  int status = 0;  // exit status, or 128 + signal
  std::string output;
  std::string complaints;  // what it wrote to stderr
};

// Fails when there is no such program or it cannot be started.
Result<Finished> runProgram(const std::string& program, const std::vector<std::string>& arguments,
                            const std::string& input);

}  // namespace inccl::lab
