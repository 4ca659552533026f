// Who in this process can be reached from outside: root hubs, members, and the doors to them.
//
// Threading: the service thread's alone.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "bootstrap/unique_id.h"
#include "os/socket_address.h"
#include "wire/handshake_messages.h"

namespace inccl::bootstrap {

class Acceptor;
class Hub;
class Member;
class ServiceThread;

class Directory {
 public:
  // kInvalidUsage when a root with this tag still gathers its ranks here. One that has failed is
  // replaced.
  Status addHub(const wire::Tag& tag, std::shared_ptr<Hub> hub);
  // Nobody can join it any more; nothing when `hub` is not the one that is there.
  void removeHub(const wire::Tag& tag, const Hub* hub);
  [[nodiscard]] std::shared_ptr<Hub> hub(const wire::Tag& tag) const;

  void addMember(const wire::Tag& communicator, int rank, std::shared_ptr<Member> member);
  void removeMember(const wire::Tag& communicator, int rank);
  [[nodiscard]] std::shared_ptr<Member> member(const wire::Tag& communicator, int rank) const;

  // The nonce that a connection for `target` has to prove; nothing when nobody here has that name.
  [[nodiscard]] std::optional<Nonce> nonceOf(wire::Purpose purpose, const wire::Tag& target) const;

  // The process's TCP door on these addresses: the one that is open, or a new one. Doors close with
  // their last holder.
  Result<std::shared_ptr<Acceptor>> tcpDoor(ServiceThread& service,
                                            std::span<const os::SocketAddress> bindTo,
                                            uint16_t portLow, uint16_t portHigh);
  Result<std::shared_ptr<Acceptor>> localDoor(ServiceThread& service);

  // Raises `failure` in every session.
  void failAll(const Status& failure);

 private:
  std::map<wire::Tag, std::shared_ptr<Hub>> hubs_;
  std::map<std::pair<wire::Tag, int>, std::shared_ptr<Member>> members_;
  std::vector<std::weak_ptr<Acceptor>> tcpDoors_;
  std::weak_ptr<Acceptor> localDoor_;
};

}  // namespace inccl::bootstrap
