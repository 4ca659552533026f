// Plans in the XML of MSCCL: what msccl-tools, TACCL, TE-CCL and their like write.
//
// A thread block becomes a lane, a step a step; docs/schedules.md has the whole mapping. What is
// not one to one:
//   - a step over `cnt` chunks becomes that many steps, as MSCCL's interpreter does for long chunks;
//   - a `nop` that only adds a wait is folded into the step behind it;
//   - `re` steps in a row with one destination become one reduceMany;
//   - MSCCL's plans may write to their input, and with inplace="1" input and output are one buffer.
//     A schedule never writes to its input, and is right for both ways of calling: what a plan
//     reads before its first write comes from the input, everything later from the output
//     (msccl_xml_memory.h).
// Sums are as MSCCL's interpreter does them: `rrc` and its kin add the chunk `src` of their own
// rank to the message, `re` adds src to dst.
//
// The reader refuses what is damaged or cannot be represented with "line N: <element>: reason".
// It does not prove the plan right: verify::verifyImported does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::schedule {

// Where in the file the parts of a schedule come from, so that whoever refuses one later can say
// so. A line of 0 is not known.
struct SourceLines {
  std::vector<uint32_t> ofRank;
  std::vector<std::vector<std::vector<uint32_t>>> ofStep;  // by rank, lane, step

  [[nodiscard]] uint32_t find(const StepPlace& place) const;
};

Result<Schedule> readMscclXml(std::string_view text, SourceLines* lines = nullptr);

// For every schedule that a verifier accepts readMscclXml(writeMscclXml(s)) == s, or the writer
// fails and names the step that MSCCL has no word for. Root and limits of types, operations and
// topology are written as attributes of our own, which MSCCL does not look at.
Result<std::string> writeMscclXml(const Schedule& schedule);

}  // namespace inccl::schedule
