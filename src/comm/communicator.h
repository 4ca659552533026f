// A communicator: one rank's view of a group of ranks, from creation to the last farewell.
//
// It owns what an operation needs (session, transports, channels, plans) and decides every error.
// An operation passes through here as: turn → sequence and signature → plan → kernel, which runs on
// the caller's thread (exec/runner.h). What the data path touches is ready before: plans are chosen
// and channels opened at the first operation that needs them, never again.
//
// Threads: collective calls take turns (Turn). abort() and error() may come from any thread at any
// time, also while create() is still joining.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/config.h"
#include "base/error_state.h"
#include "base/op_history.h"
#include "bootstrap/session.h"
#include "comm/call.h"
#include "comm/plan.h"
#include "comm/session_connector.h"
#include "comm/turn.h"
#include "exec/runner.h"
#include "transport/shared_transport.h"

namespace inccl::comm {

class LanePlan;

class Communicator final : private exec::Supervisor {
 public:
  // Not usable before create() has succeeded.
  static std::unique_ptr<Communicator> make(int rankCount, int rank, Config config,
                                            std::string commName);
  // Meets the other ranks and prepares what all operations share. Blocks, as Session::join.
  Status create(const bootstrap::UniqueId& id);
  ~Communicator() override;

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int rankCount() const { return rankCount_; }
  [[nodiscard]] Status error() const { return errors_.status(); }
  // The newest failure of a call, sticky or not.
  [[nodiscard]] std::string lastFailure() const;
  void noteFailure(const Status& failure);
  // "shm half half 0123456789abcdef" for a collective of `bytes` per rank.
  Result<std::string> describePlan(std::string_view collectiveName, size_t bytes);

  // Checks everything about `call` that this communicator can judge (rank numbers, the process).
  Status validate(const Call& call) const;
  // One operation, now, on this thread.
  Status run(const Call& call);

  // Several calls of one group. The steps are separate, so that a thread that holds several
  // communicators opens the sends of all before the receives of any.
  Status openSends(const std::vector<Call>& calls);
  Status openReceives(const std::vector<Call>& calls);
  // One queue of collectives in order, and one queue per message.
  Status makeQueues(const std::vector<Call>& calls, std::vector<exec::OperationQueue>& queues);
  // Everything begun so far is over: nobody is waited for any more.
  void endOperations() { history_.end(sequence_); }
  [[nodiscard]] Turn& turn() { return turn_; }

  // Ends every wait at once; the communicator is not used for anything afterwards.
  void abort();
  // Says goodbye to the peers.
  void leave();

 private:
  Communicator(Config config, int rankCount, int rank, std::string name);

  // connect.cc: who shares memory, and by what the others are reached.
  Status join(const bootstrap::UniqueId& id);
  Status connect();
  Status shareMemory(bool byThreads, const std::vector<int>& members);
  Status agree(const Status& mine);
  Status agreeOnResources(const std::vector<int>& members);
  [[nodiscard]] std::vector<int> hostMembers() const;
  transport::Transport& transportTo(int peer);

  // plans.cc
  struct ReadyPlan {
    bool chosen = false;
    Plan plan;
    LanePlan* lanes = nullptr;  // for Kernel::kLanes
  };
  Result<ReadyPlan*> readyPlan(const Call& call, OpTag tag);
  ReadyPlan& planSlot(Collective collective, size_t bytes);
  Result<LanePlan*> lanePlan(Collective collective, algo::Algorithm algorithm, int root);
  // Chooses the plan of `call` and opens the channels that it needs in one direction.
  Status openPlan(const Call& call, bool sends);
  Status openLanes(LanePlan& plan, bool sends);
  Result<transport::SendChannel*> sendChannel(int peer, uint32_t channel);
  Result<transport::RecvChannel*> recvChannel(int peer, uint32_t channel);

  // dispatch.h: `sink` makes the operation of a call and runs or keeps it.
  struct RunNow;
  struct Collect;
  template <typename Sink>
  Status dispatch(const Call& call, Sink& sink);
  template <typename Sink>
  Status dispatchShared(const Call& call, OpTag tag, const Plan& plan, Sink& sink);
  template <typename Sink>
  Status dispatchLanes(const Call& call, OpTag tag, LanePlan& lanes, Sink& sink);
  template <typename Sink>
  Status dispatchMessage(const Call& call, Sink& sink);
  // One rank alone: the result is its own contribution.
  static void copyOwn(const Call& call);
  Status copyOwnMessages(const std::vector<Call>& calls) const;
  OpTag beginCollective(const OpSignature& signature);

  // supervision.cc: exec::Supervisor.
  void waitsLong(const exec::Operation& operation) override;
  Status mismatch(const exec::Operation& operation) override;
  Status broken(const exec::Operation& operation) override;
  Status timedOut(const exec::Operation& operation, Nanos waited) override;
  Status fail(Status failure, int culprit);
  [[nodiscard]] std::string describeOperation(const exec::Operation& operation) const;
  [[nodiscard]] std::string describePeer(int rank) const;

  // Channel 0 of a pair carries messages (send, recv), channel 1 + k the channel k of schedules.
  static constexpr uint32_t kMessageChannel = 0, kFirstLaneChannel = 1;

  Config config_;
  const int rankCount_;
  const int rank_;
  const std::string name_;
  const uint32_t forkGeneration_;
  ChoiceRules rules_;
  PlanContext planContext_;

  Turn turn_;
  ErrorState errors_;
  OpHistory history_;
  uint32_t sequence_ = 0;
  OpTag openingFor_;  // the operation that first needs the channels that are being opened

  std::unique_ptr<bootstrap::Session> session_;
  std::unique_ptr<SessionConnector> connector_;
  std::unique_ptr<transport::SharedTransport> shared_;
  std::unique_ptr<transport::Transport> network_;
  std::string transportName_;
  size_t messageBytes_ = 0;  // of lane channels, on all ranks
  exec::RunContext runContext_;

  using ChannelKey = std::pair<int, uint32_t>;  // peer, channel
  std::map<ChannelKey, std::unique_ptr<transport::SendChannel>> sendChannels_;
  std::map<ChannelKey, std::unique_ptr<transport::RecvChannel>> recvChannels_;
  // Messages sent to, and received from, each peer.
  std::vector<uint32_t> sentMessages_, receivedMessages_;

  // By collective and size class: 2^(k-1) < bytes <= 2^k. A lane plan depends on the root too.
  std::array<std::array<ReadyPlan, 65>, 5> plans_;
  std::map<std::tuple<Collective, algo::Algorithm, int>, std::unique_ptr<LanePlan>> lanePlans_;

  mutable std::mutex failureMutex_;
  std::string lastFailure_;
};

}  // namespace inccl::comm
