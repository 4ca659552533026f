// What the service thread does for its members: the control channel and its judgements.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "bootstrap/doors.h"
#include "bootstrap/member.h"
#include "bootstrap/service_thread.h"

namespace inccl::bootstrap {
namespace {

constexpr Nanos kTickPeriod = 250 * kMillisecond;
// A tick that comes this many periods late means that this process itself did not run.
constexpr int kStalledTicks = 4;

}  // namespace

Status Member::start(os::UniqueFd control, std::shared_ptr<Doors> doors) {
  const std::weak_ptr<Member> weak = weak_from_this();
  INCCL_TRY_ASSIGN(connection_, FramedConnection::open(
                                    service_.loop(), std::move(control),
                                    [weak](wire::Kind kind, std::span<const std::byte> body) {
                                      if (const auto self = weak.lock()) self->onFrame(kind, body);
                                    },
                                    [weak](const Status& why) {
                                      if (const auto self = weak.lock()) self->onClosed(why);
                                    }));
  doors_ = std::move(doors);
  service_.directory().addMember(membership_.communicator, membership_.rank, shared_from_this());
  lastHeard_ = lastBeat_ = lastTick_ = nowNs();
  tick_ = service_.loop().runEvery(std::min(membership_.heartbeatInterval, kTickPeriod),
                                   [this] { onTick(); });
  return {};
}

void Member::close() {
  const auto keep = shared_from_this();
  service_.loop().cancel(tick_);
  service_.directory().removeMember(membership_.communicator, membership_.rank);
  if (const auto connection = std::exchange(connection_, nullptr)) connection->closeWhenFlushed();
  doors_ = nullptr;
  desk_.close();
  const std::lock_guard lock(mutex_);
  closed_ = true;
  data_.clear();
  changed_.notify_all();
}

void Member::onFrame(wire::Kind kind, std::span<const std::byte> body) {
  lastHeard_ = nowNs();
  const Status handled = handle(kind, body);
  if (!handled.ok())
    decide(remoteError(fmt::format("{} sent a bad message: {}", hubName(), handled.message())), -1,
           false);
}

Status Member::handle(wire::Kind kind, std::span<const std::byte> body) {
  if (kind == wire::Kind::kHeartbeat) return wire::decodeBody<wire::Heartbeat>(body).status();
  if (kind == wire::Kind::kFailure) {
    INCCL_TRY_ASSIGN(const auto failure, wire::decodeBody<wire::Failure>(body));
    onFailure(failure);
    return {};
  }
  if (kind == wire::Kind::kGather) {
    INCCL_TRY_ASSIGN(auto part, wire::decodeBody<wire::Gather>(body));
    onGather(std::move(part));
    return {};
  }
  if (kind == wire::Kind::kGoodbye) {
    INCCL_TRY_ASSIGN(const auto goodbye, wire::decodeBody<wire::Goodbye>(body));
    onGoodbye(goodbye);
    return {};
  }
  if (kind == wire::Kind::kNote) {
    INCCL_TRY_ASSIGN(const auto note, wire::decodeBody<wire::Note>(body));
    onNote(note);
    return {};
  }
  if (kind == wire::Kind::kWaiting) {
    INCCL_TRY_ASSIGN(const auto question, wire::decodeBody<wire::Waiting>(body));
    onWaiting(question);
    return {};
  }
  if (kind == wire::Kind::kGoodbyeSeen) {
    INCCL_TRY(wire::decodeBody<wire::GoodbyeSeen>(body).status());
    const std::lock_guard lock(mutex_);
    goodbyeSeen_ = true;
    changed_.notify_all();
    return {};
  }
  return remoteError(fmt::format("a hub does not send {} messages", wire::name(kind)));
}

void Member::onFailure(const wire::Failure& failure) {
  raise({failure.code,
         failure.addOperation ? failure.sentence + currentOperation() : failure.sentence});
}

void Member::onGather(wire::Gather part) {
  if (!hasPeer(part.rank)) return;
  const std::lock_guard lock(mutex_);
  // The round that this rank waits in, or the next one: to go further, others need its part.
  if (part.round != nextRound_ && part.round + 1 != nextRound_) return;
  Round& round = rounds_[part.round];
  round.parts.resize(membership_.peers.size());
  auto& slot = round.parts[static_cast<size_t>(part.rank)];
  if (!slot) ++round.have;
  slot = std::move(part.blob);
  changed_.notify_all();
}

void Member::onGoodbye(const wire::Goodbye& goodbye) {
  if (!hasPeer(goodbye.rank)) return;
  {
    const std::lock_guard lock(mutex_);
    left_[static_cast<size_t>(goodbye.rank)] = goodbye.lastSequence;
    someoneLeft_.store(true, std::memory_order_release);
    ++news_;
    changed_.notify_all();
  }
  judgeLeavers();
}

void Member::onNote(const wire::Note& note) {
  if (!hasPeer(note.from)) return;
  const std::lock_guard lock(notesMutex_);
  if (takeNote_) takeNote_(note.from, note.blob);
}

void Member::onWaiting(const wire::Waiting& question) {
  {
    const std::lock_guard lock(mutex_);
    questions_.ask(question.rank, question.sequence, question.signature);
  }
  compareQuestions();
}

void Member::onClosed(const Status& why) {
  connection_ = nullptr;
  if (!hubRanksHaveLeft())
    raise(remoteError(fmt::format("{} died ({}){}", hubName(), why.message(), currentOperation())));
  // After the reason: whoever waits finds that first.
  const std::lock_guard lock(mutex_);
  hubGone_ = true;
  changed_.notify_all();
}

void Member::onTick() {
  const auto keep = shared_from_this();
  if (!owned()) return close();
  const Nanos now = nowNs();
  const Nanos period = std::min(membership_.heartbeatInterval, kTickPeriod);
  if (now - lastTick_ > kStalledTicks * period) lastHeard_ = now;
  lastTick_ = now;
  if (connection_ && connection_->idle() && now - lastBeat_ >= membership_.heartbeatInterval) {
    lastBeat_ = now;
    connection_->send(shareFrame(wire::Heartbeat{}));
  }
  judgeHubSilence();
  compareQuestions();
  judgeLeavers();
  if (membership_.rank == 0) tellNewestOperation();
}

// Ranks that called different things may all return (two roots of one broadcast), so nobody waits
// and nobody asks. So rank 0 tells now and then what it called last; the others compare.
void Member::tellNewestOperation() {
  wire::Waiting told;
  {
    const std::lock_guard lock(mutex_);
    if (!history_ || !connection_) return;
    const uint32_t newest = history_->current();
    const auto signature = history_->find(newest);
    if (!signature || newest == toldSequence_) return;
    toldSequence_ = newest;
    told.rank = membership_.rank;
    told.sequence = newest;
    told.signature = *signature;
  }
  connection_->send(shareFrame(told));
}

// False when the owner has gone without being able to say so (~MemberOwner).
bool Member::owned() {
  const std::lock_guard lock(mutex_);
  return errors_ != nullptr;
}

void Member::judgeHubSilence() {
  const Nanos silent = nowNs() - lastHeard_;
  if (!connection_ || membership_.silenceLimit == 0 || silent < membership_.silenceLimit) return;
  if (hubRanksHaveLeft()) return;
  decide(remoteError(fmt::format("{} has been silent for {:.1f} s", hubName(),
                                 static_cast<double>(silent) / kSecond)),
         hubRank(), true);
}

void Member::compareQuestions() {
  std::optional<std::string> difference;
  {
    const std::lock_guard lock(mutex_);
    if (history_) difference = questions_.findDifference(membership_.rank, *history_);
  }
  if (difference) decide(invalidUsage(*difference), membership_.rank, false);
}

void Member::judgeLeavers() {
  Status failure;
  int culprit = -1;
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_ || !history_) return;
    const uint32_t sequence = waiting_->first.sequence();
    // Not under way any more: no need. (Of a group all operations began at once, so the newest need
    // not be the one that this rank waits in.)
    if (static_cast<int32_t>(history_->finished() - sequence) >= 0) return;
    for (size_t rank = 0; rank < left_.size() && failure.ok(); ++rank) {
      if (!left_[rank] || static_cast<int32_t>(sequence - *left_[rank]) <= 0) continue;
      culprit = static_cast<int>(rank);
      failure = leftFailure(culprit, *left_[rank]);
    }
  }
  if (!failure.ok()) decide(failure, culprit, true);
}

void Member::decide(Status failure, int culprit, bool addOperation) {
  {
    const std::lock_guard lock(mutex_);
    if (!errors_ || leaving_ || errors_->raised()) return;
  }
  wire::Failure message;
  message.code = failure.code();
  message.culprit = culprit;
  message.addOperation = addOperation;
  message.sentence = failure.message();
  raise({failure.code(), addOperation ? message.sentence + currentOperation() : message.sentence});
  send(message);
}

void Member::send(const wire::Failure& failure) {
  if (connection_) connection_->send(shareFrame(failure));
}

void Member::fail(const Status& failure) { raise(failure); }

void Member::raise(Status failure) {
  const std::lock_guard lock(mutex_);
  if (errors_ && !leaving_) (void)errors_->raise(std::move(failure));
  ++news_;
  changed_.notify_all();
}

// " during operation 12 (all_reduce count 4 type float op sum)" or " after operation 12".
std::string Member::currentOperation() {
  const std::lock_guard lock(mutex_);
  if (!history_) return {};
  const uint32_t current = history_->current();
  if (current == 0) return " before the first operation";
  const auto signature = history_->find(current);
  if (!signature || history_->finished() == current)
    return fmt::format(" after operation {}", current);
  return fmt::format(" during operation {} ({})", current, signature->describe());
}

// The first rank of the hub's process, -1 when it has none.
int Member::hubRank() const {
  for (const PeerInfo& peer : membership_.peers)
    if (peer.processKey == membership_.hub.processKey) return peer.rank;
  return -1;
}

std::string Member::hubName() const {
  std::vector<int> ranks;
  for (const PeerInfo& peer : membership_.peers)
    if (peer.processKey == membership_.hub.processKey) ranks.push_back(peer.rank);
  if (ranks.empty()) return membership_.hub.describe();
  if (ranks.size() == 1) return membership_.peers[static_cast<size_t>(ranks[0])].describe();
  return fmt::format("ranks {} on host {} (pid {})", fmt::join(ranks, ", "), membership_.hub.host,
                     membership_.hub.pid);
}

// The process of the hub has no rank left that could be missed (and had one).
bool Member::hubRanksHaveLeft() {
  const std::lock_guard lock(mutex_);
  bool any = false;
  for (const PeerInfo& peer : membership_.peers) {
    if (peer.processKey != membership_.hub.processKey) continue;
    any = true;
    if (!left_[static_cast<size_t>(peer.rank)]) return false;
  }
  return any;
}

Status Member::leftFailure(int rank, uint32_t lastSequence) const {
  return remoteError(fmt::format("{} left (destroyed its communicator) after operation {}",
                                 membership_.peers[static_cast<size_t>(rank)].describe(),
                                 lastSequence));
}

}  // namespace inccl::bootstrap
