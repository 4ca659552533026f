// The doors of this process that a session needs open: TCP for data, local for descriptors.
#pragma once

#include <memory>
#include <string>

#include "base/config.h"
#include "base/status.h"
#include "bootstrap/service_thread.h"
#include "wire/control_messages.h"

namespace inccl::bootstrap {

class Acceptor;

struct Doors : Disposable {
  std::shared_ptr<Acceptor> tcp;
  std::shared_ptr<Acceptor> local;
  wire::Endpoints endpoints;  // what peers are told

  // Any thread but the service thread. May be let go on any thread: acceptors close on the service
  // thread.
  static Result<std::shared_ptr<Doors>> open(ServiceThread& service, const Config& config,
                                             bool authenticated);
  // "10.0.0.7:5000 [fd00::7]:5000"
  [[nodiscard]] std::string describe() const;
};

}  // namespace inccl::bootstrap
