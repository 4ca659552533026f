// The root of one communicator: where its ranks meet, and the arbiter of its first failure.
//
// It gathers the joins, refuses contradictions (a doubled rank, different sizes, versions or
// settings) for everybody at once, names who is missing at the deadline, and sends all the table.
// From then on it relays: heartbeats tell it who lives, the first failure that it hears of or sees
// itself is sent to all, so that all ranks name the same culprit; later ones are consequences and
// are dropped. It goes when its ranks have gone.
//
// A failed creation lingers, so that ranks that come late are told the reason too.
// Threading: the service thread's alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/config.h"
#include "bootstrap/framed_connection.h"
#include "bootstrap/unique_id.h"
#include "wire/control_messages.h"

namespace inccl::bootstrap {

class Acceptor;
class ServiceThread;

class Hub : public std::enable_shared_from_this<Hub> {
 public:
  // Any thread but the service thread: opens a hub for `id`, reachable through a door on
  // [portLow, portHigh]. Returns the port.
  static Result<uint16_t> open(ServiceThread& service, const UniqueId& id, const Config& config,
                               uint16_t portLow, uint16_t portHigh);
  // Any thread: a hub that still gathers ranks for `id` in this process gives up, with `reason` for
  // all who have come or will. Nothing when there is none.
  static void withdraw(ServiceThread& service, const UniqueId& id, const Status& reason);

  Hub(ServiceThread& service, const UniqueId& id, const Config& config,
      std::shared_ptr<Acceptor> door);
  ~Hub();

  [[nodiscard]] const Nonce& nonce() const { return nonce_; }
  [[nodiscard]] bool hasFailed() const { return phase_ == Phase::kFailed; }
  // A proven connection that asks to join.
  void admit(os::UniqueFd fd, const wire::Join& join);
  // Closes everything without a word.
  void dismiss();

 private:
  enum class Phase { kGathering, kRunning, kFailed, kClosed };
  struct Seat {
    wire::Peer peer;
    std::shared_ptr<FramedConnection> connection;  // nullptr: not joined yet
    Nanos lastHeard = 0;
    bool suspected = false;
    bool left = false;  // has said goodbye
    bool gone = false;  // its connection has ended
  };

  // hub_rendezvous.cc
  [[nodiscard]] Status judge(const wire::Join& join) const;
  void seat(const wire::Join& join, std::shared_ptr<FramedConnection> connection);
  void limitPatience(uint32_t patienceMs);
  void onCreationDeadline();
  void failCreation(const Status& failure);
  void tell(const std::shared_ptr<FramedConnection>& connection);
  void sendTable(const wire::Tag& communicator);

  // hub.cc
  void onFrame(int rank, wire::Kind kind, std::span<const std::byte> body);
  Status handle(int rank, wire::Kind kind, std::span<const std::byte> body);
  [[nodiscard]] Status pass(const wire::Note& note);
  void onFailure(int rank, wire::Failure failure);
  void onGoodbye(int rank, wire::Goodbye goodbye);
  void onClosed(int rank);
  void startHeartbeats();
  void onTick();
  void judgeSilence(Seat& seat, Nanos now);
  // The communicator's first failure: tells all.
  void arbitrate(const wire::Failure& failure);
  void broadcast(const SharedFrame& frame, int exceptRank);
  void closeWhenEmpty();
  void close();
  [[nodiscard]] std::string describe(int rank) const;

  ServiceThread& service_;
  const wire::Tag tag_;
  const Nonce nonce_;
  const Config config_;
  std::shared_ptr<Acceptor> door_;

  Phase phase_ = Phase::kGathering;
  std::vector<Seat> seats_;  // by rank; empty before the first join
  size_t joined_ = 0;
  uint64_t configHash_ = 0;  // of the first that joined
  int firstRank_ = -1;
  Nanos creationDeadline_ = 0;
  os::EventLoop::TimerId creationTimer_ = os::EventLoop::TimerId::kNone;

  SharedFrame failure_;  // the failure of the creation, for those who come late
  size_t told_ = 0;

  bool arbitrated_ = false;
  Nanos heartbeatInterval_ = 0;
  Nanos lastTick_ = 0;
  os::EventLoop::TimerId heartbeatTimer_ = os::EventLoop::TimerId::kNone;
};

}  // namespace inccl::bootstrap
