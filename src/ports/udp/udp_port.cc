#include "ports/udp/udp_port.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "os/syscalls.h"

namespace inccl::ports {
namespace {

constexpr size_t kMessages = 64;  // of one system call
constexpr size_t kSegments = 64;  // of one message: the kernel's UDP_MAX_SEGMENTS
constexpr size_t kPieces = 3;
constexpr size_t kReceivedMessages = 32;
constexpr size_t kReceivedBytes = 65536;  // of a message, which may be many datagrams

int setOption(int socket, int level, int option, int value) {
  return os::sys::setsockopt(socket, level, option, &value, sizeof value);
}

// Beyond net.core.rmem_max where we may, else up to it.
void wishBuffer(int socket, int force, int option, int bytes) {
  if (setOption(socket, SOL_SOCKET, force, bytes) != 0)
    setOption(socket, SOL_SOCKET, option, bytes);
}

bool wouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// What one datagram's failure says about that datagram alone: nobody listens there, no way there,
// no address that this socket could send to.
bool isLoss(int error) {
  constexpr int kLosses[] = {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN,
                             ENOBUFS,      EPERM,        EACCES,      EINVAL,    EAFNOSUPPORT};
  return std::ranges::find(kLosses, error) != std::end(kLosses);
}

}  // namespace

struct UdpPort::Sending {
  std::array<mmsghdr, kMessages> messages{};
  std::array<size_t, kMessages> datagrams{};  // of each message
  std::array<iovec, kMessages * kPieces> pieces{};
  struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(uint16_t))> bytes;
  };
  std::array<Control, kMessages> controls{};
  size_t messageCount = 0;
};

struct UdpPort::Receiving {
  struct Message {
    sockaddr_storage from{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  };
  std::array<mmsghdr, kReceivedMessages> headers{};
  std::array<iovec, kReceivedMessages> buffers{};
  std::array<Message, kReceivedMessages> messages{};
  std::vector<std::byte> memory = std::vector<std::byte>(kReceivedMessages * kReceivedBytes);
  size_t count = 0;   // messages received
  size_t next = 0;    // the message that is being handed out
  size_t offset = 0;  // bytes of it that were

  // Datagrams of a message are as long as the kernel says, the last one may be shorter.
  [[nodiscard]] size_t segmentOf(size_t message) {
    msghdr& header = headers[message].msg_hdr;
    for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
         control = CMSG_NXTHDR(&header, control)) {
      if (control->cmsg_level != SOL_UDP || control->cmsg_type != UDP_GRO) continue;
      int segment = 0;
      std::memcpy(&segment, CMSG_DATA(control), sizeof segment);
      if (segment > 0) return static_cast<size_t>(segment);
    }
    return std::max<size_t>(1, headers[message].msg_len);
  }
};

Result<std::unique_ptr<UdpPort>> UdpPort::open(const os::SocketAddress& address,
                                               const Options& options) {
  const auto where = fmt::format("UDP port {}", address.describe());
  os::UniqueFd socket(
      os::sys::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return systemError(fmt::format("{}: socket", where), errno);
  if (os::sys::bind(socket.get(), address.raw(), address.rawLength()) != 0)
    return systemError(fmt::format("{}: bind", where), errno);
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  if (os::sys::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &length) != 0)
    return systemError(fmt::format("{}: getsockname", where), errno);
  INCCL_TRY_ASSIGN(
      const os::SocketAddress actual,
      os::SocketAddress::fromSockaddr(reinterpret_cast<const sockaddr*>(&bound), length));
  // Wishes: without them the port is slower, not wrong.
  const int bytes = static_cast<int>(std::min<size_t>(options.bufferBytes, size_t{1} << 30));
  wishBuffer(socket.get(), SO_RCVBUFFORCE, SO_RCVBUF, bytes);
  wishBuffer(socket.get(), SO_SNDBUFFORCE, SO_SNDBUF, bytes);
  if (options.segmentation) setOption(socket.get(), SOL_UDP, UDP_GRO, 1);
  // A segment size of 0 changes nothing; a kernel that does not know the option says so.
  const bool sendsSegments =
      options.segmentation && setOption(socket.get(), SOL_UDP, UDP_SEGMENT, 0) == 0;
  return std::unique_ptr<UdpPort>(
      new UdpPort(std::move(socket), actual, sendsSegments ? kMostBytes : 0));
}

UdpPort::UdpPort(os::UniqueFd socket, os::SocketAddress address, size_t mostSegment)
    : socket_(std::move(socket)),
      address_(address),
      mostSegment_(mostSegment),
      sending_(std::make_unique<Sending>()),
      receiving_(std::make_unique<Receiving>()) {}

UdpPort::~UdpPort() = default;

size_t UdpPort::receiveBufferBytes() const {
  int bytes = 0;
  socklen_t length = sizeof bytes;
  if (os::sys::getsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, &length) != 0) return 0;
  return static_cast<size_t>(std::max(bytes, 0));
}

// Messages out of the front of the batch; how many datagrams are in them.
size_t UdpPort::fill(std::span<const OutgoingDatagram> batch) {
  Sending& sending = *sending_;
  sending.messageCount = 0;
  size_t taken = 0, pieces = 0;
  while (taken < std::min(batch.size(), kMessages)) {
    const OutgoingDatagram& first = batch[taken];
    const size_t segment = first.bytes();
    const size_t firstPiece = pieces;
    size_t datagrams = 0, bytes = 0;
    for (; taken < std::min(batch.size(), kMessages); ++taken, ++datagrams) {
      const OutgoingDatagram& next = batch[taken];
      const bool joins =
          datagrams == 0 ||
          (segment <= mostSegment_ && datagrams < kSegments && bytes == datagrams * segment &&
           next.bytes() <= segment && next.bytes() > 0 && next.to == first.to &&
           bytes + next.bytes() <= kMostBytes);
      if (!joins) break;
      bytes += next.bytes();
      for (const auto& piece : next.pieces) {
        if (piece.empty()) continue;
        sending.pieces[pieces++] = {const_cast<std::byte*>(piece.data()), piece.size()};
      }
    }
    const size_t number = sending.messageCount++;
    sending.datagrams[number] = datagrams;
    msghdr& message = sending.messages[number].msg_hdr;
    message = {};
    message.msg_name = const_cast<sockaddr*>(first.to.raw());
    message.msg_namelen = first.to.rawLength();
    message.msg_iov = &sending.pieces[firstPiece];
    message.msg_iovlen = pieces - firstPiece;
    if (datagrams == 1) continue;
    message.msg_control = sending.controls[number].bytes.data();
    message.msg_controllen = sending.controls[number].bytes.size();
    cmsghdr* const control = CMSG_FIRSTHDR(&message);
    control->cmsg_level = SOL_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    const auto size = static_cast<uint16_t>(segment);
    std::memcpy(CMSG_DATA(control), &size, sizeof size);
  }
  return taken;
}

// Datagrams larger than the way's packets are not cut out of a message by every kernel, nor does
// every interface cut at all: then they go one by one.
bool UdpPort::segmentRefused(int error) {
  if (sending_->datagrams[0] == 1 || (error != EINVAL && error != EIO && error != EMSGSIZE))
    return false;
  size_t segment = 0;
  std::memcpy(&segment, CMSG_DATA(CMSG_FIRSTHDR(&sending_->messages[0].msg_hdr)), sizeof(uint16_t));
  mostSegment_ = error == EIO ? 0 : segment - 1;
  return true;
}

Result<size_t> UdpPort::send(std::span<const OutgoingDatagram> batch) {
  size_t all = 0;
  while (all < batch.size()) {
    for (const OutgoingDatagram& datagram :
         batch.subspan(all, std::min(kMessages, batch.size() - all))) {
      if (datagram.bytes() > kMostBytes)
        return invalidArgument(fmt::format("UDP port {}: a datagram of {} bytes, the most is {}",
                                           address_.describe(), datagram.bytes(), kMostBytes));
    }
    fill(batch.subspan(all));
    const int sent = os::sys::sendMany(socket_.get(), sending_->messages.data(),
                                       static_cast<unsigned>(sending_->messageCount), 0);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (wouldBlock(errno)) return all;
      if (segmentRefused(errno)) continue;
      if (!isLoss(errno))
        return systemError(fmt::format("UDP port {}: sendmmsg to {}", address_.describe(),
                                       batch[all].to.describe()),
                           errno);
      all += sending_->datagrams[0];
      continue;
    }
    for (int message = 0; message < sent; ++message)
      all += sending_->datagrams[static_cast<size_t>(message)];
  }
  return all;
}

Status UdpPort::receiveMore() {
  Receiving& receiving = *receiving_;
  receiving.count = receiving.next = receiving.offset = 0;
  for (size_t i = 0; i < kReceivedMessages; ++i) {
    receiving.buffers[i] = {receiving.memory.data() + i * kReceivedBytes, kReceivedBytes};
    msghdr& header = receiving.headers[i].msg_hdr;
    header = {};
    header.msg_name = &receiving.messages[i].from;
    header.msg_namelen = sizeof receiving.messages[i].from;
    header.msg_iov = &receiving.buffers[i];
    header.msg_iovlen = 1;
    header.msg_control = receiving.messages[i].control.data();
    header.msg_controllen = receiving.messages[i].control.size();
  }
  int count = 0;
  do {
    count =
        os::sys::recvMany(socket_.get(), receiving.headers.data(), kReceivedMessages, MSG_DONTWAIT);
    // An earlier datagram reached nobody: news of that, not a failure.
  } while (count < 0 && (errno == EINTR || errno == ECONNREFUSED));
  if (count < 0 && !wouldBlock(errno))
    return systemError(fmt::format("UDP port {}: recvmmsg", address_.describe()), errno);
  receiving.count = static_cast<size_t>(std::max(count, 0));
  return {};
}

Result<size_t> UdpPort::receive(std::span<IncomingDatagram> batch) {
  Receiving& receiving = *receiving_;
  if (receiving.next == receiving.count) INCCL_TRY(receiveMore());
  size_t given = 0;
  while (given < batch.size() && receiving.next < receiving.count) {
    const size_t message = receiving.next;
    const size_t length = receiving.headers[message].msg_len;
    const size_t bytes = std::min(receiving.segmentOf(message), length - receiving.offset);
    const auto from = os::SocketAddress::fromSockaddr(
        reinterpret_cast<const sockaddr*>(&receiving.messages[message].from),
        receiving.headers[message].msg_hdr.msg_namelen);
    if (from.ok()) {
      batch[given++] = {
          from.value(),
          {static_cast<const std::byte*>(receiving.buffers[message].iov_base) + receiving.offset,
           bytes}};
    }
    receiving.offset += bytes;
    if (receiving.offset < length) continue;
    ++receiving.next;
    receiving.offset = 0;
  }
  return given;
}

}  // namespace inccl::ports
