// One call whose data is known beforehand and whose every output byte is looked at.
//
// Wrong is: an element of the result that differs in any bit, an element of the send buffer that
// the call changed, a guard byte that it changed. The receive buffer is filled with other bytes
// first, and each check has its own seed, so that a result left over from the call before, or no
// result at all, is found.
#pragma once

#include <cstdint>
#include <string>

#include "perf/guarded_buffer.h"
#include "perf/measurement.h"
#include "perf/outcome.h"

namespace inccl::perf {

// A rank's buffers for one call. In place, the shorter one lies inside the longer one.
struct CallBuffers {
  Span send;
  Span recv;
  bool inPlace = false;

  // In place, the memory of both.
  [[nodiscard]] const Span& outer() const { return send.bytes > recv.bytes ? send : recv; }
};

// Which rank of how many.
struct RankPlace {
  int rank = 0;
  int ranks = 1;
};

// Writes the data of this rank; what the call shall overwrite is poisoned.
void prepareData(const Case& measured, const RankPlace& place, const CallBuffers& buffers,
                 uint64_t seed);
// The same with contributions to a reduction that round, for --hash.
void prepareRoughData(const Case& measured, const RankPlace& place, const CallBuffers& buffers,
                      uint64_t seed);
// Whether the call writes this rank's receive buffer.
bool receives(const Case& measured, int rank);

// What is wrong on this rank after the call.
struct WrongData {
  int64_t elements = 0;
  std::string what;  // in words; "" if nothing is
};
WrongData findWrongData(const Case& measured, const RankPlace& place, const CallBuffers& buffers,
                        uint64_t seed);

}  // namespace inccl::perf
