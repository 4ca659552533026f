// What a failed library call looks like to the person who runs the tool.
#include "perf/outcome.h"

#include <fmt/format.h>

namespace inccl::perf {

Done checkCall(incclResult_t result, const char* what, incclComm_t comm) {
  if (result == incclSuccess) return done();
  const char* sentence = incclGetLastError(comm);
  if (sentence == nullptr || *sentence == '\0')
    return Problem{fmt::format("{}: {}", what, incclGetErrorString(result))};
  return Problem{fmt::format("{}: {}: {}", what, incclGetErrorString(result), sentence)};
}

}  // namespace inccl::perf
