// Schedules of other people's tools: the XML that MSCCL's interpreter reads.
//
// MSCCL (github.com/microsoft/msccl) made a collective a file: for each GPU thread blocks, each
// with at most one peer to send to and one to receive from on one channel, and steps over chunks of
// three buffers. That is our lane but for the details, which docs/schedules.md lists. TACCL,
// MSCCLang, ForestColl and others write it, so one reader opens all of them.
//
// Where the two differ. A step may span several chunks (`cnt`): it becomes as many messages on
// channels of their own, side by side. Buffers may be written where ours may not (an in-place plan
// works in its input): such places move to the output or to scratch. A step waits for one other and
// says more by `nop`s before it: they become the `after` of the step.
//
// The reader promises a valid schedule (validate.h), not a right one: verify it before it is run.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::schedule {

// kInvalidArgument with the line and the reason for what is damaged or cannot be represented: a
// collective without defined result (custom), `ra` steps, ranges outside their buffers …
Result<Schedule> fromMscclXml(std::string_view text);

struct MscclXmlOptions {
  // Also proved for calls in place (verify::verifyBothWays): said in the file.
  bool inPlace = true;
};

// What fromMscclXml() reads back as a schedule that does the same. Refuses, naming the step, what
// the format has no words for: in-network steps, limits to several types or operations, a topology,
// collectives and sums that it does not know.
Result<std::string> toMscclXml(const Schedule& schedule, const MscclXmlOptions& options = {});

}  // namespace inccl::schedule
