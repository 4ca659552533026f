// Creation (creations.h has how), end, questions and errors of communicators.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "api/creations.h"
#include "api/guard.h"
#include "bootstrap/launcher.h"
#include "bootstrap/unique_id.h"
#include "comm/communicator.h"
#include "comm/group.h"
#include "comm/handle_table.h"
#include "os/syscalls.h"

namespace {

using inccl::Config;
using inccl::invalidArgument;
using inccl::invalidUsage;
using inccl::Result;
using inccl::Status;
using inccl::api::guarded;
using inccl::bootstrap::UniqueId;
using inccl::bootstrap::UniqueIdBytes;
using inccl::comm::CommunicatorRef;
using inccl::comm::Handle;
using inccl::comm::HandleTable;

// How long an abort may wait for the calls that it ends.
constexpr inccl::Nanos kAbortWait = 80 * inccl::kMillisecond;

Status noCommunicator(const char* call) {
  return invalidArgument(
      fmt::format("{}: the communicator is NULL, destroyed or was never one", call));
}

// The communicator of a handle, unless it is none, or that of a parent process.
Result<CommunicatorRef> enter(const incclComm_t comm, const char* call) {
  CommunicatorRef communicator = HandleTable::instance().enter(reinterpret_cast<Handle>(comm));
  if (!communicator) return noCommunicator(call);
  INCCL_TRY(communicator->usableHere());
  return communicator;
}

Status createNow(inccl::api::Creation& creation, incclComm_t* comm) {
  INCCL_TRY_ASSIGN(const Handle handle, inccl::api::create(creation));
  *comm = reinterpret_cast<incclComm_t>(handle);
  if (handle && !creation.blocking) return {inccl::Code::kInProgress, "the creation goes on"};
  return {};
}

bool openGroupHolds(const inccl::comm::Communicator& communicator) {
  return inccl::comm::groupHolds(communicator) || inccl::api::creationsHold(communicator);
}

void fromBytes(const UniqueIdBytes& bytes, incclUniqueId& id) {
  std::memcpy(id.internal, bytes.data(), bytes.size());
}

}  // namespace

incclResult_t incclGetUniqueId(incclUniqueId* uniqueId) {
  return guarded([&]() -> Status {
    if (!uniqueId) return invalidArgument("incclGetUniqueId: uniqueId is NULL");
    INCCL_TRY_ASSIGN(const Config config, Config::fromEnvironment());
    INCCL_TRY_ASSIGN(const UniqueId id, UniqueId::create(config));
    fromBytes(id.encode(), *uniqueId);
    return {};
  });
}

incclResult_t incclGetUniqueIdFromLauncher(incclUniqueId* uniqueId, int* nranks, int* rank) {
  return guarded([&]() -> Status {
    if (!uniqueId || !nranks || !rank)
      return invalidArgument("incclGetUniqueIdFromLauncher: a pointer is NULL");
    INCCL_TRY_ASSIGN(const Config config, Config::fromEnvironment());
    INCCL_TRY_ASSIGN(const inccl::bootstrap::Launch launch,
                     inccl::bootstrap::launchFromEnvironment(config));
    fromBytes(launch.id.encode(), *uniqueId);
    *nranks = launch.nRanks;
    *rank = launch.rank;
    return {};
  });
}

incclResult_t incclCommInitRank(incclComm_t* comm, int nranks, incclUniqueId commId, int rank) {
  return incclCommInitRankConfig(comm, nranks, commId, rank, nullptr);
}

incclResult_t incclCommInitRankConfig(incclComm_t* comm, int nranks, incclUniqueId commId, int rank,
                                      incclConfig_t* config) {
  return guarded([&]() -> Status {
    if (!comm) return invalidArgument("incclCommInitRank: comm is NULL");
    INCCL_TRY_ASSIGN(auto creation, inccl::api::prepareCreation(nranks, commId, rank, config));
    if (inccl::comm::groupDepth() > 0) {
      inccl::api::queueCreation(std::move(creation), comm);
      return {};
    }
    return createNow(creation, comm);
  });
}

incclResult_t incclCommSplit(incclComm_t comm, int color, int key, incclComm_t* newcomm,
                             incclConfig_t* config) {
  return guarded([&]() -> Status {
    INCCL_TRY_ASSIGN(CommunicatorRef parent, enter(comm, "incclCommSplit"));
    if (!newcomm) return invalidArgument("incclCommSplit: newcomm is NULL");
    if (inccl::comm::groupHolds(*parent))
      return invalidUsage("incclCommSplit: this thread's open group holds calls on the parent");
    INCCL_TRY_ASSIGN(auto creation,
                     inccl::api::prepareSplit(std::move(parent), color, key, config));
    if (inccl::comm::groupDepth() > 0) {
      inccl::api::queueCreation(std::move(creation), newcomm);
      return {};
    }
    return createNow(creation, newcomm);
  });
}

incclResult_t incclCommInitAll(incclComm_t* comms, int ndev, const int*) {
  return guarded([&]() -> Status {
    if (!comms) return invalidArgument("incclCommInitAll: comms is NULL");
    if (ndev > static_cast<int>(HandleTable::kSlots))
      return invalidArgument(
          fmt::format("incclCommInitAll: {} communicators, a process has at most {}", ndev,
                      HandleTable::kSlots));
    INCCL_TRY_ASSIGN(const std::vector<Handle> handles, inccl::api::createClique(ndev));
    for (size_t at = 0; at < handles.size(); ++at)
      comms[at] = reinterpret_cast<incclComm_t>(handles[at]);
    return {};
  });
}

incclResult_t incclCommDestroy(incclComm_t comm) {
  return guarded([&]() -> Status {
    INCCL_TRY_ASSIGN(const CommunicatorRef communicator, enter(comm, "incclCommDestroy"));
    if (openGroupHolds(*communicator))
      return invalidUsage(
          "incclCommDestroy: this thread's open group holds calls on the communicator; they come "
          "first, at incclGroupEnd");
    if (!HandleTable::instance().retire(communicator)) return noCommunicator("incclCommDestroy");
    const inccl::comm::TurnGuard turn(communicator->turn());  // calls that are inside finish first
    communicator->leave();
    return {};
  });
}

incclResult_t incclCommFinalize(incclComm_t comm) {
  return guarded([&]() -> Status {
    INCCL_TRY_ASSIGN(CommunicatorRef communicator, enter(comm, "incclCommFinalize"));
    if (inccl::comm::groupDepth() > 0)
      return invalidUsage(
          "incclCommFinalize cannot be part of a group: it waits for all ranks at once");
    communicator->closeForCalls();
    if (communicator->ownStream()) {
      inccl::comm::issueOwn(std::move(communicator), [](inccl::comm::Communicator& target) {
        return target.awaitOthersEnd();
      });
      return {inccl::Code::kInProgress, "the end was issued"};
    }
    const inccl::comm::TurnGuard turn(communicator->turn());
    Status status = communicator->awaitOthersEnd();
    if (!status.ok()) communicator->noteFailure(status);
    return status;
  });
}

incclResult_t incclCommAbort(incclComm_t comm) {
  return guarded([&]() -> Status {
    // Also one whose destroy still waits for a call.
    const CommunicatorRef communicator =
        HandleTable::instance().enterUntilGone(reinterpret_cast<Handle>(comm));
    if (!communicator) return noCommunicator("incclCommAbort");
    INCCL_TRY(communicator->usableHere());
    HandleTable::instance().retire(communicator);
    if (!communicator->abort()) return noCommunicator("incclCommAbort");
    // The communicator goes with the last call inside; give those calls a moment to leave.
    const inccl::Deadline deadline = inccl::Deadline::after(kAbortWait);
    while (communicator.callsInside() > 1 && !deadline.passed())
      inccl::os::sys::poll(nullptr, 0, 1);
    return {};
  });
}

incclResult_t incclCommCount(const incclComm_t comm, int* count) {
  return guarded([&]() -> Status {
    INCCL_TRY_ASSIGN(const CommunicatorRef communicator, enter(comm, "incclCommCount"));
    if (!count) return invalidArgument("incclCommCount: count is NULL");
    *count = communicator->rankCount();
    return {};
  });
}

incclResult_t incclCommUserRank(const incclComm_t comm, int* rank) {
  return guarded([&]() -> Status {
    INCCL_TRY_ASSIGN(const CommunicatorRef communicator, enter(comm, "incclCommUserRank"));
    if (!rank) return invalidArgument("incclCommUserRank: rank is NULL");
    *rank = communicator->rank();
    return {};
  });
}

incclResult_t incclCommCuDevice(const incclComm_t comm, int* device) {
  return guarded([&]() -> Status {
    INCCL_TRY(enter(comm, "incclCommCuDevice").status());
    if (!device) return invalidArgument("incclCommCuDevice: device is NULL");
    *device = -1;
    return {};
  });
}

incclResult_t incclCommGetAsyncError(incclComm_t comm, incclResult_t* asyncError) {
  return guarded([&]() -> Status {
    INCCL_TRY_ASSIGN(const CommunicatorRef communicator, enter(comm, "incclCommGetAsyncError"));
    if (!asyncError) return invalidArgument("incclCommGetAsyncError: asyncError is NULL");
    *asyncError = static_cast<incclResult_t>(communicator->asyncError().code());
    return {};
  });
}

const char* incclGetLastError(incclComm_t comm) {
  guarded([&]() -> Status {
    const CommunicatorRef communicator =
        HandleTable::instance().enter(reinterpret_cast<Handle>(comm));
    if (!communicator) return {};
    INCCL_TRY(communicator->usableHere());
    inccl::api::keepLastError(communicator->lastFailure());
    return {};
  });
  return inccl::api::lastError();
}

incclResult_t incclCommGetPlan(const incclComm_t comm, const char* collective, size_t bytes,
                               char* text, size_t length) {
  return guarded([&]() -> Status {
    INCCL_TRY_ASSIGN(const CommunicatorRef communicator, enter(comm, "incclCommGetPlan"));
    if (!collective || !text || length == 0)
      return invalidArgument("incclCommGetPlan: collective or text is NULL");
    INCCL_TRY_ASSIGN(const std::string plan, communicator->describePlan(collective, bytes));
    const size_t copied = std::min(plan.size(), length - 1);
    std::memcpy(text, plan.data(), copied);
    text[copied] = '\0';
    return {};
  });
}

incclResult_t incclCommGetPlanId(const incclComm_t comm, const char* collective, size_t bytes,
                                 uint64_t* planId) {
  return guarded([&]() -> Status {
    INCCL_TRY_ASSIGN(const CommunicatorRef communicator, enter(comm, "incclCommGetPlanId"));
    if (!collective || !planId)
      return invalidArgument("incclCommGetPlanId: collective or planId is NULL");
    INCCL_TRY_ASSIGN(*planId, communicator->planId(collective, bytes));
    return {};
  });
}

incclResult_t incclCommRegister(const incclComm_t comm, void* buff, size_t size, void** handle) {
  return guarded([&]() -> Status {
    INCCL_TRY_ASSIGN(const CommunicatorRef communicator, enter(comm, "incclCommRegister"));
    if (!handle) return invalidArgument("incclCommRegister: handle is NULL");
    if (!buff || size == 0) return invalidArgument("incclCommRegister: no memory");
    *handle = reinterpret_cast<void*>(communicator->registerMemory());
    return {};
  });
}

incclResult_t incclCommDeregister(const incclComm_t comm, void* handle) {
  return guarded([&]() -> Status {
    INCCL_TRY_ASSIGN(const CommunicatorRef communicator, enter(comm, "incclCommDeregister"));
    return communicator->deregisterMemory(reinterpret_cast<uintptr_t>(handle));
  });
}
