#include "sim/trace.h"

#include <fmt/format.h>

#include <iterator>

#include "topo/topology_json.h"

namespace inccl::sim {
namespace {

using topo::microsecondsText;

// Times are microseconds, with all their decimals.
void addBar(std::string& json, std::string_view name, size_t process, size_t thread,
            Picoseconds begin, Picoseconds end, std::string_view arguments) {
  fmt::format_to(std::back_inserter(json),
                 ",\n{{\"ph\":\"X\",\"name\":\"{}\",\"pid\":{},\"tid\":{},\"ts\":{},\"dur\":{},"
                 "\"args\":{{{}}}}}",
                 name, process, thread, microsecondsText(begin), microsecondsText(end - begin),
                 arguments);
}

void addName(std::string& json, std::string_view what, size_t process, size_t thread,
             std::string_view name) {
  fmt::format_to(
      std::back_inserter(json),
      ",\n{{\"ph\":\"M\",\"name\":\"{}\",\"pid\":{},\"tid\":{},\"args\":{{\"name\":{}}}}}", what,
      process, thread, topo::jsonText(name));
}

}  // namespace

std::string Trace::json(const TimedProgram& program) const {
  if (!wanted_) return {};
  const topo::Topology& topology = *program.topology;
  const size_t links = program.rankCount;  // the process behind those of the ranks
  std::string json = fmt::format(
      "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n{{\"ph\":\"M\",\"name\":\"process_name\","
      "\"pid\":{},\"args\":{{\"name\":\"links\"}}}}",
      links);
  for (size_t rank = 0; rank < program.rankCount; ++rank)
    addName(json, "process_name", rank, 0, fmt::format("rank {}", rank));
  for (const TimedLane& lane : program.lanes)
    addName(json, "thread_name", lane.rank, lane.numberInRank,
            fmt::format("lane {}", lane.numberInRank));
  for (size_t link = 0; link < topology.links.size(); ++link)
    addName(json, "thread_name", links, link,
            fmt::format("{} -> {}", topology.nodes[topology.links[link].src].id,
                        topology.nodes[topology.links[link].dst].id));
  for (const StepBar& bar : steps_) {
    const TimedLane& lane = program.lanes[bar.lane];
    addBar(json, schedule::name(bar.kind), lane.rank, lane.numberInRank, bar.begin, bar.end,
           fmt::format("\"slice\":{}", bar.slice));
  }
  for (const TransferBar& bar : transfers_)
    addBar(json, "transfer", links, bar.link, bar.begin, bar.end,
           fmt::format("\"bytes\":{}", bar.bytes));
  return json + "\n]}\n";
}

}  // namespace inccl::sim
