#include "support/fail_nth_call.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace inccl::test {
namespace {

struct Plan {
  std::mutex mutex;
  FailedCalls which;
  bool installed = false;
  pthread_t thread{};
  uint64_t calls = 0;
  std::string failedCall;
};

// Never destroyed: threads may call through the seam until the very end of the process.
Plan& plan() {
  static Plan* const shared = new Plan;
  return *shared;
}

int chooseFailure(const char* callName) {
  Plan& p = plan();
  const std::lock_guard lock(p.mutex);
  if (!p.installed) return 0;
  if (p.which.thisThreadOnly && !pthread_equal(pthread_self(), p.thread)) return 0;
  if (!p.which.only.empty() && p.which.only != callName) return 0;
  ++p.calls;
  if (p.which.n == 0 || p.calls < p.which.n) return 0;
  if (p.calls > p.which.n && !p.which.andAllLater) return 0;
  if (p.failedCall.empty()) p.failedCall = callName;
  return p.which.errorNumber;
}

}  // namespace

FailNthCall::FailNthCall(const FailedCalls& which) {
  Plan& p = plan();
  {
    const std::lock_guard lock(p.mutex);
    if (p.installed) {
      std::fprintf(stderr, "FailNthCall: another instance is active\n");
      std::abort();
    }
    p.which = which;
    p.thread = pthread_self();
    p.calls = 0;
    p.failedCall.clear();
    p.installed = true;
  }
  os::sys::setFaultHook(&chooseFailure);
}

FailNthCall::~FailNthCall() {
  os::sys::setFaultHook(nullptr);
  const std::lock_guard lock(plan().mutex);
  plan().installed = false;
}

uint64_t FailNthCall::calls() const {
  const std::lock_guard lock(plan().mutex);
  return plan().calls;
}

std::string FailNthCall::failedCall() const {
  const std::lock_guard lock(plan().mutex);
  return plan().failedCall;
}

uint64_t forEachFailingCall(FailedCalls which, const std::function<void(uint64_t)>& trial,
                            uint64_t limit) {
  const bool failedBefore = ::testing::Test::HasFailure();
  for (uint64_t n = 1; n <= limit; ++n) {
    which.n = n;
    const FailNthCall failing(which);
    trial(n);
    const std::string name = failing.failedCall();
    if (::testing::Test::HasFailure() && !failedBefore) {
      ADD_FAILURE() << "the above with call number " << n
                    << " failing: " << (name.empty() ? "(not reached)" : name) << ", errno "
                    << which.errorNumber;
      return n;
    }
    if (name.empty()) return n - 1;
  }
  ADD_FAILURE() << "more than " << limit << " failing calls: the count does not end";
  return limit;
}

}  // namespace inccl::test
