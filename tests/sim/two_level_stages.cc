#include "two_level_stages.h"

#include "schedule/builder.h"

namespace inccl::sim {
namespace {

using schedule::input;
using schedule::LaneBuilder;
using schedule::output;
using schedule::ScheduleBuilder;
using schedule::StepRef;

// The steps of one rank. Every message waits for all of the step before, as the formula does.
class StagedRank {
 public:
  StagedRank(ScheduleBuilder& builder, int hosts, int perHost, int host, int place)
      : builder_(builder), hosts_(hosts), perHost_(perHost), host_(host), place_(place) {}

  void add() {
    for (int step = 0; step < perHost_ - 1; ++step)
      insideStep(place_ - step, place_ - step - 1, true);
    mine_ = (place_ + 1) % perHost_;
    for (int step = 0; step < hosts_ - 1; ++step) betweenStep(host_ - step, host_ - step - 1, true);
    for (int step = 0; step < hosts_ - 1; ++step)
      betweenStep(host_ + 1 - step, host_ - step, false);
    for (int step = 0; step < perHost_ - 1; ++step)
      insideStep(place_ + 1 - step, place_ - step, false);
  }

 private:
  [[nodiscard]] uint32_t chunk(int shard, int part) const {
    return static_cast<uint32_t>(wrap(shard, perHost_) * hosts_ + wrap(part, hosts_));
  }
  static int wrap(int i, int n) { return (i % n + n) % n; }
  [[nodiscard]] int rankAt(int host, int place) const {
    return wrap(host, hosts_) * perHost_ + wrap(place, perHost_);
  }

  // Sending and receiving are lanes of their own: a channel need not hold a whole shard.
  [[nodiscard]] LaneBuilder sender(uint32_t channel, int to) {
    return builder_.lane(rankAt(host_, place_), channel, to);
  }
  [[nodiscard]] LaneBuilder receiver(uint32_t channel, int from) {
    return builder_.lane(rankAt(host_, place_), channel, -1, from);
  }

  void insideStep(int sent, int received, bool sums) {
    LaneBuilder::After done;
    for (int part = 0; part < hosts_; ++part)
      done.push_back(send(0, rankAt(host_, place_ + 1), chunk(sent, part)));
    for (int part = 0; part < hosts_; ++part)
      done.push_back(receive(0, rankAt(host_, place_ - 1), chunk(received, part), sums));
    before_ = std::move(done);
    written_ = true;
  }

  void betweenStep(int sent, int received, bool sums) {
    const StepRef gone = send(1, rankAt(host_ + 1, place_), chunk(mine_, sent));
    before_ = {gone, receive(1, rankAt(host_ - 1, place_), chunk(mine_, received), sums)};
    written_ = true;
  }

  // Sending and receiving are lanes of their own: a channel need not hold a whole shard.
  StepRef send(uint32_t channel, int to, uint32_t index) {
    LaneBuilder lane = builder_.lane(rankAt(host_, place_), channel, to);
    return lane.send(written_ ? output(index) : input(index), before_);
  }
  StepRef receive(uint32_t channel, int from, uint32_t index, bool sums) {
    LaneBuilder lane = builder_.lane(rankAt(host_, place_), channel, -1, from);
    // Inside, sums are made of the input; between hosts, of what was summed inside.
    const bool fromInput = mine_ < 0 || perHost_ == 1;
    return sums ? lane.recvReduceCopy(fromInput ? input(index) : output(index), output(index),
                                      before_)
                : lane.recv(output(index), before_);
  }

  ScheduleBuilder& builder_;
  const int hosts_, perHost_, host_, place_;
  int mine_ = -1;         // the shard summed here
  bool written_ = false;  // whether what is sent lies in the output by now
  LaneBuilder::After before_;
};

}  // namespace

Result<schedule::Schedule> twoLevelStages(int hosts, int perHost) {
  ScheduleBuilder builder("two_level_stages", Collective::kAllReduce, hosts * perHost);
  const auto chunks = static_cast<uint32_t>(hosts * perHost);
  builder.chunks(chunks, chunks);
  for (int host = 0; host < hosts; ++host) {
    for (int place = 0; place < perHost; ++place)
      StagedRank(builder, hosts, perHost, host, place).add();
  }
  return std::move(builder).build();
}

}  // namespace inccl::sim
