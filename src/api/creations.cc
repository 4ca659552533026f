#include "api/creations.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <new>
#include <utility>

#include "comm/communicator.h"
#include "comm/group.h"
#include "os/thread.h"
#include "wire/control_messages.h"

namespace inccl::api {
namespace {

using bootstrap::UniqueId;
using bootstrap::UniqueIdBytes;
using comm::Handle;

// A field of a config that may be older (shorter) than this library's.
#define INCCL_HAS_FIELD(config, field) \
  ((config).size >= offsetof(incclConfig_t, field) + sizeof((config).field))

Status applyConfig(const incclConfig_t& given, Creation& creation) {
  if (given.magic != INCCL_CONFIG_MAGIC)
    return invalidArgument(
        "the configuration was not made with INCCL_CONFIG_INITIALIZER (wrong magic)");
  if (!INCCL_HAS_FIELD(given, blocking) || given.size > 4096)
    return invalidArgument(
        fmt::format("the configuration's size {} is no version of incclConfig_t", given.size));
  if (given.blocking != INCCL_CONFIG_UNDEF_INT && given.blocking != 1 && given.blocking != 0)
    return invalidArgument(fmt::format("blocking = {} is neither 0 nor 1", given.blocking));
  if (given.blocking != INCCL_CONFIG_UNDEF_INT) creation.blocking = given.blocking == 1;
  Config& config = creation.config;
  if (INCCL_HAS_FIELD(given, netName) && given.netName) config.transport = given.netName;
  if (INCCL_HAS_FIELD(given, commName) && given.commName) creation.commName = given.commName;
  const auto milliseconds = [](int value, const char* which, Nanos& target) -> Status {
    if (value == INCCL_CONFIG_UNDEF_INT) return {};
    if (value <= 0) return invalidArgument(fmt::format("{} = {} is no duration", which, value));
    target = value * kMillisecond;
    return {};
  };
  if (INCCL_HAS_FIELD(given, operationTimeoutMs))
    INCCL_TRY(
        milliseconds(given.operationTimeoutMs, "operationTimeoutMs", config.operationTimeout));
  if (INCCL_HAS_FIELD(given, creationTimeoutMs))
    INCCL_TRY(milliseconds(given.creationTimeoutMs, "creationTimeoutMs", config.creationTimeout));
  return {};
}

Status checkPlace(int rankCount, int rank) {
  if (rankCount < 1)
    return invalidArgument(fmt::format("{} ranks: at least one is needed", rankCount));
  if (rankCount > static_cast<int>(wire::kRankLimit))
    return invalidArgument(
        fmt::format("{} ranks: a communicator has at most {}", rankCount, wire::kRankLimit));
  if (rank < 0 || rank >= rankCount)
    return invalidArgument(fmt::format("rank {} is not within 0 … {}", rank, rankCount - 1));
  return {};
}

// Runs body(0 … count-1), each in a thread of its own. No body begins before all threads are there,
// so a thread that cannot start leaves nobody waiting for it.
Status onThreads(size_t count, const std::function<void(size_t)>& body) {
  enum class Gate { kClosed, kOpen, kCancelled };
  std::atomic<Gate> gate{Gate::kClosed};
  std::vector<os::Thread> threads;  // joins them
  // However this function ends, by an exception too: before the join nobody waits at the gate.
  struct Opening {
    std::atomic<Gate>& gate;
    Gate to = Gate::kCancelled;
    ~Opening() {
      gate = to;
      gate.notify_all();
    }
  } opening{gate};
  threads.reserve(count);
  for (size_t index = 0; index < count; ++index) {
    INCCL_TRY_ASSIGN(auto thread, os::Thread::start("inccl-create", [&gate, &body, index] {
                       gate.wait(Gate::kClosed);
                       if (gate == Gate::kOpen) body(index);
                     }));
    threads.push_back(std::move(thread));
  }
  opening.to = Gate::kOpen;
  return {};
}

struct QueuedCreations {
  std::vector<Creation> creations;
  std::vector<incclComm_t*> comms;  // one each
};

thread_local QueuedCreations queued;

}  // namespace

Result<Creation> prepareCreation(int rankCount, const incclUniqueId& id, int rank,
                                 const incclConfig_t* given) {
  INCCL_TRY(checkPlace(rankCount, rank));
  UniqueIdBytes bytes;
  static_assert(sizeof bytes == sizeof id.internal);
  std::memcpy(bytes.data(), id.internal, sizeof bytes);
  Creation creation;
  creation.rankCount = rankCount;
  creation.rank = rank;
  INCCL_TRY_ASSIGN(creation.id, UniqueId::decode(bytes));
  if (rankCount > 1 && creation.id.isOfOneRank())
    return invalidArgument(
        fmt::format("{} ranks cannot meet by the id of a launch of one rank", rankCount));
  INCCL_TRY_ASSIGN(creation.config, Config::fromEnvironment());
  if (given) INCCL_TRY(applyConfig(*given, creation));
  INCCL_TRY(comm::ChoiceRules::parse(creation.config.algorithm, creation.config.protocol).status());
  return creation;
}

Result<Creation> prepareSplit(comm::CommunicatorRef parent, int color, int key,
                              const incclConfig_t* given) {
  if (color < 0 && color != INCCL_SPLIT_NOCOLOR)
    return invalidArgument(fmt::format("color {} is negative and not INCCL_SPLIT_NOCOLOR", color));
  Creation creation;
  creation.color = color;
  creation.key = key;
  creation.config = parent->config();
  creation.config.planFiles.clear();  // they are for all ranks of the parent
  creation.config.topologyFile.clear();
  creation.blocking = !parent->ownStream();
  if (given) INCCL_TRY(applyConfig(*given, creation));
  creation.parent = std::make_shared<ParentTurn>(std::move(parent));
  return creation;
}

ParentTurn::~ParentTurn() {
  if (!ticket_) return;
  if (!taken_) parent_->turn().await(*ticket_);
  parent_->turn().giveBack();
}

Result<std::optional<comm::Communicator::SplitPlace>> ParentTurn::split(int color, int key) {
  if (!ticket_) draw();
  parent_->turn().await(*ticket_);
  taken_ = true;
  return parent_->split(color, key);
}

namespace {

// Goes on in the communicator's own stream.
Result<Handle> createInBackground(std::unique_ptr<comm::Communicator> communicator,
                                  const UniqueId& id) {
  INCCL_TRY(communicator->makeNonBlocking());
  INCCL_TRY_ASSIGN(const Handle handle, comm::HandleTable::instance().add(std::move(communicator)));
  comm::issueOwn(comm::HandleTable::instance().enter(handle),
                 [id](comm::Communicator& target) { return target.create(id); });
  return handle;
}

}  // namespace

Result<Handle> create(Creation& creation) {
  if (creation.parent) {
    INCCL_TRY_ASSIGN(const auto place, creation.parent->split(creation.color, creation.key));
    creation.parent.reset();  // the next call on the parent need not wait for the rest
    if (!place) return Handle{0};
    creation.id = place->id;
    creation.rank = place->rank;
    creation.rankCount = place->rankCount;
  }
  auto communicator = comm::Communicator::make(creation.rankCount, creation.rank, creation.config,
                                               creation.commName);
  if (!creation.blocking) return createInBackground(std::move(communicator), creation.id);
  INCCL_TRY(communicator->create(creation.id));
  return comm::HandleTable::instance().add(std::move(communicator));
}

namespace {

Result<std::vector<Handle>> createTogether(std::vector<Creation>& creations) {
  std::vector<Handle> handles(creations.size());
  // A rank whose thread ran out of memory says nothing.
  std::vector<Status> statuses(creations.size(), systemError("cannot create", ENOMEM));
  const auto body = [&](size_t at) {
    try {
      auto created = create(creations[at]);
      if (created.ok()) handles[at] = *created;
      statuses[at] = std::move(created).status();
    } catch (const std::bad_alloc&) {
    }
    // The others need not wait for this rank.
    if (!statuses[at].ok()) UniqueId::withdraw(creations[at].id, statuses[at]);
  };
  Status failure;
  try {
    failure = onThreads(creations.size(), body);
  } catch (const std::bad_alloc&) {
    failure = systemError("cannot create", ENOMEM);
  }
  for (size_t at = 0; failure.ok() && at < statuses.size(); ++at) failure = std::move(statuses[at]);
  if (failure.ok()) return handles;
  for (const Handle handle : handles) {
    if (handle) incclCommAbort(reinterpret_cast<incclComm_t>(handle));
  }
  for (const Creation& creation : creations) UniqueId::withdraw(creation.id, failure);
  return failure;
}

}  // namespace

Result<std::vector<Handle>> createClique(int count) {
  INCCL_TRY(checkPlace(count, 0));
  Creation creation;
  creation.rankCount = count;
  INCCL_TRY_ASSIGN(creation.config, Config::fromEnvironment());
  INCCL_TRY_ASSIGN(creation.id, UniqueId::create(creation.config));
  try {
    std::vector<Creation> creations(static_cast<size_t>(count), creation);
    for (size_t at = 0; at < creations.size(); ++at) creations[at].rank = static_cast<int>(at);
    return createTogether(creations);
  } catch (const std::bad_alloc&) {
    // Nobody has begun, so nobody will come to the root.
    const Status failure = systemError("cannot create", ENOMEM);
    UniqueId::withdraw(creation.id, failure);
    return failure;
  }
}

bool creationsHold(const comm::Communicator& communicator) {
  return std::ranges::any_of(queued.creations, [&](const Creation& creation) {
    return creation.parent && creation.parent->isOf(communicator);
  });
}

void queueCreation(Creation creation, incclComm_t* comm) {
  queued.comms.reserve(queued.comms.size() + 1);
  queued.creations.push_back(std::move(creation));
  queued.comms.push_back(comm);
}

Status createQueued() {
  QueuedCreations mine = std::exchange(queued, {});
  if (mine.creations.empty()) return {};
  // In the order in which they were asked for, on all ranks.
  for (const Creation& creation : mine.creations) {
    if (creation.parent) creation.parent->draw();
  }
  Status failure;
  try {
    auto handles = createTogether(mine.creations);
    for (size_t at = 0; handles.ok() && at < mine.comms.size(); ++at)
      *mine.comms[at] = reinterpret_cast<incclComm_t>(handles.value()[at]);
    failure = std::move(handles).status();
  } catch (const std::bad_alloc&) {
    failure = systemError("cannot create", ENOMEM);
  }
  for (size_t at = 0; !failure.ok() && at < mine.comms.size(); ++at) *mine.comms[at] = nullptr;
  const bool goOn = std::ranges::any_of(
      mine.creations, [](const Creation& creation) { return !creation.blocking; });
  if (failure.ok() && goOn) return {Code::kInProgress, "communicators are being created"};
  return failure;
}

}  // namespace inccl::api
