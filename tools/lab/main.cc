// inccl-lab: a topology file as network namespaces, veth pairs and rate limits.
//
// What each verb does with a plan (plan.h) and a room (enclosure.h).
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <utility>

#include "lab/calibrate.h"
#include "lab/counters.h"
#include "lab/enclosure.h"
#include "lab/holder.h"
#include "lab/options.h"
#include "lab/plan.h"
#include "lab/raise.h"
#include "lab/ranks.h"
#include "lab/register.h"
#include "lab/report.h"
#include "topo/topology_json.h"

namespace inccl::lab {
namespace {

int fail(const Status& status) {
  fmt::print(stderr, "inccl-lab: {}\n", status.message());
  return status.code() == Code::kInvalidUsage ? kExitUsage : kExitFailed;
}

int statusOf(Result<int> result) { return result.ok() ? result.value() : fail(result.status()); }

Result<Plan> planOfFile(const std::string& file) {
  INCCL_TRY_ASSIGN(topo::Topology topology, topo::load(file));
  auto plan = planOf(std::move(topology));
  if (!plan.ok()) return std::move(plan).status().within(file);
  return plan;
}

Result<Plan> planOfEntry(const Entry& entry) {
  INCCL_TRY_ASSIGN(topo::Topology topology, topo::fromJson(entry.topology));
  return planOf(std::move(topology));
}

bool isFile(const std::string& word) {
  return word.find('/') != std::string::npos || word.ends_with(".json");
}

// What a lab of this topology is called unless it is said.
std::string nameFor(const Plan& plan) {
  return isLabName(plan.topology.name) ? plan.topology.name : "lab";
}

RanksOptions ranksOptions(const Options& o) {
  return {{o.command, o.timeoutSeconds}, o.marks, o.counters};
}

// A lab in a room of its own, with something to do in it.
template <typename Body>
Result<int> inOwnRoom(const Plan& plan, Body body) {
  INCCL_TRY_ASSIGN(const pid_t first, enclose([&] {
                     const auto networks = raiseLab(plan);
                     const int status =
                         networks.ok() ? statusOf(body(networks.value())) : fail(networks.status());
                     std::fflush(nullptr);
                     return status;
                   }));
  return waitFor(first);
}

Result<int> run(const Options& o) {
  INCCL_TRY_ASSIGN(const Plan plan, planOfFile(o.file));
  return inOwnRoom(plan, [&](const auto& networks) {
    return runRanks(plan, networks, nameFor(plan), ranksOptions(o));
  });
}

Result<int> up(const Options& o) {
  INCCL_TRY_ASSIGN(const Plan plan, planOfFile(o.file));
  const std::string name = o.name.empty() ? nameFor(plan) : o.name;
  INCCL_TRY_ASSIGN(Register labs, Register::open());
  INCCL_TRY_ASSIGN(const auto there, labs.find(name));
  if (there) return invalidUsage(fmt::format("lab '{}' is up already: --name another", name));
  INCCL_TRY(holdLab(plan, name, labs).status());
  fmt::print("lab '{}' is up: {} namespaces, {} links\n", name, plan.spaces.size(),
             plan.cables.size());
  return 0;
}

// The lab that is up, with its networks opened, and the calling process in its room.
struct Standing {
  Entry entry;
  Plan plan;
  std::vector<os::UniqueFd> networks;
};

Result<Standing> enter(const std::string& name) {
  Standing standing;
  {
    INCCL_TRY_ASSIGN(Register labs, Register::open());
    INCCL_TRY_ASSIGN(standing.entry, labs.choose(name));
  }
  INCCL_TRY_ASSIGN(standing.plan, planOfEntry(standing.entry));
  INCCL_TRY_ASSIGN(standing.networks, enterRoom(standing.entry.holder, standing.entry.networks));
  return standing;
}

Result<int> exec(const Options& o) {
  INCCL_TRY_ASSIGN(const Standing lab, enter(o.name));
  const RanksOptions options = ranksOptions(o);
  if (o.allRanks) return runRanks(lab.plan, lab.networks, lab.entry.name, options);
  return runOnHost(lab.plan, lab.networks, lab.entry.name, o.host, options.launch);
}

Result<int> down(const Options& o) {
  INCCL_TRY_ASSIGN(Register labs, Register::open());
  INCCL_TRY_ASSIGN(const Entry entry, labs.choose(o.name));
  INCCL_TRY(labs.end(entry));
  return 0;
}

Result<int> show(const Options& o) {
  if (isFile(o.file)) {
    INCCL_TRY_ASSIGN(const Plan plan, planOfFile(o.file));
    fmt::print("{}", o.json ? showJson(plan) : showText(plan));
    return 0;
  }
  INCCL_TRY_ASSIGN(const Standing lab, enter(o.file));
  INCCL_TRY_ASSIGN(const SentBytes sent, sentBytes(lab.plan, lab.networks));
  fmt::print("{}", o.json ? showJson(lab.plan, &sent) : showText(lab.plan, &sent));
  return 0;
}

Result<int> status(const Options& o) {
  INCCL_TRY_ASSIGN(Register labs, Register::open());
  INCCL_TRY_ASSIGN(const auto entries, labs.all());
  if (o.json) {
    fmt::print("[");
    for (const Entry& entry : entries)
      fmt::print("{}\n {{\"name\": \"{}\", \"holder\": {}, \"namespaces\": {}}}",
                 &entry == &entries[0] ? "" : ",", entry.name, entry.holder, entry.networks.size());
    fmt::print("]\n");
    return 0;
  }
  if (entries.empty()) fmt::print("no lab is up\n");
  for (const Entry& entry : entries)
    fmt::print("{}: {} namespaces, held by process {}\n", entry.name, entry.networks.size(),
               entry.holder);
  return 0;
}

Result<int> calibrate(const Options& o) {
  if (!isFile(o.file)) {
    INCCL_TRY_ASSIGN(const Standing lab, enter(o.file));
    return calibrateLinks(lab.plan, lab.networks);
  }
  INCCL_TRY_ASSIGN(const Plan plan, planOfFile(o.file));
  return inOwnRoom(plan, [&](const auto& networks) { return calibrateLinks(plan, networks); });
}

Result<int> perform(const Options& o) {
  switch (o.verb) {
    case Verb::kRun:
      return run(o);
    case Verb::kUp:
      return up(o);
    case Verb::kExec:
      return exec(o);
    case Verb::kDown:
      return down(o);
    case Verb::kShow:
      return show(o);
    case Verb::kStatus:
      return status(o);
    case Verb::kCalibrate:
      return calibrate(o);
  }
  return internalError("a verb that is none");
}

}  // namespace
}  // namespace inccl::lab

int main(int argc, char** argv) {
  using namespace inccl;
  return tools::runProgram("inccl-lab", argc, argv, lab::parseOptions, [](const auto& options) {
    return lab::statusOf(lab::perform(options));
  });
}
