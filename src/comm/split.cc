// incclCommSplit: the ranks of one colour become a communicator of their own.
//
// Over the parent's control channel every rank says its colour and key; each then knows all parts.
// The first rank of a part opens a rendezvous and hands its id to the others the same way. From
// there on the part is created as any communicator; its failures are its own.
#include <fmt/format.h>

#include <algorithm>

#include "comm/communicator.h"
#include "comm/gather_messages.h"

namespace inccl::comm {

struct Communicator::SplitWish {
  int32_t color = -1, key = 0;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.color);
    codec.integer(self.key);
  }
};

namespace {

// What the first rank of a part has for the others.
struct Invitation {
  bool opened = false;
  bootstrap::UniqueIdBytes id{};
  std::string failure;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.flag(self.opened);
    codec.array(self.id);
    codec.text(self.failure, 1024);
  }
};

// The ranks of `color` in their new order: by key, then by their old numbers.
template <typename Wish>
std::vector<int> membersOf(const std::vector<Wish>& wishes, int color) {
  std::vector<int> members;
  for (size_t rank = 0; rank < wishes.size(); ++rank) {
    if (wishes[rank].color == color) members.push_back(static_cast<int>(rank));
  }
  std::ranges::stable_sort(members, {},
                           [&](int rank) { return wishes[static_cast<size_t>(rank)].key; });
  return members;
}

}  // namespace

Result<std::optional<Communicator::SplitPlace>> Communicator::split(int color, int key) {
  if (errors_.raised()) return errors_.status();
  auto wishes = gatherMessages(*session_, SplitWish{color, key}, "split",
                               Deadline::after(config_.creationTimeout));
  if (!wishes.ok()) return failSplit(std::move(wishes).status());
  return placeInSplit(color, wishes.value());
}

// Ranks that have not heard the same are no communicator any more.
Status Communicator::failSplit(Status failure) {
  return fail(std::move(failure).within(fmt::format("rank {} in incclCommSplit", rank_)), -1);
}

Result<std::optional<Communicator::SplitPlace>> Communicator::placeInSplit(
    int color, const std::vector<SplitWish>& wishes) {
  const std::vector<int> members = color < 0 ? std::vector<int>() : membersOf(wishes, color);
  Invitation mine;
  if (!members.empty() && members.front() == rank_) {
    auto id = bootstrap::UniqueId::create(config_);
    mine.opened = id.ok();
    if (id.ok())
      mine.id = id.value().encode();
    else
      mine.failure = id.status().message();
  }
  auto answered =
      gatherMessages(*session_, mine, "split", Deadline::after(config_.creationTimeout));
  if (!answered.ok()) return failSplit(std::move(answered).status());
  const auto& invitations = answered.value();
  if (members.empty()) return std::optional<SplitPlace>();
  const Invitation& invitation = invitations[static_cast<size_t>(members.front())];
  if (!invitation.opened)
    return Status(Code::kSystemError,
                  fmt::format("rank {} could not open a rendezvous for its part: {}",
                              members.front(), invitation.failure));
  SplitPlace place;
  INCCL_TRY_ASSIGN(place.id, bootstrap::UniqueId::decode(invitation.id));
  place.rank = static_cast<int>(std::ranges::find(members, rank_) - members.begin());
  place.rankCount = static_cast<int>(members.size());
  return std::optional(place);
}

}  // namespace inccl::comm
