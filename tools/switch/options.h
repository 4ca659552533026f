// The command line of inccl-switch.
#pragma once

#include <string>
#include <variant>

#include "switch/server.h"

namespace inccl::switch_tool {

struct Options {
  emulator::ServerOptions server;
  std::string portFile;  // gets "host:port" of the controller once it listens
  bool quiet = false;
};

// Leave now, with this text and status: --help, --version, or a wrong command line.
struct Leave {
  int status;
  std::string text;
};

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

std::variant<Options, Leave> parseOptions(int argc, const char* const* argv);

}  // namespace inccl::switch_tool
