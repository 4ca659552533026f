// A communicator's place at a switch: its port, its slots, and the connection that keeps them.
//
// Made in steps, between which the ranks tell each other how it went (comm/in_network.cc): all are
// in, or the switch is not used. open() finds the way to the switch and the address that this
// rank's datagrams leave from; one rank join()s with all addresses; the others attach() to what it
// was granted; reach() asks the switch by a datagram and waits for its answer, so that a path that
// is closed to UDP is found at creation and not by silence later.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "ina/integrity.h"
#include "ina/repair_coordinator.h"
#include "ina/repair_desk.h"
#include "ina/shard.h"
#include "ina/switch_client.h"
#include "os/stream_socket.h"
#include "ports/udp/udp_port.h"
#include "wire/switch_messages.h"

namespace inccl::ina {

class Aggregation {
 public:
  static constexpr uint32_t kWantedSlots = 512;

  static Result<std::unique_ptr<Aggregation>> open(const std::string& where,
                                                   const std::string& token,
                                                   const os::WaitLimit& limit);
  // "10.0.0.1:4711": where this rank's datagrams come from.
  [[nodiscard]] std::string workerAddress() const { return port_->address().describe(); }

  // By addresses in the order of ranks.
  Result<wire::SwitchGrant> join(const std::string& job, const std::vector<std::string>& workers,
                                 const os::WaitLimit& limit);
  Status attach(const wire::SwitchGrant& grant, const os::WaitLimit& limit);
  // After join() or attach(). `secret`: what the ranks share and the switch does not know.
  Status reach(const wire::SwitchGrant& grant, int rank, int rankCount, std::string_view secret,
               const os::WaitLimit& limit);

  // After reach(), before the ranks agree that all are in: what repairs an epoch. `post` sends a
  // note; those that come go to onNote(), on one thread.
  void openRepair(int rank, int rankCount, const PostNote& post);
  void onNote(int from, std::span<const std::byte> note);

  // After that.
  [[nodiscard]] Shard& shard() { return *shard_; }
  [[nodiscard]] RepairDesk& desk() { return *desk_; }
  [[nodiscard]] const RepairDesk& desk() const { return *desk_; }
  [[nodiscard]] size_t payloadBytes() const { return grant_.payloadBytes; }
  [[nodiscard]] uint32_t slots() const { return grant_.slots; }
  [[nodiscard]] int waitDescriptor() const { return port_->waitDescriptor(); }
  [[nodiscard]] std::string describe() const;

 private:
  Aggregation(std::unique_ptr<SwitchClient> client, std::unique_ptr<ports::UdpPort> port)
      : client_(std::move(client)), port_(std::move(port)) {}
  Status probe(const wire::SwitchGrant& grant, int rank);

  std::unique_ptr<SwitchClient> client_;
  std::unique_ptr<ports::UdpPort> port_;
  os::SocketAddress data_;  // of the switch
  std::unique_ptr<Integrity> integrity_;
  std::unique_ptr<Shard> shard_;
  std::unique_ptr<RepairDesk> desk_;
  std::unique_ptr<RepairCoordinator> coordinator_;  // of rank 0
  wire::SwitchGrant grant_;
};

}  // namespace inccl::ina
