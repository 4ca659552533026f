// The service thread's half of a Session: one rank's control channel and what comes in over it.
//
// The caller's half (session.cc) asks, waits and reads here under one mutex; the service thread
// answers the hub. Members are shared: the caller's half, the directory and timers hold them, so
// neither can outlive its memory. What belongs to the caller (error state, history) is touched
// only under the mutex and never after detach().
//
// Failure rules. The hub's word is raised as it comes. A hub that closes or is silent is itself the
// failure, named by the ranks of its process, unless those have all said goodbye: then the rest of
// the communicator goes on without an arbiter. After leave() nothing is raised any more.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error_state.h"
#include "base/op_history.h"
#include "bootstrap/descriptor_desk.h"
#include "bootstrap/framed_connection.h"
#include "bootstrap/question_book.h"
#include "bootstrap/session.h"
#include "os/stream_socket.h"
#include "wire/control_messages.h"

namespace inccl::bootstrap {

class ServiceThread;
struct Doors;

using Blob = std::vector<std::byte>;

// What a rank learns at the rendezvous; never changes.
struct Membership {
  int rank = -1;
  Nonce nonce{};
  wire::Tag communicator{};
  std::vector<PeerInfo> peers;  // by rank
  PeerInfo hub;
  Nanos heartbeatInterval = 500 * kMillisecond;
  Nanos silenceLimit = 0;  // of the hub; 0: none
};

class Member : public std::enable_shared_from_this<Member> {
 public:
  Member(ServiceThread& service, Membership membership, ErrorState& errors,
         const OpHistory& history);

  // Any thread.
  [[nodiscard]] const Membership& membership() const { return membership_; }
  [[nodiscard]] const Nonce& nonce() const { return membership_.nonce; }
  [[nodiscard]] bool hasPeer(int rank) const {
    return 0 <= rank && rank < static_cast<int>(membership_.peers.size());
  }
  [[nodiscard]] DescriptorDesk& desk() { return desk_; }
  Result<std::vector<Blob>> gather(const Blob& mine, const os::WaitLimit& limit);
  Result<os::UniqueFd> awaitData(int peer, uint32_t channel, const os::WaitLimit& limit);
  // kRemoteError when `peer` has said goodbye, else ok.
  [[nodiscard]] Status whetherLeft(int peer);
  [[nodiscard]] bool someoneLeft() const { return someoneLeft_.load(std::memory_order_acquire); }
  // Tells the hub, and waits until it has told everyone (which it does this rank too), but not
  // longer than kReportGrace: the process may end right after, and the reason with it.
  static constexpr Nanos kReportGrace = 100 * kMillisecond;
  void report(const Status& failure, int culprit);
  void askOthers(OpTag tag, const OpSignature& signature);
  void takeNotes(Session::TakeNote take);
  void post(int to, Blob note);
  void leave(uint32_t lastSequence, const os::WaitLimit& limit);
  // Closes the control channel without goodbye, soon.
  void abandon();
  // Until an error is raised, a rank says goodbye, or the limit is reached.
  void awaitNews(const os::WaitLimit& limit);
  // Caller's memory is not touched any more once this has returned.
  void detach();

  // The service thread.
  Status start(os::UniqueFd control, std::shared_ptr<Doors> doors);
  void close();
  void fail(const Status& failure);
  void takeData(int peer, uint32_t channel, os::UniqueFd fd);
  void takeDescriptorRequest(const std::string& name, os::UniqueFd connection);

 private:
  struct Round {
    std::vector<std::optional<Blob>> parts;
    size_t have = 0;
  };

  void onFrame(wire::Kind kind, std::span<const std::byte> body);
  Status handle(wire::Kind kind, std::span<const std::byte> body);
  void onFailure(const wire::Failure& failure);
  void onGather(wire::Gather part);
  void onGoodbye(const wire::Goodbye& goodbye);
  void onNote(const wire::Note& note);
  void onWaiting(const wire::Waiting& question);
  void onClosed(const Status& why);
  void onTick();
  [[nodiscard]] bool owned();
  void judgeHubSilence();
  void tellNewestOperation();
  void compareQuestions();
  // A rank that waits in an operation which one that has left will never do.
  void judgeLeavers();
  // Raises here and reports to the hub.
  void decide(Status failure, int culprit, bool addOperation);
  void send(const wire::Failure& failure);
  void raise(Status failure);
  [[nodiscard]] std::string currentOperation();
  [[nodiscard]] std::string hubName() const;
  [[nodiscard]] int hubRank() const;
  [[nodiscard]] bool hubRanksHaveLeft();
  [[nodiscard]] Status leftFailure(int rank, uint32_t lastSequence) const;
  template <typename Condition>
  Status waitUntil(std::unique_lock<std::mutex>& lock, const os::WaitLimit& limit,
                   std::string_view what, Condition condition);

  ServiceThread& service_;
  const Membership membership_;
  DescriptorDesk desk_;

  std::atomic<bool> someoneLeft_{false};
  // Held while a note is taken, so that detach() waits for that.
  std::mutex notesMutex_;
  Session::TakeNote takeNote_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Below: guarded by mutex_.
  ErrorState* errors_;        // the caller's; nullptr after detach()
  const OpHistory* history_;  // the caller's; nullptr after detach()
  bool leaving_ = false;
  bool goodbyeSeen_ = false;
  bool hubGone_ = false;
  bool closed_ = false;
  uint64_t news_ = 0;
  uint32_t nextRound_ = 0;
  std::map<uint32_t, Round> rounds_;
  std::map<std::pair<int, uint32_t>, os::UniqueFd> data_;
  std::vector<std::optional<uint32_t>> left_;  // last sequence of ranks that said goodbye
  std::optional<std::pair<OpTag, OpSignature>> waiting_;  // what this rank waits long in
  QuestionBook questions_;

  // Below: the service thread's.
  std::shared_ptr<FramedConnection> connection_;
  std::shared_ptr<Doors> doors_;
  os::EventLoop::TimerId tick_ = os::EventLoop::TimerId::kNone;
  Nanos lastHeard_ = 0;
  Nanos lastBeat_ = 0;
  Nanos lastTick_ = 0;
  uint32_t toldSequence_ = 0;  // newest operation that rank 0 has told the others
};

}  // namespace inccl::bootstrap
