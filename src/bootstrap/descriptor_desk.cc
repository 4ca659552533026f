#include "bootstrap/descriptor_desk.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "base/log.h"
#include "os/unix_socket.h"
#include "wire/handshake_messages.h"

namespace inccl::bootstrap {
namespace {

// The reply fits the empty buffer of a new socket, so it never waits.
constexpr Nanos kReplyTimeout = 100 * kMillisecond;

Result<os::UniqueFd> duplicate(int fd) {
  os::UniqueFd copy(os::sys::duplicate(fd));
  if (!copy.valid()) return systemError("cannot duplicate a descriptor", errno);
  return copy;
}

void reply(int connection, int descriptor) {
  const Status sent = os::sendWithDescriptor(connection, wire::encodeFrame(wire::DescriptorReply{}),
                                             descriptor, {Deadline::after(kReplyTimeout)});
  // The asker may have given up; it knows best why.
  if (!sent.ok()) logInfo("{}", sent.message());
}

}  // namespace

Status DescriptorDesk::offer(const std::string& name, int fd) {
  if (name.empty() || name.size() > wire::kNameLimit)
    return invalidArgument(fmt::format("a descriptor's name has 1 to {} bytes, not {}",
                                       wire::kNameLimit, name.size()));
  INCCL_TRY_ASSIGN(os::UniqueFd copy, duplicate(fd));
  const std::lock_guard lock(mutex_);
  if (offers_.contains(name))
    return invalidUsage(fmt::format("a descriptor is already offered as '{}'", name));
  const auto [first, last] = waiting_.equal_range(name);
  for (auto each = first; each != last; ++each) reply(each->second.get(), copy.get());
  waiting_.erase(first, last);
  offers_[name] = std::move(copy);
  return {};
}

void DescriptorDesk::withdraw(const std::string& name) {
  const std::lock_guard lock(mutex_);
  offers_.erase(name);
}

void DescriptorDesk::request(const std::string& name, os::UniqueFd connection) {
  const std::lock_guard lock(mutex_);
  const auto found = offers_.find(name);
  if (found != offers_.end()) return reply(connection.get(), found->second.get());
  if (closed_ || waiting_.size() >= kWaitingLimit) return;
  waiting_.emplace(name, std::move(connection));
}

void DescriptorDesk::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  waiting_.clear();
  offers_.clear();
}

}  // namespace inccl::bootstrap
