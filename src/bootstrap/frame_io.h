// Whole frames over a socket, blocking within a limit: for set-up on the caller's thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "os/stream_socket.h"
#include "os/unique_fd.h"
#include "wire/frame.h"

namespace inccl::bootstrap {

struct ReceivedFrame {
  wire::Kind kind = wire::Kind::kHello;
  std::vector<std::byte> body;
  os::UniqueFd descriptor;  // one that came with it
};

enum class Descriptors { kNone, kExpected };

// Reads exactly one frame and nothing beyond it; refuses one whose body is longer than `bodyLimit`
// before it makes room.
Result<ReceivedFrame> recvFrame(int fd, const os::WaitLimit& limit, std::string_view what,
                                Descriptors descriptors = Descriptors::kNone,
                                size_t bodyLimit = wire::kHandshakeBodyLimit);

}  // namespace inccl::bootstrap
