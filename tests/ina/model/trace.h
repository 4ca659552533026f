// What really happened, one event a line, for the model to accept or refuse.
//
// Switch and ranks under test write these down as they happen (merged by one clock or one lock);
// replay.h then asks whether the protocol allows it. Numbers are those of the wire: sessions and
// tags as they are, workers by their number in the job. A line is a word and then key=value for
// each field that the word has, in any order:
//
//   install session=7                                   the job is in the switch's table
//   call worker=0 tag=17                                an operation begins
//   send packet=data worker=0 session=7 slot=0 generation=0 tag=17
//   switch packet=data worker=0 session=7 slot=0 generation=0 tag=17 reply=nothing
//   take packet=result worker=0 session=7 slot=0 generation=0 own=0     what arrived was used
//   drop packet=status worker=0 session=7 slot=0 generation=0 own=1     … or was not
//   return worker=0 operation=0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ina/model/state.h"
#include "ina/model/switch_rules.h"

namespace inccl::ina_model {

enum class TraceKind : uint8_t {
  kInstall,        // session
  kCall,           // worker, tag
  kSend,           // packet (data, probe), worker, session, slot, generation, tag
  kSwitch,         // the same and reply
  kTake,           // packet (result, header, status, mismatch), worker, session, slot, generation,
                   // own: a STATUS that names its receiver among the contributors
  kDrop,           // the same
  kReturn,         // worker, operation: successfully
  kFail,           // worker: its operations return an error
  kDie,            // worker
  kLoseRegisters,  // the switch
  kLoseTable,      // … and its job table
  kSeal,           // the coordinator sends SEAL
  kReport,         // worker: has sealed and reported
  kCommitNetwork,  // session: the coordinator sends COMMIT
  kCommitHost,
  kApply,   // worker: took COMMIT
  kRepair,  // worker, chunk (job-wide): a copy, or the host's sum, arrived
};

struct TraceEvent {
  TraceKind kind = TraceKind::kCall;
  uint32_t worker = 0;
  uint32_t session = 0;
  uint32_t slot = 0;
  uint32_t generation = 0;
  uint32_t tag = 0;
  uint32_t operation = 0;
  uint32_t chunk = 0;
  uint32_t own = 0;
  Kind packet = Kind::kData;
  Reply reply = Reply::kNothing;
  bool operator==(const TraceEvent&) const = default;
};

std::string toText(const TraceEvent& event);
// Nothing where the line is no event.
std::optional<TraceEvent> eventFrom(const std::string& line);

}  // namespace inccl::ina_model
