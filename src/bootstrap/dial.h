// The connecting side of the handshake (wire/handshake_messages.h): find a process and be let in.
//
// A peer has many addresses, and some of them may lead elsewhere (the address of a container bridge
// exists on every machine). So an address counts only when the process behind it knows the target
// and has proved itself; otherwise the next one is tried. Threading: blocking, on the caller's.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "bootstrap/unique_id.h"
#include "os/socket_address.h"
#include "os/stream_socket.h"
#include "os/unique_fd.h"
#include "wire/handshake_messages.h"

namespace inccl::bootstrap {

enum class DialProblem {
  kNone,
  kUnreachable,    // nobody answers
  kUnknownTarget,  // somebody answers but does not know the target (yet, or any more)
  kWrongSecret,    // the target is there; it or this side failed to prove the nonce
  kRefused,        // proven, and refused
  kStopped,        // the limit was reached: deadline, abort, failure of the communicator
};

struct DialResult {
  os::UniqueFd fd;  // valid when problem is kNone
  DialProblem problem = DialProblem::kNone;
  Status why;
  os::SocketAddress address{};  // by which dialTcp succeeded
};

struct DialRequest {
  wire::Purpose purpose = wire::Purpose::kControl;
  wire::Tag target{};
  Nonce nonce{};
  std::vector<std::byte> frame;  // what to ask for once proven, encoded
  std::string what;              // for messages: "connect to rank 3 on host …"
};

// One round over all addresses, of which the first `preferred` have a head start.
DialResult dialTcp(const std::vector<os::SocketAddress>& addresses, const DialRequest& request,
                   const os::WaitLimit& limit, size_t preferred = 0);
// One attempt at the abstract socket `name`.
DialResult dialLocal(const std::string& name, const DialRequest& request,
                     const os::WaitLimit& limit);

}  // namespace inccl::bootstrap
