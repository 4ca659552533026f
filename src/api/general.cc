// Version, texts, memory and groups: the calls that need no communicator.
#include <fmt/format.h>

#include "api/creations.h"
#include "api/guard.h"
#include "comm/group.h"
#include "os/registered_memory.h"

namespace {

using inccl::Status;
using inccl::api::guarded;

}  // namespace

incclResult_t incclGetVersion(int* version) {
  return guarded([&]() -> Status {
    if (!version) return inccl::invalidArgument("incclGetVersion: version is NULL");
    *version = INCCL_VERSION(INCCL_MAJOR, INCCL_MINOR, INCCL_PATCH);
    return {};
  });
}

const char* incclGetErrorString(incclResult_t result) {
  return inccl::codeName(static_cast<inccl::Code>(result)).data();
}

incclResult_t incclMemAlloc(void** pointer, size_t size) {
  return guarded([&]() -> Status {
    if (!pointer) return inccl::invalidArgument("incclMemAlloc: pointer is NULL");
    INCCL_TRY_ASSIGN(*pointer, inccl::os::allocateRegistered(size));
    return {};
  });
}

incclResult_t incclMemFree(void* pointer) {
  return guarded([&] { return inccl::os::freeRegistered(pointer); });
}

incclResult_t incclGroupStart() {
  return guarded([]() -> Status {
    inccl::comm::groupStart();
    return {};
  });
}

incclResult_t incclGroupEnd() {
  return guarded([]() -> Status {
    // What the group creates comes first; the calls, which are on other communicators, run whatever
    // became of it, since their peers may wait for them.
    Status created = inccl::comm::groupDepth() == 1 ? inccl::api::createQueued() : Status();
    Status ended = inccl::comm::groupEnd();
    const bool createdWell = created.ok() || created.code() == inccl::Code::kInProgress;
    return createdWell && !ended.ok() ? ended : created;
  });
}
