// inccl-switch: the emulated switch as a process, until it is told to end.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "switch/options.h"

namespace inccl::switch_tool {
namespace {

emulator::Server* running = nullptr;  // for the signal handler, set before it is

void onSignal(int /*number*/) { running->stop(); }

std::string placeOf(const Options& options, uint16_t port) {
  return options.server.address.withPort(port).describe();
}

// Whole or not at all: somebody waits for the file to appear.
Status writePortFile(const Options& options, uint16_t port) {
  if (options.portFile.empty()) return {};
  const std::string unfinished = fmt::format("{}.new", options.portFile);
  std::FILE* const file = std::fopen(unfinished.c_str(), "w");
  const bool written = file != nullptr && std::fputs(placeOf(options, port).c_str(), file) >= 0;
  const bool closed = file != nullptr && std::fclose(file) == 0;
  if (written && closed && std::rename(unfinished.c_str(), options.portFile.c_str()) == 0)
    return {};
  return systemError(fmt::format("--port-file {}", options.portFile), errno);
}

Status run(const Options& options) {
  INCCL_TRY_ASSIGN(const auto server, emulator::Server::open(options.server));
  running = server.get();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, onSignal);
  if (!options.quiet) {
    fmt::print("{}controller {}, data port {}", server->usage(),
               placeOf(options, server->controlPort()), server->dataPort());
    if (server->statusPort() != 0)
      fmt::print(", status http://{}/",
                 options.server.status->withPort(server->statusPort()).describe());
    fmt::print("\n");
    std::fflush(stdout);
  }
  INCCL_TRY(writePortFile(options, server->controlPort()));
  server->run();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);  // it ends
  if (!options.quiet) fmt::print("{}", server->statusText());
  return {};
}

int perform(const Options& options) {
  const Status status = run(options);
  if (status.ok()) return 0;
  fmt::print(stderr, "inccl-switch: {}\n", status.message());
  return kExitFailed;
}

}  // namespace
}  // namespace inccl::switch_tool

int main(int argc, char** argv) {
  using namespace inccl;
  return tools::runProgram("inccl-switch", argc, argv, switch_tool::parseOptions,
                           switch_tool::perform);
}
