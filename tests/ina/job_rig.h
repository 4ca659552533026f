// A whole job in memory under a clock of its own: ranks, switch, and a network with faults.
//
// Time goes on by a tick for each round in which all have been served, so a run is a function of
// its seed. A round trip is two ticks.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "ina/integer_operation.h"
#include "ina/shard.h"
#include "ports/faulty_port.h"
#include "ports/memory/memory_port.h"
#include "switch/datapath.h"

namespace inccl::ina {

class JobRig {
 public:
  struct Setting {
    int ranks = 2;
    uint32_t slots = 4;
    size_t payloadBytes = 256;
    ports::FaultRates faults{};
    uint64_t seed = 1;
    pipeline::Profile profile = pipeline::Profile::tofino();
    // What stands between a port and its user (a rank's number, kSwitch); none: nothing does.
    std::function<std::unique_ptr<ports::DatagramPort>(ports::DatagramPort& port, int user)> ears =
        nullptr;
  };
  static constexpr int kSwitch = -1;
  static constexpr uint32_t kSession = 0xabad1dea;
  static constexpr Nanos kTick = 50 * kMicrosecond;

  explicit JobRig(const Setting& setting)
      : setting_(setting), integrity_("of a test", kSession, static_cast<uint32_t>(setting.ranks)) {
    auto loaded = switchml::SwitchMl::load(
        setting.profile,
        {setting.slots, setting.payloadBytes, std::min(setting.profile.mostFanIn, 1023u)});
    EXPECT_TRUE(loaded.ok()) << loaded.status().message();
    program_ = std::move(loaded).value();
    switchPort_ = faulty(0);
    datapath_ = std::make_unique<emulator::Datapath>(heard(*switchPort_, kSwitch), *program_);
    switchml::Job job{kSession, 0, setting.slots, {}};
    for (int rank = 0; rank < setting.ranks; ++rank) {
      ports_.push_back(faulty(static_cast<uint64_t>(rank) + 1));
      job.workers.push_back(ports_.back()->address());
      shards_.push_back(std::make_unique<Shard>(
          heard(*ports_.back(), rank), switchPort_->address(),
          SlotWindow::Shape{kSession, static_cast<uint16_t>(rank),
                            static_cast<uint16_t>(setting.ranks), setting.slots, &integrity_,
                            setting.payloadBytes}));
    }
    const Status admitted = program_->jobs().admit(job);
    EXPECT_TRUE(admitted.ok()) << admitted.message();
  }
  ~JobRig() {
    EXPECT_EQ(program_->pipeline().brokenRules(), 0u) << program_->pipeline().lastBroken();
  }
  JobRig(const JobRig&) = delete;
  JobRig& operator=(const JobRig&) = delete;

  void begin(int rank, AggregatedOperation& operation) {
    shards_[static_cast<size_t>(rank)]->begin(operation, now_);
  }
  // One round; ranks in `asleep` (a bit for each of the first 64) do nothing.
  void turn(uint64_t asleep = 0) {
    for (size_t rank = 0; rank < shards_.size(); ++rank) {
      const bool sleeps = rank < 64 && (asleep >> rank & 1) != 0;
      EXPECT_TRUE(sleeps || shards_[rank]->poll(now_).ok());
    }
    EXPECT_TRUE(!switchRuns_ || datapath_->poll().ok());
    now_ += kTick;
  }
  void turnSwitch() {
    EXPECT_TRUE(!switchRuns_ || datapath_->poll().ok());
    now_ += kTick;
  }
  // Until all are done or one has failed; false when that takes too long.
  bool run(int mostTurns = 200000) {
    for (int i = 0; i < mostTurns; ++i) {
      if (allDone() || anyFailed()) return true;
      turn();
    }
    return false;
  }
  bool allDone() const {
    return std::ranges::all_of(shards_, [](const auto& shard) { return shard->window().done(); });
  }
  bool anyFailed() const {
    return std::ranges::any_of(shards_,
                               [](const auto& shard) { return !shard->window().failure().ok(); });
  }

  const SlotWindow& window(int rank) { return shards_[static_cast<size_t>(rank)]->window(); }
  Shard& shard(int rank) { return *shards_[static_cast<size_t>(rank)]; }
  switchml::SwitchMl& program() { return *program_; }
  ports::FaultyPort& port(int rank) { return *ports_[static_cast<size_t>(rank)]; }
  ports::FaultyPort& switchPort() { return *switchPort_; }
  ports::MemoryNetwork& network() { return *network_; }
  void stopSwitch() { switchRuns_ = false; }
  Nanos now() const { return now_; }
  int ranks() const { return setting_.ranks; }

 private:
  std::unique_ptr<ports::FaultyPort> faulty(uint64_t number) {
    return std::make_unique<ports::FaultyPort>(network_->open(), setting_.faults,
                                               setting_.seed * 1000 + number);
  }
  ports::DatagramPort& heard(ports::FaultyPort& port, int user) {
    if (!setting_.ears) return port;
    return *ears_.emplace_back(setting_.ears(port, user));
  }

  const Setting setting_;
  const Integrity integrity_;
  std::shared_ptr<ports::MemoryNetwork> network_ = ports::MemoryNetwork::create();
  std::unique_ptr<switchml::SwitchMl> program_;
  std::unique_ptr<ports::FaultyPort> switchPort_;
  std::vector<std::unique_ptr<ports::DatagramPort>> ears_;
  std::unique_ptr<emulator::Datapath> datapath_;
  std::vector<std::unique_ptr<ports::FaultyPort>> ports_;
  std::vector<std::unique_ptr<Shard>> shards_;
  bool switchRuns_ = true;
  Nanos now_ = kSecond;
};

}  // namespace inccl::ina
