// The command line of inccl-switch.
#pragma once

#include <string>
#include <variant>

#include "command_line.h"
#include "switch/server.h"

namespace inccl::switch_tool {

struct Options {
  emulator::ServerOptions server;
  std::string portFile;  // gets "host:port" of the controller once it listens
  bool quiet = false;
};

using tools::kExitFailed;
using tools::kExitUsage;
using tools::Leave;

std::variant<Options, Leave> parseOptions(int argc, const char* const* argv);

}  // namespace inccl::switch_tool
