// Makes one call through the system-call seam fail, chosen by its number.
//
// A test that walks n = 1, 2, 3 … sees every failure that the code under test can meet. The count
// and the choice are one critical section, so exactly one call is hit however many threads call.
// One instance at a time in a process. A thread that is inside the hook when the instance goes
// meets only static state.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "os/syscalls.h"

namespace inccl::test {

struct FailedCalls {
  uint64_t n = 0;               // the first call to fail, counted from 1; 0 = none, only count
  int errorNumber = 5;          // EIO
  std::string only = "";        // count and fail calls of this name only; "" = all
  bool thisThreadOnly = false;  // leave other threads (the service thread) alone and uncounted
  bool andAllLater = false;     // an exhausted system rather than one unlucky call
};

class FailNthCall {
 public:
  explicit FailNthCall(const FailedCalls& which);
  ~FailNthCall();
  FailNthCall(const FailNthCall&) = delete;
  FailNthCall& operator=(const FailNthCall&) = delete;

  // Calls seen so far, those that failed included.
  [[nodiscard]] uint64_t calls() const;
  // Name of the first call that was made to fail, "" while none was.
  [[nodiscard]] std::string failedCall() const;
};

// Calls trial(n) with the n-th call failing, for n = 1, 2, 3 …, until a trial ends without having
// reached its failing call. Returns how many calls were made to fail. A failed expectation inside
// a trial ends the walk and names n and the call. More than `limit` trials are a failure of the
// test (calls that never end, or a count that grows from run to run).
uint64_t forEachFailingCall(FailedCalls which, const std::function<void(uint64_t n)>& trial,
                            uint64_t limit = 2000);

}  // namespace inccl::test
