// Stream sockets between processes of one machine, by which descriptors of memory are passed.
//
// Names are abstract (no file to leave behind, gone with the last process) and visible in the whole
// network namespace, so a name proves nothing: both sides compare the kernel's word on the other's
// user id with their own. Threading: functions without state.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>

#include "base/status.h"
#include "os/stream_socket.h"
#include "os/unique_fd.h"

namespace inccl::os {

constexpr size_t kAbstractNameLimit = 100;  // sun_path is 108 bytes, the first of them 0

Result<UniqueFd> listenAbstract(const std::string& name);

// Not valid and ok: nobody listens under that name (or it is too busy): try again later.
Result<UniqueFd> connectAbstract(const std::string& name);

// kInvalidUsage when the process at the other end runs as another user.
Status requireSameUser(int fd);

// Sends data with `descriptor` attached to its first byte. Data must fit the socket's buffer.
Status sendWithDescriptor(int fd, std::span<const std::byte> data, int descriptor,
                          const WaitLimit& limit);

// As recvAll; a descriptor that comes with the data is put into `descriptor`.
Status recvAllWithDescriptor(int fd, std::span<std::byte> data, UniqueFd& descriptor,
                             const WaitLimit& limit, std::string_view what);

}  // namespace inccl::os
