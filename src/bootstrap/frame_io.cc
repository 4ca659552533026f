#include "bootstrap/frame_io.h"

#include <fmt/format.h>

#include <array>

#include "os/unix_socket.h"

namespace inccl::bootstrap {

Result<ReceivedFrame> recvFrame(int fd, const os::WaitLimit& limit, std::string_view what,
                                Descriptors descriptors, size_t bodyLimit) {
  ReceivedFrame frame;
  std::array<std::byte, wire::kHeaderBytes> raw;
  if (descriptors == Descriptors::kExpected)
    INCCL_TRY(os::recvAllWithDescriptor(fd, raw, frame.descriptor, limit, what));
  else
    INCCL_TRY(os::recvAll(fd, raw, limit, what));
  INCCL_TRY_ASSIGN(const wire::FrameHeader header, wire::decodeHeader(raw));
  if (header.length > bodyLimit)
    return remoteError(fmt::format("{}: a {} message of {} bytes was not expected", what,
                                   wire::name(header.kind), header.length));
  frame.kind = header.kind;
  frame.body.resize(header.length);
  INCCL_TRY(os::recvAll(fd, frame.body, limit, what));
  return frame;
}

}  // namespace inccl::bootstrap
