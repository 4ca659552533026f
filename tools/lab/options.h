// The command line of inccl-lab. What follows "--" is a command and is not looked at.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "command_line.h"

namespace inccl::lab {

enum class Verb { kRun, kUp, kExec, kDown, kShow, kStatus, kCalibrate };

struct Options {
  Verb verb = Verb::kStatus;
  std::string file;  // run, up; show and calibrate: a file or the name of a lab
  std::string name;  // of a lab; empty: by its file, or the only one
  std::string host;  // exec; empty with allRanks
  bool allRanks = false;
  bool json = false;
  bool marks = true;
  bool counters = false;
  double timeoutSeconds = 0;
  std::vector<std::string> command;
};

using tools::kExitFailed;
using tools::kExitUsage;
using tools::Leave;

std::variant<Options, Leave> parseOptions(int argc, const char* const* argv);

}  // namespace inccl::lab
