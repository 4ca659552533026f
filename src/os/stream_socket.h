// Blocking-style use of non-blocking stream sockets, for set-up: connect, send all, receive all.
//
// Every wait has a limit: a deadline, and (where the caller belongs to a communicator) its error
// state, at which the wait looks in slices, so that an abort or another rank's failure ends it
// within kWaitSlice. The data path does not use these; it polls by itself.
//
// Connecting races the peer's addresses ("happy eyeballs", RFC 8305): a machine has several, some
// unreachable from here, and an unreachable one may take minutes to say so. The first that answers
// wins. Threading: functions without state; a socket belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error_state.h"
#include "base/status.h"
#include "os/socket_address.h"
#include "os/unique_fd.h"

namespace inccl::os {

constexpr Nanos kWaitSlice = 10 * kMillisecond;
constexpr Nanos kConnectStagger = 50 * kMillisecond;
// How long a preferred address is waited for alone. A connection keeps its way for life, so a first
// packet that is lost on a full link (TCP sends it again after 1 s) shall not decide it.
constexpr Nanos kPreferredHeadStart = 1500 * kMillisecond;

struct WaitLimit {
  Deadline deadline;
  const ErrorState* stop = nullptr;  // nullptr: nothing but the deadline ends the wait

  // The raised error, or kTimeout "`what` took too long" when the deadline has passed.
  [[nodiscard]] Status check(std::string_view what) const;
  // Milliseconds until the wait must look again.
  [[nodiscard]] int sliceMs() const;
};

// A non-blocking, close-on-exec stream socket.
Result<UniqueFd> openStream(int family);
// Small messages go out at once.
Status setNoDelay(int fd);

// Until poll() reports one of `events` (or an error condition) on fd.
Status waitReady(int fd, short events, const WaitLimit& limit, std::string_view what);
Status sendAll(int fd, std::span<const std::byte> data, const WaitLimit& limit,
               std::string_view what);
// kRemoteError when the peer closes before all has come.
Status recvAll(int fd, std::span<std::byte> data, const WaitLimit& limit, std::string_view what);
// Sleeps for `duration`, less when the limit is reached first (then its error).
Status sleepFor(Nanos duration, const WaitLimit& limit, std::string_view what);

struct Connected {
  UniqueFd fd;
  size_t candidate = 0;  // index of the address that answered
};
// kSystemError that lists every address with its reason when none answers. The first `preferred`
// candidates have a head start.
Result<Connected> connectFirst(std::span<const SocketAddress> candidates, const WaitLimit& limit,
                               size_t preferred = 0);

}  // namespace inccl::os
