// What the caller's thread does with its member: ask, wait, read.
#include "bootstrap/member.h"

#include <fmt/format.h>

#include <algorithm>

#include "bootstrap/service_thread.h"

namespace inccl::bootstrap {
namespace {

constexpr size_t kUnclaimedDataLimit = 65536;

}  // namespace

Member::Member(ServiceThread& service, Membership membership, ErrorState& errors,
               const OpHistory& history)
    : service_(service),
      membership_(std::move(membership)),
      errors_(&errors),
      history_(&history),
      left_(membership_.peers.size()),
      questions_(static_cast<int>(membership_.peers.size())) {}

template <typename Condition>
Status Member::waitUntil(std::unique_lock<std::mutex>& lock, const os::WaitLimit& limit,
                         std::string_view what, Condition condition) {
  while (!condition()) {
    INCCL_TRY(limit.check(what));
    changed_.wait_for(
        lock, std::chrono::nanoseconds(std::min(os::kWaitSlice, limit.deadline.remaining())));
  }
  return {};
}

Result<std::vector<Blob>> Member::gather(const Blob& mine, const os::WaitLimit& limit) {
  if (mine.size() > wire::kGatherLimit)
    return invalidArgument(
        fmt::format("{} bytes to gather exceed the limit of {}", mine.size(), wire::kGatherLimit));
  std::unique_lock lock(mutex_);
  wire::Gather part;
  part.rank = membership_.rank;
  part.round = nextRound_++;
  part.blob = mine;
  const uint32_t round = part.round;
  service_.post([self = shared_from_this(), frame = shareFrame(part)] {
    if (self->connection_) self->connection_->send(frame);
  });
  Round& gathered = rounds_[round];
  gathered.parts.resize(membership_.peers.size());
  const auto complete = [&] { return gathered.have == gathered.parts.size(); };
  const auto leaver = [&] {
    int rank = 0;
    while (hasPeer(rank) &&
           (!left_[static_cast<size_t>(rank)] || gathered.parts[static_cast<size_t>(rank)]))
      ++rank;
    return hasPeer(rank) ? rank : -1;
  };
  INCCL_TRY(waitUntil(lock, limit, "wait for all ranks",
                      [&] { return complete() || hubGone_ || leaver() >= 0; }));
  if (!complete()) {
    INCCL_TRY(limit.check("wait for all ranks"));
    const int rank = leaver();
    if (rank >= 0) return leftFailure(rank, *left_[static_cast<size_t>(rank)]);
    return remoteError("the root of this communicator has left");
  }
  std::vector<Blob> all;
  for (auto& each : gathered.parts) all.push_back(std::move(*each));
  rounds_.erase(round);
  return all;
}

Result<os::UniqueFd> Member::awaitData(int peer, uint32_t channel, const os::WaitLimit& limit) {
  std::unique_lock lock(mutex_);
  const std::pair key{peer, channel};
  const PeerInfo& info = membership_.peers[static_cast<size_t>(peer)];
  INCCL_TRY(waitUntil(lock, limit, fmt::format("wait for a connection from {}", info.describe()),
                      [&] { return data_.contains(key) || left_[static_cast<size_t>(peer)]; }));
  const auto found = data_.find(key);
  if (found == data_.end()) return leftFailure(peer, *left_[static_cast<size_t>(peer)]);
  os::UniqueFd fd = std::move(found->second);
  data_.erase(found);
  return fd;
}

Status Member::whetherLeft(int peer) {
  const std::lock_guard lock(mutex_);
  const auto& last = left_[static_cast<size_t>(peer)];
  return last ? leftFailure(peer, *last) : Status();
}

void Member::report(const Status& failure, int culprit) {
  wire::Failure message;
  message.code = failure.code();
  message.culprit = culprit;
  message.sentence = failure.message();
  std::unique_lock lock(mutex_);
  const uint64_t before = news_;
  service_.post([self = shared_from_this(), message] { self->send(message); });
  (void)waitUntil(lock, {Deadline::after(kReportGrace)}, "report",
                  [&] { return news_ != before || hubGone_ || closed_; });
}

void Member::askOthers(OpTag tag, const OpSignature& signature) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_ && waiting_->first == tag) return;
    waiting_ = {tag, signature};
  }
  wire::Waiting question;
  question.rank = membership_.rank;
  question.sequence = tag.sequence();
  question.signature = signature;
  service_.post([self = shared_from_this(), frame = shareFrame(question)] {
    if (self->connection_) self->connection_->send(frame);
    self->judgeLeavers();
  });
}

void Member::takeNotes(Session::TakeNote take) {
  const std::lock_guard lock(notesMutex_);
  takeNote_ = std::move(take);
}

void Member::post(int to, Blob note) {
  service_.post([self = shared_from_this(),
                 frame = shareFrame(wire::Note{membership_.rank, to, std::move(note)})] {
    if (self->connection_) self->connection_->send(frame);
  });
}

void Member::leave(uint32_t lastSequence, const os::WaitLimit& limit) {
  std::unique_lock lock(mutex_);
  if (std::exchange(leaving_, true)) return;
  wire::Goodbye goodbye;
  goodbye.rank = membership_.rank;
  goodbye.lastSequence = lastSequence;
  service_.post([self = shared_from_this(), frame = shareFrame(goodbye)] {
    if (self->connection_) self->connection_->send(frame);
  });
  // Nothing depends on the answer but that the farewell is on its way when this process ends.
  (void)waitUntil(lock, limit, "leave", [&] { return goodbyeSeen_ || hubGone_ || closed_; });
}

void Member::abandon() {
  service_.post([self = shared_from_this()] { self->close(); });
}

void Member::awaitNews(const os::WaitLimit& limit) {
  std::unique_lock lock(mutex_);
  const uint64_t before = news_;
  (void)waitUntil(lock, limit, "wait for news", [&] { return news_ != before; });
}

void Member::detach() {
  takeNotes(nullptr);
  const std::lock_guard lock(mutex_);
  errors_ = nullptr;
  history_ = nullptr;
}

void Member::takeData(int peer, uint32_t channel, os::UniqueFd fd) {
  const std::lock_guard lock(mutex_);
  if (closed_ || data_.size() >= kUnclaimedDataLimit) return;
  // A newer connection replaces one that its maker has given up.
  data_[{peer, channel}] = std::move(fd);
  changed_.notify_all();
}

void Member::takeDescriptorRequest(const std::string& name, os::UniqueFd connection) {
  desk_.request(name, std::move(connection));
}

}  // namespace inccl::bootstrap
