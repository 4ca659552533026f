#include "bootstrap/doors.h"

#include <algorithm>
#include <span>

#include "bootstrap/acceptor.h"
#include "bootstrap/endpoints.h"

namespace inccl::bootstrap {
namespace {

constexpr size_t kAddressesTold = 32;  // what Peer::endpoints has room for

}  // namespace

Result<std::shared_ptr<Doors>> Doors::open(ServiceThread& service, const Config& config,
                                           bool authenticated) {
  INCCL_TRY_ASSIGN(const ListenScope scope, listenScope(config, authenticated));
  const std::shared_ptr<Doors> doors(new Doors, [&service](Doors* gone) { service.dispose(gone); });
  INCCL_TRY(service.call(
      [&service, doors, scope, low = config.portLow, high = config.portHigh]() -> Status {
        Directory& directory = service.directory();
        INCCL_TRY_ASSIGN(doors->tcp, directory.tcpDoor(service, scope.bindTo, low, high));
        INCCL_TRY_ASSIGN(doors->local, directory.localDoor(service));
        return {};
      }));
  const size_t told = std::min(scope.advertised.size(), kAddressesTold);
  for (const os::SocketAddress& address : std::span(scope.advertised).first(told))
    doors->endpoints.addresses.push_back(toWire(address, doors->tcp->port()));
  doors->endpoints.localName = service.localName();
  return doors;
}

std::string Doors::describe() const {
  std::string text;
  for (const wire::Address& address : endpoints.addresses) {
    if (!text.empty()) text += ' ';
    text += fromWire(address).describe();
  }
  return text;
}

}  // namespace inccl::bootstrap
