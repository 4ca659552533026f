// What this machine is called, and what makes two processes be "on the same host".
//
// Two processes can share memory when they run under one kernel boot and can pass descriptors over
// an abstract Unix socket, which belongs to a network namespace. A host name says neither: clones
// share names, containers of one machine do not.
#pragma once

#include <string>

namespace inccl::os {

// For messages; "unknown-host" when the system does not say.
std::string hostName();

// Equal on two processes exactly when they can share memory: boot id and network namespace, or
// `override` (INCCL_HOSTID) when it is not empty. Falls back to the host name where /proc is
// absent.
std::string hostKey(const std::string& override);

}  // namespace inccl::os
