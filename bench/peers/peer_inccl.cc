// INCCL as a contestant: the public header and the shared library, as any user's program.
//
// Its unique id travels through the meeting point's mailbox; settings come from the environment,
// which the driver passes on (--env inccl:INCCL_ALGO=ring).
#include <inccl/inccl.h>

#include <memory>
#include <string>

#include "harness/die.h"
#include "harness/run_peer.h"

namespace {

using inccl::peers::die;
using inccl::peers::MeetingPoint;

class IncclPeer final : public inccl::peers::Peer {
 public:
  explicit IncclPeer(MeetingPoint& ranks) {
    incclUniqueId id{};
    static_assert(sizeof(id) <= inccl::peers::kMailboxBytes);
    if (ranks.rank() == 0) {
      requireSuccess("incclGetUniqueId", incclGetUniqueId(&id));
      ranks.leaveInMailbox(&id, sizeof(id));
    } else {
      ranks.takeFromMailbox(&id, sizeof(id));
    }
    requireSuccess("incclCommInitRank", incclCommInitRank(&comm_, ranks.ranks(), id, ranks.rank()));
  }

  ~IncclPeer() override { (void)incclCommDestroy(comm_); }

  bool allReduce(float* data, size_t count) override {
    return incclAllReduce(data, data, count, incclFloat32, incclSum, comm_, nullptr) ==
           incclSuccess;
  }
  bool broadcast(float* data, size_t count) override {
    return incclBroadcast(data, data, count, incclFloat32, 0, comm_, nullptr) == incclSuccess;
  }
  bool allGather(const float* sent, float* received, size_t count) override {
    return incclAllGather(sent, received, count, incclFloat32, comm_, nullptr) == incclSuccess;
  }
  bool reduceScatter(const float* sent, float* received, size_t count) override {
    return incclReduceScatter(sent, received, count, incclFloat32, incclSum, comm_, nullptr) ==
           incclSuccess;
  }
  bool allToAll(const float* sent, float* received, size_t count) override {
    return incclAlltoAll(sent, received, count, incclFloat32, comm_, nullptr) == incclSuccess;
  }
  bool reduce(const float* sent, float* received, size_t count) override {
    return incclReduce(sent, received, count, incclFloat32, incclSum, 0, comm_, nullptr) ==
           incclSuccess;
  }
  bool barrier() override { return incclBarrier(comm_, nullptr) == incclSuccess; }

  std::string version() const override {
    int version = 0;
    requireSuccess("incclGetVersion", incclGetVersion(&version));
    std::string text = "INCCL " + std::to_string(version / 10000) + '.' +
                       std::to_string(version / 100 % 100) + '.' + std::to_string(version % 100);
    char plan[256] = "";
    if (incclCommGetPlan(comm_, "all_reduce", 8, plan, sizeof(plan)) == incclSuccess) {
      text += std::string(" (all_reduce of 8 B: ") + plan + ')';
    }
    return text;
  }
  std::string lastError() const override { return incclGetLastError(comm_); }

  void* allocate(size_t bytes) override {
    void* memory = nullptr;
    return incclMemAlloc(&memory, bytes) == incclSuccess ? memory : nullptr;
  }
  void release(void* memory) override { (void)incclMemFree(memory); }

 private:
  static void requireSuccess(const char* call, incclResult_t result) {
    if (result == incclSuccess) return;
    die(std::string(call) + ": " + incclGetErrorString(result) + ", " + incclGetLastError(nullptr));
  }

  incclComm_t comm_ = INCCL_COMM_NULL;
};

}  // namespace

int main(int argc, char** argv) {
  return inccl::peers::runPeer(argc, argv, [](MeetingPoint& ranks, const std::string&) {
    return std::make_unique<IncclPeer>(ranks);
  });
}
