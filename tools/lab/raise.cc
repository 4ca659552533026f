#include "lab/raise.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <string>
#include <utility>

#include "base/clock.h"
#include "lab/commands.h"
#include "lab/enclosure.h"
#include "lab/links.h"
#include "lab/program.h"

namespace inccl::lab {
namespace {

constexpr Nanos kNoticeTime = 10 * kSecond;
constexpr unsigned kNoticeTickUs = 5'000;

// Written only where it differs: in a container /proc/sys may be read-only and right.
Status apply(const Setting& setting, const Space& space) {
  const std::string path = "/proc/sys/net/" + setting.path;
  std::string is;
  if (std::ifstream file(path); !std::getline(file, is)) return {};  // a kernel without IPv6
  if (is == setting.value) return {};
  const os::UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.valid() && write(file.get(), setting.value.data(), setting.value.size()) > 0) return {};
  return systemError(fmt::format("{}: set {} to {}", space.id, path, setting.value), errno);
}

// "Command failed -:3" ends the complaint about the third line.
size_t failedLine(const std::string& complaints) {
  constexpr std::string_view kMark = "Command failed -:";
  const size_t mark = complaints.rfind(kMark);
  size_t line = 0;
  if (mark != std::string::npos)
    std::from_chars(complaints.data() + mark + kMark.size(), complaints.data() + complaints.size(),
                    line);
  return line;
}

Status run(const Batch& batch) {
  std::string input;
  for (const Command& command : batch.commands) input += command.line + '\n';
  INCCL_TRY_ASSIGN(const Finished finished, runProgram(batch.program, {"-batch", "-"}, input));
  if (finished.status == 0) return {};
  std::string words = finished.complaints;
  for (char& letter : words)
    if (letter == '\n') letter = ' ';
  const size_t line = failedLine(finished.complaints);
  if (line == 0 || line > batch.commands.size())
    return Status(Code::kSystemError, fmt::format("{} -batch ended with status {}: {}",
                                                  batch.program, finished.status, words));
  const Command& command = batch.commands[line - 1];
  return Status(Code::kSystemError,
                fmt::format("{}: {} {}: {}", command.about, batch.program, command.line, words));
}

// The first interface whose cable is not whole yet, as the kernel sees it; none = all are.
Result<const Interface*> silentOne(const Space& space, int network) {
  INCCL_TRY_ASSIGN(Links links, linksIn(network));
  for (const Interface& interface : space.interfaces)
    if (interface.cable != kNoCable && !links[interface.name].carries) return &interface;
  return nullptr;
}

// A port of a bridge passes nothing on until the kernel has noticed that its cable is whole.
Status awaitLinks(const Plan& plan, const std::vector<os::UniqueFd>& networks) {
  const Deadline deadline = Deadline::after(kNoticeTime);
  for (SpaceIndex space = 0; space < plan.spaces.size(); ++space) {
    for (;;) {
      INCCL_TRY_ASSIGN(const Interface* silent,
                       silentOne(plan.spaces[space], networks[space].get()));
      if (silent == nullptr) break;
      if (deadline.passed())
        return timeoutError(fmt::format("{} does not come up",
                                        plan.describe(plan.cables[silent->cable].at(space))));
      usleep(kNoticeTickUs);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<os::UniqueFd>> raiseLab(const Plan& plan) {
  std::vector<os::UniqueFd> networks;
  std::vector<std::string> paths;
  for (const Space& space : plan.spaces) {
    INCCL_TRY_ASSIGN(networks.emplace_back(), newNetwork());
    INCCL_TRY_ASSIGN(paths.emplace_back(), pathOf(networks.back()));
    for (const Setting& setting : settingsOf(space)) INCCL_TRY(apply(setting, space));
  }
  for (const Batch& batch : batchesOf(plan, paths)) {
    INCCL_TRY(enterNetwork(networks[batch.space].get()));
    INCCL_TRY(run(batch));
  }
  INCCL_TRY(awaitLinks(plan, networks));
  return networks;
}

}  // namespace inccl::lab
