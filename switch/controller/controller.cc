#include "switch/controller/controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "os/syscalls.h"

namespace inccl::controller {

Result<uint32_t> Controller::freshSession() const {
  for (;;) {
    uint32_t session = 0;
    if (os::sys::getrandom(&session, sizeof session) != sizeof session)
      return systemError("cannot get random bytes", errno);
    if (session != 0 && program_.jobs().find(session) == nullptr) return session;
  }
}

wire::SwitchGrant Controller::grantOf(const switchml::Job& job) const {
  wire::SwitchGrant grant;
  grant.session = job.session;
  grant.slots = job.slots;
  grant.payloadBytes = static_cast<uint32_t>(limits_.payloadBytes);
  grant.dataPort = limits_.dataPort;
  grant.profile = limits_.profile;
  return grant;
}

// All workers may send their whole window at once, and what finds no room is lost. A packet takes
// about twice its bytes in a receive buffer.
uint32_t Controller::slotsFor(uint32_t wanted, size_t workers) const {
  constexpr size_t kHeaders = 64, kLeast = 4;
  const size_t perSlot = 2 * (limits_.payloadBytes + kHeaders) * std::max<size_t>(workers, 1);
  const size_t fit = std::max(kLeast, limits_.receiveBytes / perSlot);
  return static_cast<uint32_t>(std::min<size_t>({wanted, limits_.slotsOfJob, fit}));
}

std::string Controller::printable(std::string name) {
  std::ranges::replace_if(
      name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return name;
}

// Each one address that packets can be sent to; nothing is looked up, as packets wait meanwhile.
Result<std::vector<os::SocketAddress>> Controller::addressesOf(
    const std::vector<wire::WorkerAddress>& workers) const {
  std::vector<os::SocketAddress> addresses;
  std::set<std::string> known;
  for (const wire::WorkerAddress& worker : workers) {
    auto address = os::numericAddress(worker.text);
    if (!address.ok()) return std::move(address).status().within("worker address");
    if (address.value().family() != limits_.family)
      return invalidUsage(
          fmt::format("worker address '{}' is of another family than the switch's", worker.text));
    if (!known.insert(address.value().describe()).second)
      return invalidUsage(fmt::format("two workers have the address '{}'", worker.text));
    addresses.push_back(address.value());
  }
  return addresses;
}

Result<Controller::Granted> Controller::join(const wire::JoinSwitch& request) {
  if (request.version != wire::JoinSwitch::kVersion)
    return invalidUsage(fmt::format("the job speaks version {} of the protocol, the switch {}",
                                    request.version, wire::JoinSwitch::kVersion));
  if (drains_) return invalidUsage("the switch is being drained and takes no more jobs");
  switchml::Job job;
  INCCL_TRY_ASSIGN(job.workers, addressesOf(request.workers));
  const auto range = ranges_.take(slotsFor(request.slots, job.workers.size()), 1);
  if (!range) return invalidUsage(fmt::format("no slots are free of {}", limits_.slots));
  job.firstSlot = range->first;
  job.slots = range->count;
  auto session = freshSession();
  Status admitted = session.ok() ? Status() : session.status();
  if (session.ok()) {
    job.session = session.value();
    admitted = program_.jobs().admit(job);
  }
  if (!admitted.ok()) {
    ranges_.giveBack(*range);
    return admitted;
  }
  Granted granted{++lastId_, grantOf(job)};
  members_.emplace(granted.id, Member{printable(request.job), std::move(job)});
  return granted;
}

Result<wire::SwitchGrant> Controller::newEpoch(JobId id) {
  const auto found = members_.find(id);
  if (found == members_.end()) return invalidUsage("the job is over");
  INCCL_TRY_ASSIGN(const uint32_t session, freshSession());
  Member& member = found->second;
  program_.jobs().remove(member.job.session);
  member.job.session = session;
  INCCL_TRY(program_.jobs().admit(member.job));
  ++member.epochs;
  return grantOf(member.job);
}

Result<Controller::JobId> Controller::attach(uint32_t session) {
  for (auto& [id, member] : members_) {
    if (member.job.session != session) continue;
    ++member.holders;
    return id;
  }
  return invalidUsage(fmt::format("there is no session {:08x}", session));
}

void Controller::leave(JobId id) {
  const auto found = members_.find(id);
  if (found == members_.end() || --found->second.holders > 0) return;
  const switchml::Job& job = found->second.job;
  program_.jobs().remove(job.session);
  ranges_.giveBack({job.firstSlot, job.slots});
  members_.erase(found);
}

std::vector<Controller::JobView> Controller::jobs() const {
  std::vector<JobView> views;
  for (const auto& [id, member] : members_)
    views.push_back({id, member.name, member.job.fanIn(), member.job.slots, member.epochs});
  return views;
}

}  // namespace inccl::controller
