#include "base/op_signature.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace inccl {

std::string_view name(Collective collective) {
  switch (collective) {
    case Collective::kAllReduce:
      return "all_reduce";
    case Collective::kBroadcast:
      return "broadcast";
    case Collective::kAllGather:
      return "all_gather";
    case Collective::kBarrier:
      return "barrier";
    case Collective::kSend:
      return "send";
    case Collective::kRecv:
      return "recv";
    case Collective::kReduce:
      return "reduce";
    case Collective::kReduceScatter:
      return "reduce_scatter";
    case Collective::kAllToAll:
      return "all_to_all";
    case Collective::kGather:
      return "gather";
    case Collective::kScatter:
      return "scatter";
  }
  return "unknown collective";
}

std::string_view OpSignature::collectiveName() const {
  if (!isWithLengths()) return name(collective);
  return collective == Collective::kAllGather ? "all_gather_v" : "reduce_scatter_v";
}

std::string OpSignature::describe() const {
  if (collective == Collective::kBarrier) return "barrier";
  std::string text = fmt::format("{} count {} type {}", collectiveName(), count, name(type));
  if (isWithLengths()) text += fmt::format(" lengths {:08x}", static_cast<uint32_t>(root));
  switch (collective) {
    case Collective::kAllReduce:
    case Collective::kReduceScatter:
      text += fmt::format(" op {}", name(op));
      break;
    case Collective::kReduce:
      text += fmt::format(" op {} root {}", name(op), root);
      break;
    case Collective::kBroadcast:
    case Collective::kGather:
    case Collective::kScatter:
      text += fmt::format(" root {}", root);
      break;
    case Collective::kSend:
      text += fmt::format(" to rank {}", root);
      break;
    case Collective::kRecv:
      text += fmt::format(" from rank {}", root);
      break;
    case Collective::kAllGather:
    case Collective::kAllToAll:
    case Collective::kBarrier:
      break;
  }
  return text;
}

uint32_t OpSignature::digest() const {
  const uint64_t kinds = uint64_t{static_cast<uint8_t>(collective)} << 48 |
                         (static_cast<uint64_t>(type) & 0xff) << 40 |
                         (static_cast<uint64_t>(op) & 0xff) << 32 | static_cast<uint32_t>(root);
  return static_cast<uint32_t>(mixHash(kinds, count) >> 32);
}

}  // namespace inccl
