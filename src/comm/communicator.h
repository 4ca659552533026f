// A communicator: one rank's view of a group of ranks, from creation to the last farewell.
//
// It owns what an operation needs (session, transports, channels, plans) and decides every error.
// An operation passes through here as: turn → sequence and signature → plan → kernel, which runs on
// the caller's thread (exec/runner.h). What the data path touches is ready before: plans are chosen
// and channels opened at the first operation that needs them, never again.
//
// Threads: collective calls take turns (Turn). Once create() has succeeded, abort() and
// asyncError() may come from any thread at any time, also while leave() still lingers.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/config.h"
#include "base/error_state.h"
#include "base/op_history.h"
#include "bootstrap/session.h"
#include "comm/call.h"
#include "comm/call_settings.h"
#include "comm/own_operations.h"
#include "comm/plan.h"
#include "comm/plan_table.h"
#include "comm/session_connector.h"
#include "comm/setup_files.h"
#include "comm/stream.h"
#include "comm/turn.h"
#include "exec/message.h"
#include "exec/runner.h"
#include "ina/aggregation.h"
#include "ina/float_operation.h"
#include "schedule/chunk_lengths.h"
#include "transport/shared_transport.h"

namespace inccl::comm {

class Communicator final : private exec::Supervisor {
 public:
  // Not usable before create() has succeeded.
  static std::unique_ptr<Communicator> make(int rankCount, int rank, Config config,
                                            std::string commName);
  // Before create(): calls that would block are issued to a stream of the communicator's own.
  Status makeNonBlocking();
  // Meets the other ranks and prepares what all operations share. Blocks, as Session::join.
  Status create(const bootstrap::UniqueId& id);
  ~Communicator() override;

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int rankCount() const { return rankCount_; }
  [[nodiscard]] const Config& config() const { return config_; }
  // What sticks to the communicator; before anything does, the newest failure of a call.
  [[nodiscard]] std::string lastFailure() const;
  void noteFailure(const Status& failure);
  // "shm half half 0123456789abcdef" for a collective of `bytes` per rank.
  Result<std::string> describePlan(std::string_view collectiveName, size_t bytes);
  Result<uint64_t> planId(std::string_view collectiveName, size_t bytes);

  // kInvalidUsage in a child that was forked from the process that made this. Takes no lock, since
  // a thread that the child does not have may hold it: to be asked before anything else.
  [[nodiscard]] Status usableHere() const;
  // Checks everything about `call` that this communicator can judge (rank numbers).
  Status validate(const Call& call) const;
  // Operations of the caller's, see own_operations.h.
  Result<int> createPreMulSum(DataType type, const void* factor) {
    return ownOperations_.createPreMulSum(type, factor);
  }
  Status destroyOperation(int operation) { return ownOperations_.destroy(operation); }
  Status resolveOperation(Call& call) const { return ownOperations_.resolve(call); }
  // What a call selects for itself, see call_settings.h.
  Result<const CallSettings*> settings(const WantedSettings& wanted) {
    return internedSettings_.find(wanted);
  }
  // One operation, now, on this thread; in its turn, or by a caller who has it.
  Status run(const Call& call);
  Status runInTurn(const Call& call);

  // The calls of one group: a queue of collectives in order, and one of the messages of each pair
  // and direction.
  Status makeQueues(const std::vector<Call>& calls, std::vector<exec::OperationQueue>& queues);
  // Everything begun so far is over: nobody is waited for any more.
  void endOperations() { history_.end(sequence_); }
  // A call could not even begin, or not be driven to its end, for want of memory: peers may wait
  // for it, so the communicator has failed.
  Status outOfMemory() { return fail(systemError("out of memory", ENOMEM), -1); }
  [[nodiscard]] Turn& turn() { return turn_; }

  // Empty for a communicator that blocks.
  [[nodiscard]] const StreamRef& ownStream() const { return ownStream_; }
  // Work that was issued to it: what asyncError() calls in progress, and how it ended.
  void beginPending() { pending_.fetch_add(1); }
  void endPending(const Status& status);
  // The error that sticks, else kInProgress, else the first failure since this was last asked.
  [[nodiscard]] Status asyncError();

  // split.cc: collective, in turn. Where this rank is in the part of `color`; nowhere below 0.
  struct SplitPlace {
    bootstrap::UniqueId id;
    int rank = -1;
    int rankCount = 0;
  };
  Result<std::optional<SplitPlace>> split(int color, int key);
  // No calls any more from now on; then, in turn, waits until all ranks have said so.
  void closeForCalls() { closedForCalls_.store(true); }
  Status awaitOthersEnd();
  // Memory that the application will use often: a number for it, which is all that host memory
  // needs.
  uintptr_t registerMemory();
  Status deregisterMemory(uintptr_t number);

  // Ends every wait at once, and the peers see this rank die, whoever still holds the communicator.
  // It is not used for anything afterwards. False when it had ended before, by this or by leave().
  bool abort();
  // Says goodbye to the peers. A call that comes later all the same (another thread's open group
  // may hold one) is an error.
  void leave();

 private:
  Communicator(Config config, int rankCount, int rank, std::string name);
  Status meet(const bootstrap::UniqueId& id);
  void sayGoodbye();

  // split.cc
  struct SplitWish;
  Result<std::optional<SplitPlace>> placeInSplit(int color, const std::vector<SplitWish>& wishes);
  Status failSplit(Status failure);

  // connect.cc: who shares memory, and by what the others are reached, all until one deadline.
  // What all ranks agreed on, in contrast to a failure to agree.
  struct Verdict {
    Status status;
  };
  Status join(const bootstrap::UniqueId& id, Deadline deadline);
  Status connect(Deadline deadline);
  Result<Verdict> shareMemory(bool byThreads, const std::vector<int>& members, Deadline deadline);
  Result<Verdict> agree(const Status& mine, Deadline deadline);
  Result<bool> agreeOnResources(const std::vector<int>& members, Deadline deadline);
  Status useFiles(SetupFiles files);
  Status preferAddresses(const topo::Topology& topology);
  [[nodiscard]] std::vector<int> hostMembers() const;
  transport::Transport& transportTo(int peer);

  // in_network.cc
  Status joinSwitch(Deadline deadline);
  Result<bool> switchStep(const Status& mine, Deadline deadline);
  void openRepair();
  void awaitOthersResults();
  ReadyPlan* switchPlan(const Call& call);
  [[nodiscard]] bool isStrict() const {
    return config_.determinism == Config::Determinism::kStrict;
  }
  static Status checkStrict(const OpSignature& signature);
  // Floats that are added, in contrast to floats that are only carried.
  static bool summedAsFloats(const OpSignature& signature) {
    return signature.type == DataType::kFloat32 && reduces(signature.collective);
  }
  [[nodiscard]] std::string_view whyNotTheSwitch(const Call& call) const;

  // plans.cc
  Result<ReadyPlan*> readyPlan(const Call& call);
  ReadyPlan& planSlot(const Call& call);
  Result<LanePlan*> lanePlan(const Plan& plan, Collective collective, int root,
                             schedule::BlockLengths lengths);
  // The plan of a collective by its name; nothing where none is needed (messages, one rank).
  Result<std::optional<Plan>> planFor(std::string_view collectiveName, size_t bytes);
  // `settings` may be nullptr.
  Result<Plan> choose(Collective collective, size_t bytes, const CallSettings* settings) const;
  // A v-collective as one operation; else block by block.
  [[nodiscard]] bool runsAtOnce(const ReadyPlan& plan) const {
    return rankCount_ > 1 && plan.plan.kernel == Kernel::kLanes;
  }
  ReadyPlan* planFromFile(const OpSignature& signature, size_t bytes);
  Status openLanes(LanePlan& plan);
  Result<transport::SendChannel*> sendChannel(int peer, uint32_t channel);
  Result<transport::RecvChannel*> recvChannel(int peer, uint32_t channel);

  // dispatch.h: `sink` makes the operation of a call and runs or keeps it.
  struct RunNow;
  struct Collect;
  class WithoutSwitch;
  Status queueCollectives(const std::vector<Call>& calls, exec::OperationQueue queue,
                          std::vector<exec::OperationQueue>& queues);
  Status runWith(const Call& call, const exec::RunContext& context);
  template <typename Sink>
  Status dispatch(const Call& call, Sink& sink);
  template <typename Sink>
  Status dispatchCollective(const Call& call, OpTag tag, const ReadyPlan& ready, Sink& sink);
  template <typename Sink>
  Status dispatchBlockByBlock(const Call& call, Sink& sink);
  [[nodiscard]] ina::FloatCall floatCall(const Call& call, OpTag tag) const;
  template <typename Sink>
  Status dispatchFixedPoint(const Call& call, OpTag tag, Sink& sink);
  template <typename Sink>
  Status dispatchSwitch(const Call& call, OpTag tag, Sink& sink);
  template <typename Sink>
  Status dispatchShared(const Call& call, OpTag tag, const Plan& plan, Sink& sink);
  template <typename Sink>
  Status dispatchTiny(const Call& call, OpTag tag, Sink& sink);
  template <typename Sink>
  Status dispatchRead(const Call& call, OpTag tag, Sink& sink);
  template <typename Sink>
  Status dispatchAllReduce(const Call& call, OpTag tag, const Plan& plan, Sink& sink);
  template <typename Sink>
  Status dispatchBlocks(const Call& call, OpTag tag, Sink& sink);
  template <typename Sink>
  Status dispatchPublishers(const Call& call, OpTag tag, Sink& sink);
  template <typename Sink>
  Status dispatchLanes(const Call& call, OpTag tag, LanePlan& lanes, Sink& sink);
  Status openAnySources();
  template <typename Sink>
  Status dispatchAnySource(const Call& call, uint32_t digest, Sink& sink);
  template <typename Sink>
  Status dispatchMessage(const Call& call, Sink& sink);
  // One rank alone: the result is its own contribution.
  static void copyOwn(const Call& call);
  static Status checkReceives(const std::vector<Call>& calls);
  Status copyOwnMessages(const std::vector<Call>& calls) const;
  OpTag beginCollective(const Call& call);
  // The context of calls of which one has a time limit of its own.
  [[nodiscard]] exec::RunContext contextOf(Nanos timeLimit) const;

  // supervision.cc: exec::Supervisor.
  Status waitsLong(const exec::Operation& operation) override;
  Status deserted(const exec::Operation& operation, Status farewell) override;
  Status mismatch(const exec::Operation& operation) override;
  Status broken(const exec::Operation& operation) override;
  Status timedOut(const exec::Operation& operation, Nanos waited) override;
  Status whetherAllLeft();
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
  std::atomic<bool> ended_{false};    // left or aborted
  std::atomic<bool> created_{false};  // create() is over, well or not
  std::atomic<bool> closedForCalls_{false};
  StreamRef ownStream_;
  std::atomic<uint32_t> pending_{0};
  OpHistory history_;
  OwnOperations ownOperations_;
  uint32_t sequence_ = 0;

  std::unique_ptr<bootstrap::Session> session_;
  std::unique_ptr<SessionConnector> connector_;
  std::unique_ptr<transport::SharedTransport> shared_;
  std::unique_ptr<transport::Transport> network_;
  std::unique_ptr<ina::Aggregation> aggregation_;  // where all ranks are at a switch
  std::string nonce_;                              // of the unique id: what only our ranks know
  std::string transportName_;
  size_t messageBytes_ = 0;  // of lane channels, on all ranks
  exec::RunContext runContext_;

  using ChannelKey = std::pair<int, uint32_t>;  // peer, channel
  std::map<ChannelKey, std::unique_ptr<transport::SendChannel>> sendChannels_;
  std::map<ChannelKey, std::unique_ptr<transport::RecvChannel>> recvChannels_;
  std::unique_ptr<std::byte[]> fusionRoom_;  // made at the first calls that go together
  // Whom a receive from any source looks at; made at the first.
  std::vector<exec::RecvAnyOperation::Source> anySources_;
  // Messages sent to, and received from, each peer.
  std::vector<uint32_t> sentMessages_, receivedMessages_;

  PlanTable plans_;
  std::array<ReadyPlan, kCollectiveCount> switchPlans_;
  ina::FloatRoom floatRoom_;
  bool switchRefusalSaid_ = false;
  // A lane plan depends on the root too.
  std::map<std::tuple<Collective, algo::Algorithm, int, schedule::BlockLengths>,
           std::unique_ptr<LanePlan>>
      lanePlans_;
  InternedSettings internedSettings_;
  // Of calls that select, by selection, collective and size class.
  std::map<std::tuple<const CallSettings*, Collective, size_t>, ReadyPlan> settingsPlans_;
  std::vector<PlanFile> planFiles_;   // the same on all ranks
  std::vector<ReadyPlan> filePlans_;  // by plan file
  std::map<const PlanFile*, std::unique_ptr<LanePlan>> fileLanePlans_;

  mutable std::mutex failureMutex_;
  std::string lastFailure_;
  Status pendingFailure_;
  std::mutex registeredMutex_;
  std::set<uintptr_t> registered_;
  uintptr_t nextRegistered_ = 1;
};

}  // namespace inccl::comm
