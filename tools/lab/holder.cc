#include "lab/holder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>

#include "lab/enclosure.h"
#include "lab/raise.h"
#include "topo/topology_json.h"

namespace inccl::lab {
namespace {

using Json = nlohmann::json;

constexpr int kHeardTimeoutMs = 5'000;

// Both ends of both pipes, in parent and holder: what the holder reports, and the word to stay.
struct Pipes {
  os::UniqueFd reportRead, reportWrite, stayRead, stayWrite;
};

Result<Pipes> makePipes() {
  int report[2], stay[2];
  if (pipe2(report, O_CLOEXEC) != 0) return systemError("pipe", errno);
  Pipes pipes;
  pipes.reportRead.reset(report[0]);
  pipes.reportWrite.reset(report[1]);
  if (pipe2(stay, O_CLOEXEC) != 0) return systemError("pipe", errno);
  pipes.stayRead.reset(stay[0]);
  pipes.stayWrite.reset(stay[1]);
  return pipes;
}

std::string readAll(int fd) {
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t got; (got = read(fd, part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<size_t>(got));
  return text;
}

// Nothing of the user's session: not its terminal, not its files, not its folder.
void leaveSession() {
  setsid();
  (void)!chdir("/");
  const os::UniqueFd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int each : {0, 1, 2}) dup2(nothing.get(), each);
}

// The holder: first process of the room.
int hold(const Plan& plan, Pipes& pipes) {
  pipes.reportRead.reset();
  pipes.stayWrite.reset();
  auto networks = raiseLab(plan);
  Json report;
  if (networks.ok()) {
    report["networks"] = Json::array();
    for (const os::UniqueFd& network : networks.value())
      report["networks"].push_back(network.get());
  } else {
    report["failure"] = std::string(networks.status().message());
  }
  const std::string text = report.dump(-1, ' ', false, Json::error_handler_t::replace);
  (void)!write(pipes.reportWrite.get(), text.data(), text.size());
  pipes.reportWrite.reset();
  char word = 0;
  if (!networks.ok() || read(pipes.stayRead.get(), &word, 1) != 1) return 1;
  leaveSession();
  outlive();
  pipes.stayRead.reset();  // the parent may go now
  // Whoever loses its parent in the room becomes a child of this process; nobody waits for it.
  signal(SIGCHLD, SIG_IGN);
  for (;;) pause();
}

}  // namespace

Result<Entry> holdLab(const Plan& plan, const std::string& name, Register& labs) {
  INCCL_TRY_ASSIGN(Pipes pipes, makePipes());
  INCCL_TRY_ASSIGN(const pid_t holder, enclose([&] {
                     labs.forgetInChild();
                     return hold(plan, pipes);
                   }));
  pipes.reportWrite.reset();
  pipes.stayRead.reset();
  const Json report = Json::parse(readAll(pipes.reportRead.get()), nullptr, false);
  if (!report.is_object() || !report.contains("networks")) {
    waitpid(holder, nullptr, 0);
    return Status(Code::kSystemError, report.is_object() && report.contains("failure")
                                          ? report["failure"].get<std::string>()
                                          : std::string("the lab's holder died"));
  }
  Entry entry{.name = name,
              .holder = holder,
              .startTime = startTimeOf(holder).value_or(0),
              .networks = report["networks"].get<std::vector<int>>(),
              .topology = topo::toJson(plan.topology)};
  INCCL_TRY(labs.add(entry));
  if (write(pipes.stayWrite.get(), "s", 1) != 1)
    return systemError("cannot tell the lab's holder to stay", errno);
  // Until then the holder would end with this process.
  pollfd heard{pipes.stayWrite.get(), 0, 0};
  poll(&heard, 1, kHeardTimeoutMs);
  return entry;
}

}  // namespace inccl::lab
