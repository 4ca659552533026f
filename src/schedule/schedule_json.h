// A schedule as text that a person can read and a program can write.
//
// Form (docs/schedules.md has the whole of it): one object, one line per step.
//   {"version": 1, "name": "ring", "collective": "all_gather", "rankCount": 2,
//    "chunks": {"input": 1, "output": 2, "scratch": 0},
//    "ranks": [
//     {"lanes": [
//      {"channel": 0, "sendPeer": 1, "recvPeer": 1, "steps": [
//       {"kind": "send", "sources": [["input", 0]]},
//       {"kind": "recv", "destination": ["output", 1], "after": [[1, 0]]}]}]}, …]}
// What has its default value may be left out, and is by the writer. The reader refuses unknown and
// doubled keys, wrong types, numbers out of range and everything that validate() refuses; it names
// the place ("ranks[0].lanes[1].steps[2].kind").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::schedule {

// Of the form. A file may leave it out; any other is refused.
constexpr uint64_t kJsonVersion = 1;

// fromJson(toJson(s)) == s for every valid schedule whose texts are UTF-8.
std::string toJson(const Schedule& schedule);
Result<Schedule> fromJson(std::string_view text);

}  // namespace inccl::schedule
