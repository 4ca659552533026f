// Asking a switch's controller for slots: the side of switch/controller/control_server.h.
// Used at creation: one rank joins for its job, the others attach to what it got. Then it is kept,
// as the job lives as long as one of these connections. Blocking, with deadlines; nothing of it is
// on the data path.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "os/socket_address.h"
#include "os/stream_socket.h"
#include "os/unique_fd.h"
#include "wire/sealed_frame.h"
#include "wire/switch_messages.h"

namespace inccl::ina {

class SwitchClient {
 public:
  // `where` is "host:port". A token that the switch does not share is an error that says so.
  static Result<std::unique_ptr<SwitchClient>> connect(const std::string& where,
                                                       const std::string& token,
                                                       const os::WaitLimit& limit);

  // The switch's address, with the controller's port.
  [[nodiscard]] const os::SocketAddress& address() const { return address_; }
  Result<wire::SwitchGrant> join(const wire::JoinSwitch& request, const os::WaitLimit& limit);
  Status attach(uint32_t session, const os::WaitLimit& limit);
  Result<wire::SwitchGrant> newEpoch(const os::WaitLimit& limit);
  // What the switch has counted so far, over all jobs.
  Result<wire::CounterList> counters(const os::WaitLimit& limit);
  Status leave(const os::WaitLimit& limit);

 private:
  SwitchClient(os::UniqueFd fd, os::SocketAddress address, const wire::SealKeys& keys)
      : fd_(std::move(fd)),
        address_(address),
        writing_(keys.fromClient),
        reading_(keys.fromSwitch) {}
  Result<std::vector<std::byte>> ask(std::span<const std::byte> request,
                                     const os::WaitLimit& limit);
  Result<wire::SwitchGrant> askForGrant(std::span<const std::byte> request,
                                        const os::WaitLimit& limit);

  const os::UniqueFd fd_;
  const os::SocketAddress address_;
  wire::Seal writing_, reading_;
};

// The address of this machine from which datagrams to `peer` leave, with port 0.
Result<os::SocketAddress> localAddressTowards(const os::SocketAddress& peer);

}  // namespace inccl::ina
