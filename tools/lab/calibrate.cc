#include "lab/calibrate.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/clock.h"
#include "lab/enclosure.h"
#include "lab/report.h"

namespace inccl::lab {
namespace {

// The first burst and the start of TCP are not counted.
constexpr Nanos kWarmUp = kSecond / 2;
constexpr Nanos kMeasured = 3 * kSecond / 2;
constexpr int kSilenceMs = 5'000;
constexpr size_t kBlock = 64 << 10;

sockaddr_in rawOf(Ipv4 address, uint16_t port) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_addr.s_addr = htonl(address.value);
  raw.sin_port = htons(port);
  return raw;
}

os::UniqueFd newSocket() { return os::UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

// Sends until the other side closes, as a child of its own.
[[noreturn]] void send(int network, const sockaddr_in& to) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_IGN);
  const std::vector<char> block(kBlock);
  if (!enterNetwork(network).ok()) _exit(1);
  const os::UniqueFd connection = newSocket();
  if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) _exit(1);
  while (write(connection.get(), block.data(), block.size()) > 0) {
  }
  _exit(0);
}

// Bytes per second that arrive once the flow is on its way.
Result<double> rateFrom(int listener) {
  pollfd waiting{listener, POLLIN, 0};
  if (poll(&waiting, 1, kSilenceMs) != 1) return remoteError("nobody connects");
  const os::UniqueFd connection(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  std::vector<char> block(kBlock);
  const Nanos begin = nowNs() + kWarmUp;
  uint64_t bytes = 0;
  for (;;) {
    pollfd arriving{connection.get(), POLLIN, 0};
    if (poll(&arriving, 1, kSilenceMs) != 1) return remoteError("nothing arrives");
    const ssize_t got = read(connection.get(), block.data(), block.size());
    if (got <= 0) return remoteError("the flow ended early");
    const Nanos now = nowNs();
    if (now >= begin) bytes += static_cast<uint64_t>(got);
    if (now >= begin + kMeasured)
      return static_cast<double>(bytes) * static_cast<double>(kSecond) /
             static_cast<double>(now - begin);
  }
}

Result<double> measure(const Plan& plan, const std::vector<os::UniqueFd>& networks, const End& from,
                       const End& to) {
  const Space& target = plan.spaces[to.space];
  const Interface& at = target.interfaces[target.isSwitch ? 0 : to.interface];
  INCCL_TRY(enterNetwork(networks[to.space].get()));
  const os::UniqueFd listener = newSocket();
  sockaddr_in address = rawOf(at.addresses[0], 0);
  socklen_t length = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener.get(), raw, length) != 0 || listen(listener.get(), 1) != 0 ||
      getsockname(listener.get(), raw, &length) != 0)
    return systemError(fmt::format("listen on {} of {}", at.addresses[0].text(), target.id), errno);
  const pid_t sender = fork();
  if (sender < 0) return systemError("fork", errno);
  if (sender == 0) send(networks[from.space].get(), address);
  auto rate = rateFrom(listener.get());
  kill(sender, SIGKILL);
  waitpid(sender, nullptr, 0);
  if (!rate.ok()) return std::move(rate).status().within(plan.describe(from));
  return rate;
}

}  // namespace

Result<int> calibrateLinks(const Plan& plan, const std::vector<os::UniqueFd>& networks) {
  for (const Cable& cable : plan.cables) {
    for (const size_t end : {0, 1}) {
      const End& from = cable.ends[end];
      const End& to = cable.ends[1 - end];
      INCCL_TRY_ASSIGN(const double rate, measure(plan, networks, from, to));
      fmt::print("{} {} -> {}: {} of {}, {:.3f}\n", plan.spaces[from.space].id,
                 plan.interfaceOf(from).name, plan.spaces[to.space].id,
                 rateText(static_cast<uint64_t>(rate)), rateText(from.shaping.bytesPerSecond),
                 rate / static_cast<double>(from.shaping.bytesPerSecond));
      std::fflush(stdout);
    }
  }
  return 0;
}

}  // namespace inccl::lab
