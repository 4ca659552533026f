#include "bootstrap/directory.h"

#include <algorithm>
#include <limits>

#include "bootstrap/acceptor.h"
#include "bootstrap/hub.h"
#include "bootstrap/member.h"
#include "bootstrap/service_thread.h"
#include "os/unix_socket.h"

namespace inccl::bootstrap {

Status Directory::addHub(const wire::Tag& tag, std::shared_ptr<Hub> hub) {
  const auto found = hubs_.find(tag);
  if (found != hubs_.end()) {
    if (!found->second->hasFailed())
      return invalidUsage(
          "the root of another communicator of this launch still waits for its ranks");
    found->second->dismiss();
  }
  hubs_[tag] = std::move(hub);
  return {};
}

void Directory::removeHub(const wire::Tag& tag, const Hub* hub) {
  const auto found = hubs_.find(tag);
  if (found != hubs_.end() && found->second.get() == hub) hubs_.erase(found);
}

std::shared_ptr<Hub> Directory::hub(const wire::Tag& tag) const {
  const auto found = hubs_.find(tag);
  return found == hubs_.end() ? nullptr : found->second;
}

void Directory::addMember(const wire::Tag& communicator, int rank, std::shared_ptr<Member> member) {
  members_[{communicator, rank}] = std::move(member);
}

void Directory::removeMember(const wire::Tag& communicator, int rank) {
  members_.erase({communicator, rank});
}

std::shared_ptr<Member> Directory::member(const wire::Tag& communicator, int rank) const {
  const auto found = members_.find({communicator, rank});
  return found == members_.end() ? nullptr : found->second;
}

std::optional<Nonce> Directory::nonceOf(wire::Purpose purpose, const wire::Tag& target) const {
  if (purpose == wire::Purpose::kControl) {
    const auto found = hub(target);
    return found ? std::optional(found->nonce()) : std::nullopt;
  }
  const auto first = members_.lower_bound({target, std::numeric_limits<int>::min()});
  if (first == members_.end() || first->first.first != target) return std::nullopt;
  return first->second->nonce();
}

Result<std::shared_ptr<Acceptor>> Directory::tcpDoor(ServiceThread& service,
                                                     std::span<const os::SocketAddress> bindTo,
                                                     uint16_t portLow, uint16_t portHigh) {
  std::erase_if(tcpDoors_, [](const auto& door) { return door.expired(); });
  for (const auto& weak : tcpDoors_) {
    const auto door = weak.lock();
    if (!std::ranges::equal(door->addresses(), bindTo)) continue;
    if (portLow == 0 || (portLow <= door->port() && door->port() <= portHigh)) return door;
  }
  INCCL_TRY_ASSIGN(os::Listener listener, os::Listener::open(bindTo, portLow, portHigh));
  INCCL_TRY_ASSIGN(std::shared_ptr<Acceptor> door,
                   Acceptor::openTcp(service, {bindTo.begin(), bindTo.end()}, std::move(listener)));
  tcpDoors_.push_back(door);
  return door;
}

Result<std::shared_ptr<Acceptor>> Directory::localDoor(ServiceThread& service) {
  if (auto door = localDoor_.lock()) return door;
  INCCL_TRY_ASSIGN(os::UniqueFd fd, os::listenAbstract(service.localName()));
  INCCL_TRY_ASSIGN(std::shared_ptr<Acceptor> door, Acceptor::openLocal(service, std::move(fd)));
  localDoor_ = door;
  return door;
}

void Directory::failAll(const Status& failure) {
  for (const auto& [key, member] : members_) member->fail(failure);
}

}  // namespace inccl::bootstrap
