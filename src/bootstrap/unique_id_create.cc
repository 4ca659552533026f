// Makes an id: a nonce, and a root hub on this process's service thread.
#include "bootstrap/authentication.h"
#include "bootstrap/endpoints.h"
#include "bootstrap/hub.h"
#include "bootstrap/service_thread.h"
#include "bootstrap/unique_id.h"

namespace inccl::bootstrap {

Result<UniqueId> UniqueId::create(const Config& config) {
  INCCL_TRY_ASSIGN(ServiceThread * service, ServiceThread::get());
  UniqueId id;
  INCCL_TRY_ASSIGN(id.nonce, randomNonce());
  INCCL_TRY_ASSIGN(const ListenScope scope, listenScope(config, id.authenticated));
  id.addresses = scope.advertised;
  INCCL_TRY_ASSIGN(id.port, Hub::open(*service, id, config, config.portLow, config.portHigh));
  return id;
}

void UniqueId::withdraw(const UniqueId& id, const Status& reason) {
  if (ServiceThread* const service = ServiceThread::running()) Hub::withdraw(*service, id, reason);
}

}  // namespace inccl::bootstrap
