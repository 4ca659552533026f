// The hub while its communicator runs: relay, heartbeats, arbiter.
#include "bootstrap/hub.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "bootstrap/acceptor.h"
#include "bootstrap/peer_info.h"
#include "bootstrap/service_thread.h"

namespace inccl::bootstrap {
namespace {

// A tick that comes this many intervals late means that this process itself did not run; what it
// did not hear meanwhile is nobody's fault.
constexpr int kStalledIntervals = 4;

}  // namespace

Hub::~Hub() { close(); }

std::string Hub::describe(int rank) const {
  return bootstrap::describe(seats_[static_cast<size_t>(rank)].peer);
}

void Hub::onFrame(int rank, wire::Kind kind, std::span<const std::byte> body) {
  if (phase_ != Phase::kRunning) return;
  Seat& seat = seats_[static_cast<size_t>(rank)];
  seat.lastHeard = nowNs();
  seat.suspected = false;
  const Status handled = handle(rank, kind, body);
  if (handled.ok()) return;
  wire::Failure failure;
  failure.culprit = rank;
  failure.sentence = fmt::format("{} sent a bad message: {}", describe(rank), handled.message());
  arbitrate(failure);
}

Status Hub::handle(int rank, wire::Kind kind, std::span<const std::byte> body) {
  if (kind == wire::Kind::kHeartbeat) return wire::decodeBody<wire::Heartbeat>(body).status();
  if (kind == wire::Kind::kFailure) {
    INCCL_TRY_ASSIGN(auto failure, wire::decodeBody<wire::Failure>(body));
    onFailure(rank, std::move(failure));
    return {};
  }
  if (kind == wire::Kind::kGoodbye) {
    INCCL_TRY_ASSIGN(const auto goodbye, wire::decodeBody<wire::Goodbye>(body));
    onGoodbye(rank, goodbye);
    return {};
  }
  // The number that a rank gives itself is not believed.
  if (kind == wire::Kind::kGather) {
    INCCL_TRY_ASSIGN(auto part, wire::decodeBody<wire::Gather>(body));
    part.rank = rank;
    broadcast(shareFrame(part), -1);
    return {};
  }
  if (kind == wire::Kind::kNote) {
    INCCL_TRY_ASSIGN(auto note, wire::decodeBody<wire::Note>(body));
    note.from = rank;
    return pass(note);
  }
  if (kind == wire::Kind::kWaiting) {
    INCCL_TRY_ASSIGN(auto question, wire::decodeBody<wire::Waiting>(body));
    question.rank = rank;
    broadcast(shareFrame(question), rank);
    return {};
  }
  return remoteError(fmt::format("a rank does not send {} messages", wire::name(kind)));
}

Status Hub::pass(const wire::Note& note) {
  if (note.to == wire::Note::kToAll) {
    broadcast(shareFrame(note), -1);
    return {};
  }
  if (note.to < 0 || note.to >= static_cast<int>(seats_.size()))
    return remoteError(fmt::format("a note to rank {}", note.to));
  if (const auto& connection = seats_[static_cast<size_t>(note.to)].connection)
    connection->send(shareFrame(note));
  return {};
}

void Hub::onFailure(int rank, wire::Failure failure) {
  const int size = static_cast<int>(seats_.size());
  const int named = 0 <= failure.culprit && failure.culprit < size ? failure.culprit : rank;
  // Whatever the reporter wrote, the sentence says which rank is meant.
  if (failure.sentence.find(fmt::format("rank {} ", named)) == std::string::npos)
    failure.sentence = fmt::format("{}: {}", describe(named), failure.sentence);
  failure.culprit = named;
  arbitrate(failure);
}

void Hub::onGoodbye(int rank, wire::Goodbye goodbye) {
  seats_[static_cast<size_t>(rank)].left = true;
  goodbye.rank = rank;
  broadcast(shareFrame(goodbye), rank);
  if (const auto& connection = seats_[static_cast<size_t>(rank)].connection)
    connection->send(shareFrame(wire::GoodbyeSeen{}));
}

void Hub::onClosed(int rank) {
  if (phase_ == Phase::kGathering)
    return failCreation(remoteError(
        fmt::format("{} died (connection closed) before all ranks had joined", describe(rank))));
  if (phase_ != Phase::kRunning) return;
  const auto keep = shared_from_this();
  Seat& seat = seats_[static_cast<size_t>(rank)];
  seat.gone = true;
  seat.connection = nullptr;
  if (!seat.left) {
    wire::Failure failure;
    failure.culprit = rank;
    failure.addOperation = true;
    failure.sentence = fmt::format("{} died (connection closed)", describe(rank));
    arbitrate(failure);
  }
  closeWhenEmpty();
}

void Hub::arbitrate(const wire::Failure& failure) {
  if (arbitrated_) return;
  arbitrated_ = true;
  logWarn("{}", failure.sentence);
  broadcast(shareFrame(failure), -1);
}

void Hub::broadcast(const SharedFrame& frame, int exceptRank) {
  for (size_t rank = 0; rank < seats_.size(); ++rank) {
    const auto& connection = seats_[rank].connection;
    if (connection && static_cast<int>(rank) != exceptRank) connection->send(frame);
  }
}

void Hub::startHeartbeats() {
  lastTick_ = nowNs();
  for (Seat& seat : seats_) seat.lastHeard = lastTick_;
  // The timer owns the hub while it runs; close() cancels it.
  heartbeatTimer_ =
      service_.loop().runEvery(heartbeatInterval_, [self = shared_from_this()] { self->onTick(); });
}

void Hub::onTick() {
  const auto keep = shared_from_this();
  const Nanos now = nowNs();
  const bool stalled = now - lastTick_ > kStalledIntervals * heartbeatInterval_;
  lastTick_ = now;
  const SharedFrame beat = shareFrame(wire::Heartbeat{});
  for (Seat& seat : seats_) {
    if (!seat.connection) continue;
    if (stalled) seat.lastHeard = now;
    // One that does not read gets no more of them.
    if (seat.connection->idle()) seat.connection->send(beat);
    if (!seat.left) judgeSilence(seat, now);
  }
  closeWhenEmpty();
}

void Hub::judgeSilence(Seat& seat, Nanos now) {
  const Nanos silent = now - seat.lastHeard;
  const double seconds = static_cast<double>(silent) / kSecond;
  if (config_.heartbeatSuspect > 0 && silent >= config_.heartbeatSuspect && !seat.suspected) {
    seat.suspected = true;
    logWarn("{} has been silent for {:.1f} s", bootstrap::describe(seat.peer), seconds);
  }
  if (config_.heartbeatFail == 0 || silent < config_.heartbeatFail || arbitrated_) return;
  wire::Failure failure;
  failure.culprit = seat.peer.rank;
  failure.addOperation = true;
  failure.sentence =
      fmt::format("{} has been silent for {:.1f} s", bootstrap::describe(seat.peer), seconds);
  arbitrate(failure);
}

// Nobody is left but those who, after a failure, do not even read.
void Hub::closeWhenEmpty() {
  const Nanos now = nowNs();
  const bool empty = std::ranges::all_of(seats_, [&](const Seat& seat) {
    return !seat.connection || (arbitrated_ && config_.heartbeatFail > 0 &&
                                now - seat.lastHeard >= config_.heartbeatFail);
  });
  if (empty) close();
}

void Hub::dismiss() {
  const auto keep = shared_from_this();
  service_.directory().removeHub(tag_, this);
  close();
}

void Hub::close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  service_.loop().cancel(creationTimer_);
  service_.loop().cancel(heartbeatTimer_);
  for (Seat& seat : seats_)
    if (const auto connection = std::exchange(seat.connection, nullptr)) connection->close();
  door_ = nullptr;
}

}  // namespace inccl::bootstrap
