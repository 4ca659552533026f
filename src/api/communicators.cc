// Creation, end, questions and errors of communicators.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "api/guard.h"
#include "bootstrap/launcher.h"
#include "bootstrap/unique_id.h"
#include "comm/communicator.h"
#include "comm/handle_table.h"
#include "os/syscalls.h"
#include "os/thread.h"

namespace {

using inccl::Config;
using inccl::invalidArgument;
using inccl::Status;
using inccl::api::guarded;
using inccl::bootstrap::UniqueId;
using inccl::bootstrap::UniqueIdBytes;
using inccl::comm::Communicator;
using inccl::comm::CommunicatorRef;
using inccl::comm::Handle;
using inccl::comm::HandleTable;

// How long an abort may wait for the calls that it ends.
constexpr inccl::Nanos kAbortWait = 80 * inccl::kMillisecond;

CommunicatorRef enter(const incclComm_t comm) {
  return HandleTable::instance().enter(reinterpret_cast<Handle>(comm));
}

Status noCommunicator(const char* call) {
  return invalidArgument(
      fmt::format("{}: the communicator is NULL, destroyed or was never one", call));
}

UniqueIdBytes toBytes(const incclUniqueId& id) {
  UniqueIdBytes bytes;
  static_assert(sizeof bytes == sizeof id.internal);
  std::memcpy(bytes.data(), id.internal, sizeof bytes);
  return bytes;
}

void fromBytes(const UniqueIdBytes& bytes, incclUniqueId& id) {
  std::memcpy(id.internal, bytes.data(), bytes.size());
}

// A field of a config that may be older (shorter) than this library's.
#define INCCL_HAS_FIELD(config, field) \
  ((config).size >= offsetof(incclConfig_t, field) + sizeof((config).field))

Status applyConfig(const incclConfig_t& given, Config& config, std::string& commName) {
  if (given.magic != INCCL_CONFIG_MAGIC)
    return invalidArgument(
        "the configuration was not made with INCCL_CONFIG_INITIALIZER (wrong magic)");
  if (!INCCL_HAS_FIELD(given, blocking) || given.size > 4096)
    return invalidArgument(
        fmt::format("the configuration's size {} is no version of incclConfig_t", given.size));
  if (given.blocking != INCCL_CONFIG_UNDEF_INT && given.blocking != 1)
    return invalidArgument(
        fmt::format("blocking = {} is not supported; only 1 is", given.blocking));
  if (INCCL_HAS_FIELD(given, netName) && given.netName) config.transport = given.netName;
  if (INCCL_HAS_FIELD(given, commName) && given.commName) commName = given.commName;
  const auto milliseconds = [](int value, const char* which, inccl::Nanos& target) -> Status {
    if (value == INCCL_CONFIG_UNDEF_INT) return {};
    if (value <= 0) return invalidArgument(fmt::format("{} = {} is no duration", which, value));
    target = value * inccl::kMillisecond;
    return {};
  };
  if (INCCL_HAS_FIELD(given, operationTimeoutMs))
    INCCL_TRY(
        milliseconds(given.operationTimeoutMs, "operationTimeoutMs", config.operationTimeout));
  if (INCCL_HAS_FIELD(given, creationTimeoutMs))
    INCCL_TRY(milliseconds(given.creationTimeoutMs, "creationTimeoutMs", config.creationTimeout));
  return {};
}

inccl::Result<Handle> createOne(const UniqueId& id, int nranks, int rank,
                                const incclConfig_t* given) {
  INCCL_TRY_ASSIGN(Config config, Config::fromEnvironment());
  std::string commName;
  if (given) INCCL_TRY(applyConfig(*given, config, commName));
  auto communicator = Communicator::make(nranks, rank, std::move(config), std::move(commName));
  INCCL_TRY(communicator->create(id));
  return HandleTable::instance().add(std::move(communicator));
}

// Runs body(0 … count-1), each in a thread of its own: creation is collective and blocks. No body
// begins before all threads are there, so a thread that cannot start leaves nobody waiting for it.
Status onThreads(int count, const std::function<void(int)>& body) {
  enum class Gate { kClosed, kOpen, kCancelled };
  std::atomic<Gate> gate{Gate::kClosed};
  std::vector<inccl::os::Thread> threads;
  for (int index = 0; index < count; ++index) {
    auto thread = inccl::os::Thread::start("inccl-create", [&gate, &body, index] {
      gate.wait(Gate::kClosed);
      if (gate == Gate::kOpen) body(index);
    });
    if (!thread.ok()) {
      gate = Gate::kCancelled;
      gate.notify_all();
      return thread.status();
    }
    threads.push_back(std::move(thread).value());
  }
  gate = Gate::kOpen;
  gate.notify_all();
  for (inccl::os::Thread& thread : threads) thread.join();
  return {};
}

Status checkPlace(int nranks, int rank) {
  if (nranks < 1) return invalidArgument(fmt::format("{} ranks: at least one is needed", nranks));
  if (rank < 0 || rank >= nranks)
    return invalidArgument(fmt::format("rank {} is not within 0 … {}", rank, nranks - 1));
  return {};
}

void abortAll(const std::vector<Handle>& handles) {
  for (const Handle handle : handles) {
    if (handle) incclCommAbort(reinterpret_cast<incclComm_t>(handle));
  }
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
    INCCL_TRY(checkPlace(nranks, rank));
    INCCL_TRY_ASSIGN(const UniqueId id, UniqueId::decode(toBytes(commId)));
    INCCL_TRY_ASSIGN(const Handle handle, createOne(id, nranks, rank, config));
    *comm = reinterpret_cast<incclComm_t>(handle);
    return {};
  });
}

incclResult_t incclCommInitAll(incclComm_t* comms, int ndev, const int*) {
  return guarded([&]() -> Status {
    if (!comms) return invalidArgument("incclCommInitAll: comms is NULL");
    INCCL_TRY(checkPlace(ndev, 0));
    INCCL_TRY_ASSIGN(const Config config, Config::fromEnvironment());
    INCCL_TRY_ASSIGN(const UniqueId id, UniqueId::create(config));
    std::vector<Handle> handles(static_cast<size_t>(ndev));
    // A rank whose thread ran out of memory says nothing.
    std::vector<Status> statuses(static_cast<size_t>(ndev),
                                 Status(inccl::Code::kSystemError, "out of memory"));
    Status failure = onThreads(ndev, [&](int rank) {
      const auto at = static_cast<size_t>(rank);
      auto created = createOne(id, ndev, rank, nullptr);
      if (created.ok()) handles[at] = *created;
      statuses[at] = created.status();
      // The others need not wait for this rank.
      if (!created.ok()) UniqueId::withdraw(id, statuses[at]);
    });
    for (size_t at = 0; failure.ok() && at < statuses.size(); ++at) failure = statuses[at];
    if (!failure.ok()) {
      UniqueId::withdraw(id, failure);
      abortAll(handles);
      return failure;
    }
    for (size_t at = 0; at < handles.size(); ++at)
      comms[at] = reinterpret_cast<incclComm_t>(handles[at]);
    return {};
  });
}

incclResult_t incclCommDestroy(incclComm_t comm) {
  return guarded([&]() -> Status {
    CommunicatorRef communicator = enter(comm);
    if (!communicator || !HandleTable::instance().retire(communicator))
      return noCommunicator("incclCommDestroy");
    const inccl::comm::TurnGuard turn(communicator->turn());  // calls that are inside finish first
    communicator->leave();
    return {};
  });
}

incclResult_t incclCommAbort(incclComm_t comm) {
  return guarded([&]() -> Status {
    CommunicatorRef communicator = enter(comm);
    if (!communicator || !HandleTable::instance().retire(communicator))
      return noCommunicator("incclCommAbort");
    communicator->abort();
    // The communicator goes with the last call inside; give those calls a moment to leave.
    const inccl::Deadline deadline = inccl::Deadline::after(kAbortWait);
    while (communicator.callsInside() > 1 && !deadline.passed())
      inccl::os::sys::poll(nullptr, 0, 1);
    return {};
  });
}

incclResult_t incclCommCount(const incclComm_t comm, int* count) {
  return guarded([&]() -> Status {
    const CommunicatorRef communicator = enter(comm);
    if (!communicator) return noCommunicator("incclCommCount");
    if (!count) return invalidArgument("incclCommCount: count is NULL");
    *count = communicator->rankCount();
    return {};
  });
}

incclResult_t incclCommUserRank(const incclComm_t comm, int* rank) {
  return guarded([&]() -> Status {
    const CommunicatorRef communicator = enter(comm);
    if (!communicator) return noCommunicator("incclCommUserRank");
    if (!rank) return invalidArgument("incclCommUserRank: rank is NULL");
    *rank = communicator->rank();
    return {};
  });
}

incclResult_t incclCommCuDevice(const incclComm_t comm, int* device) {
  return guarded([&]() -> Status {
    if (!enter(comm)) return noCommunicator("incclCommCuDevice");
    if (!device) return invalidArgument("incclCommCuDevice: device is NULL");
    *device = -1;
    return {};
  });
}

incclResult_t incclCommGetAsyncError(incclComm_t comm, incclResult_t* asyncError) {
  return guarded([&]() -> Status {
    const CommunicatorRef communicator = enter(comm);
    if (!communicator) return noCommunicator("incclCommGetAsyncError");
    if (!asyncError) return invalidArgument("incclCommGetAsyncError: asyncError is NULL");
    *asyncError = static_cast<incclResult_t>(communicator->error().code());
    return {};
  });
}

const char* incclGetLastError(incclComm_t comm) {
  guarded([&]() -> Status {
    if (const CommunicatorRef communicator = enter(comm))
      inccl::api::keepLastError(communicator->lastFailure());
    return {};
  });
  return inccl::api::lastError();
}

incclResult_t incclCommGetPlan(const incclComm_t comm, const char* collective, size_t bytes,
                               char* text, size_t length) {
  return guarded([&]() -> Status {
    const CommunicatorRef communicator = enter(comm);
    if (!communicator) return noCommunicator("incclCommGetPlan");
    if (!collective || !text || length == 0)
      return invalidArgument("incclCommGetPlan: collective or text is NULL");
    INCCL_TRY_ASSIGN(const std::string plan, communicator->describePlan(collective, bytes));
    const size_t copied = std::min(plan.size(), length - 1);
    std::memcpy(text, plan.data(), copied);
    text[copied] = '\0';
    return {};
  });
}
