// A library that exists only to be compared in tests: right and slow by nature, or wrong, dead,
// silent, leaky on demand. Its ranks share one file, so they may be threads or processes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "peers/harness/meeting_point.h"
#include "peers/harness/peer.h"

namespace inccl::peers {

enum class Fault {
  kNone,
  kWrongSum,      // one element is off by one
  kSkipped,       // the last element is never written
  kLeakyBarrier,  // lets everybody through at once
  kSlow,          // two milliseconds a call
  kError,         // the call reports an error
  kDeath,         // rank 1 ends in a call
  kSilence,       // rank 1 never returns from a call
};

// none, wrong, skipped, leaky, slow, error, death, silence.
[[nodiscard]] std::optional<Fault> faultNamed(std::string_view name);

class FakePeer final : public Peer {
 public:
  // The ranks meet in `path`, another file than the harness's. At most kMaxBytes a rank.
  FakePeer(const std::string& path, int rank, int ranks, Fault fault);
  ~FakePeer() override;

  static constexpr size_t kMaxBytes = 64 << 10;

  bool allReduce(float* data, size_t count) override;
  bool broadcast(float* data, size_t count) override;
  bool allGather(const float* sent, float* received, size_t count) override;
  bool reduceScatter(const float* sent, float* received, size_t count) override;
  bool allToAll(const float* sent, float* received, size_t count) override;
  bool reduce(const float* sent, float* received, size_t count) override;
  bool barrier() override;
  std::string version() const override { return "fake 1.0\nof no worth"; }
  std::string lastError() const override { return "it was told to fail"; }

 private:
  [[nodiscard]] bool misbehave();
  [[nodiscard]] float* vectorOf(int rank) const;
  void share(const float* data, size_t count);
  // Over all ranks' shared vectors.
  [[nodiscard]] float sumAt(size_t i) const;
  [[nodiscard]] size_t written(size_t count) const {
    return fault_ == Fault::kSkipped ? count - 1 : count;
  }

  MeetingPoint meeting_;
  Fault fault_;
  float* shared_ = nullptr;
};

}  // namespace inccl::peers
