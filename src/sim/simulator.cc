#include "sim/simulator.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/run.h"
#include "sim/timed_program.h"

namespace inccl::sim {
namespace {

__extension__ using Wide = unsigned __int128;

// Two full slices and the steady pace between them need three.
constexpr uint64_t kFewestSlices = 3;
constexpr uint64_t kMostBytes = uint64_t{1} << 48;

uint64_t scaled(uint64_t value, uint64_t numerator, uint64_t denominator) {
  const Wide result = Wide{value} * numerator / denominator;
  return result < topo::kForever ? static_cast<uint64_t>(result) : topo::kForever;
}

std::vector<Load> loadsOf(const std::vector<Server>& servers, const Report& report) {
  std::vector<Load> loads;
  loads.reserve(servers.size());
  for (const Server& server : servers)
    loads.push_back({scaled(server.load().bytes, report.slices, report.simulatedSlices),
                     scaled(server.load().busy, report.slices, report.simulatedSlices)});
  return loads;
}

// What the slices that were not simulated take: each as long as one of the later half of those that
// were.
Picoseconds restOf(const Report& report, const std::vector<Picoseconds>& ends) {
  if (report.slices == report.simulatedSlices) return 0;
  const size_t last = ends.size() - 1;
  const size_t first = (ends.size() - 1) / 2;
  return scaled(ends[last] - ends[first], report.slices - report.simulatedSlices, last - first);
}

}  // namespace

Result<Simulator> Simulator::create(const schedule::Schedule& schedule,
                                    const topo::Topology& topology, const Options& options) {
  INCCL_TRY_ASSIGN(TimedProgram program, TimedProgram::compile(schedule, topology, options));
  return Simulator(std::make_shared<const TimedProgram>(std::move(program)));
}

uint64_t Simulator::eventsPerSlice() const { return program_->eventsPerSlice; }

Result<Report> Simulator::run(const Workload& workload) const {
  if (workload.bytes > kMostBytes)
    return invalidArgument(
        fmt::format("{}: {} bytes are more than anybody has", program_->name, workload.bytes));
  const Slices slices = Slices::cut(workload, program_->blockChunks, program_->isBarrier);
  Report report;
  report.slices = slices.count;
  const uint64_t affordable = workload.mostEvents / program_->eventsPerSlice;
  report.simulatedSlices = std::min(slices.count, affordable);
  if (affordable < std::min(slices.count, kFewestSlices))
    return invalidArgument(fmt::format(
        "{}: {} slices of {} events each, {} events are allowed; {} slices are the fewest to go "
        "on from",
        program_->name, slices.count, program_->eventsPerSlice, workload.mostEvents,
        kFewestSlices));
  Run run(*program_, slices, report.simulatedSlices, workload.trace);
  INCCL_TRY(run.run());
  const Picoseconds rest = restOf(report, run.sliceEnds());
  for (const Picoseconds finish : run.finish()) {
    report.finish.push_back(addTimes(finish, rest));
    report.total = std::max(report.total, report.finish.back());
  }
  if (report.total == topo::kForever)
    return invalidArgument(fmt::format("{}: takes more than 53 days", program_->name));
  report.links = loadsOf(run.servers().links(), report);
  report.groups = loadsOf(run.servers().groups(), report);
  for (topo::LinkIndex link = 0; link < report.links.size(); ++link) {
    const Picoseconds busy = report.links[link].busy;
    if (busy > (report.busiestLink == topo::kNone ? 0 : report.links[report.busiestLink].busy))
      report.busiestLink = link;
  }
  report.events = run.events();
  report.trace = run.trace();
  return report;
}

Result<Report> simulate(const schedule::Schedule& schedule, const topo::Topology& topology,
                        const Workload& workload, const Options& options) {
  INCCL_TRY_ASSIGN(const Simulator simulator, Simulator::create(schedule, topology, options));
  return simulator.run(workload);
}

}  // namespace inccl::sim
