#include "comm/gather_messages.h"

#include <fmt/format.h>

#include <algorithm>

namespace inccl::comm {
namespace {

constexpr size_t kPieceBytes = 32768;

std::vector<std::byte> pieceFrom(const std::vector<std::byte>& bytes, size_t offset) {
  const size_t begin = std::min(offset, bytes.size());
  const size_t end = begin + std::min(kPieceBytes, bytes.size() - begin);
  return {bytes.begin() + static_cast<ptrdiff_t>(begin),
          bytes.begin() + static_cast<ptrdiff_t>(end)};
}

}  // namespace

Result<std::vector<std::vector<std::byte>>> gatherBytes(bootstrap::Session& session,
                                                        const std::vector<std::byte>& mine,
                                                        Deadline deadline) {
  std::vector<std::vector<std::byte>> all(session.peers().size());
  size_t sent = 0;
  for (bool more = true; more;) {
    const std::vector<std::byte> piece = pieceFrom(mine, sent);
    sent += piece.size();
    INCCL_TRY_ASSIGN(const auto pieces, session.allGather(piece, deadline));
    more = false;
    for (size_t rank = 0; rank < pieces.size(); ++rank) {
      all[rank].insert(all[rank].end(), pieces[rank].begin(), pieces[rank].end());
      more = more || pieces[rank].size() == kPieceBytes;
      if (all[rank].size() > kMostGatheredBytes)
        return remoteError(
            fmt::format("rank {} says more than {} bytes", rank, kMostGatheredBytes));
    }
  }
  return all;
}

Status firstFailure(const std::vector<Outcome>& outcomes) {
  for (size_t rank = 0; rank < outcomes.size(); ++rank) {
    const Outcome& its = outcomes[rank];
    if (its.code != 0)
      return {static_cast<Code>(its.code), fmt::format("rank {}: {}", rank, its.sentence)};
  }
  return {};
}

}  // namespace inccl::comm
