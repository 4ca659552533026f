// What networks do to datagrams, on purpose and repeatably: around any port.
//
// Faults are dice thrown for each datagram that arrives, from one seed, so that a run can be
// repeated. A datagram may be lost, come twice, come late (behind up to `reorderBy` later ones), or
// come changed (one bit) or cut short. Each fault is counted. What arrives is treated and not what
// is sent, so two ports that are wrapped have faults in both directions.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "ports/datagram_port.h"

namespace inccl::ports {

// Probabilities from 0 to 1, each on its own.
struct FaultRates {
  double loss = 0;
  double duplication = 0;
  double reordering = 0;
  double corruption = 0;
  double truncation = 0;
  uint32_t reorderBy = 8;  // datagrams that overtake, at most

  [[nodiscard]] bool any() const {
    return loss > 0 || duplication > 0 || reordering > 0 || corruption > 0 || truncation > 0;
  }
};

// From some moment on nothing passes between this port and one other, in one direction or in both:
// a link that is dark for some and not for all.
struct Blackout {
  enum class Direction { kNone, kArriving, kLeaving, kBoth };
  Direction direction = Direction::kNone;
  // Who sends the first datagram after so many is in the dark.
  uint64_t after = 0;
};

struct FaultCounts {
  uint64_t lost = 0, duplicated = 0, reordered = 0, corrupted = 0, truncated = 0, blackedOut = 0,
           passed = 0;
};

class FaultyPort final : public DatagramPort {
 public:
  FaultyPort(std::unique_ptr<DatagramPort> port, const FaultRates& rates, uint64_t seed)
      : port_(std::move(port)), rates_(rates), random_(seed) {}

  [[nodiscard]] std::string_view name() const override { return port_->name(); }
  [[nodiscard]] const os::SocketAddress& address() const override { return port_->address(); }
  [[nodiscard]] size_t mostBytes() const override { return port_->mostBytes(); }
  [[nodiscard]] int waitDescriptor() const override { return port_->waitDescriptor(); }
  Result<size_t> send(std::span<const OutgoingDatagram> batch) override;
  Result<size_t> receive(std::span<IncomingDatagram> batch) override;

  [[nodiscard]] const FaultCounts& counts() const { return counts_; }
  void setRates(const FaultRates& rates) { rates_ = rates; }
  void setBlackout(const Blackout& blackout) { blackout_ = blackout; }

 private:
  struct Waiting {
    os::SocketAddress from;
    std::vector<std::byte> bytes;
    uint64_t due = 0;  // the arrival after which it may go on
  };
  [[nodiscard]] bool isDark(const os::SocketAddress& peer, Blackout::Direction direction) const {
    return inTheDark_ && peer == *inTheDark_ &&
           (blackout_.direction == direction || blackout_.direction == Blackout::Direction::kBoth);
  }
  bool chance(double probability) { return probability > 0 && dice_(random_) < probability; }
  void arrive(const IncomingDatagram& datagram);
  void spoil(std::vector<std::byte>& bytes);

  std::unique_ptr<DatagramPort> port_;
  FaultRates rates_;
  Blackout blackout_;
  std::optional<os::SocketAddress> inTheDark_;
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> dice_{0, 1};
  FaultCounts counts_;
  uint64_t arrivals_ = 0;
  std::deque<Waiting> waiting_;
  std::vector<Waiting> held_;  // what the last receive() handed out
};

}  // namespace inccl::ports
