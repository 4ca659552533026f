// The writing half of msccl_xml.h: a lane becomes a thread block, an `after` a depid, all `after`
// but one nops, and sums of two places into a third a cpy and a re.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "schedule/msccl_xml.h"
#include "schedule/validate.h"

namespace inccl::schedule {
namespace {

// A step of the file; `after` still names a step of ours.
struct Line {
  const char* type = "nop";
  std::optional<ChunkRef> source, destination;
  std::optional<StepRef> after;
};

const char* collectiveWord(Collective collective) {
  switch (collective) {
    case Collective::kAllReduce:
      return "allreduce";
    case Collective::kAllGather:
      return "allgather";
    case Collective::kReduce:
      return "reduce";
    case Collective::kBroadcast:
      return "broadcast";
    case Collective::kAllToAll:
      return "alltoall";
    case Collective::kReduceScatter:
      return "reduce_scatter";
    case Collective::kGather:
      return "gather";
    case Collective::kScatter:
      return "scatter";
    case Collective::kBarrier:
    case Collective::kSend:
    case Collective::kRecv:
      break;
  }
  return nullptr;
}

const char* messageWord(StepKind kind) {
  switch (kind) {
    case StepKind::kSend:
      return "s";
    case StepKind::kRecv:
      return "r";
    case StepKind::kRecvCopySend:
      return "rcs";
    case StepKind::kRecvReduceSend:
      return "rrs";
    case StepKind::kRecvReduceCopy:
      return "rrc";
    case StepKind::kRecvReduceCopySend:
      return "rrcs";
    case StepKind::kCopy:
      return "cpy";
    case StepKind::kReduce:
    case StepKind::kReduceMany:
    case StepKind::kAggregate:
    case StepKind::kNop:
      break;
  }
  return nullptr;
}

// destination = first ⊕ … ⊕ last by `re`, which adds to what is there.
Status writeSum(const Step& step, std::vector<Line>& lines) {
  std::vector<ChunkRef> sources = step.sources;
  const ChunkRef destination = *step.destination;
  const auto same = std::find(sources.begin(), sources.end(), destination);
  if (std::count(sources.begin(), sources.end(), destination) > 1)
    return invalidArgument("adds its destination twice, which cpy and re cannot");
  // The first two may change places, see verify/verify.h.
  if (same - sources.begin() == 1)
    std::swap(sources[0], sources[1]);
  else if (same != sources.end() && same != sources.begin())
    return invalidArgument("its destination is a later summand, which cpy and re cannot");
  if (sources[0] != destination) lines.push_back({"cpy", sources[0], destination, {}});
  for (size_t i = 1; i < sources.size(); ++i) lines.push_back({"re", sources[i], destination, {}});
  return {};
}

// Appends what `step` becomes.
Status writeStep(const Step& step, std::vector<Line>& lines) {
  for (size_t i = 0; i + 1 < step.after.size(); ++i)
    lines.push_back({"nop", {}, {}, step.after[i]});
  const size_t first = lines.size();
  if (const char* const word = messageWord(step.kind)) {
    const auto source = step.sources.empty() ? std::nullopt : std::optional(step.sources[0]);
    lines.push_back({word, source, step.destination, {}});
  } else if (step.kind == StepKind::kNop) {
    lines.push_back({"nop", {}, {}, {}});
  } else if (step.kind == StepKind::kAggregate) {
    return invalidArgument("is done by a switch, for which the format has no word");
  } else {
    INCCL_TRY(writeSum(step, lines));
  }
  if (!step.after.empty()) lines[first].after = step.after.back();
  return {};
}

std::string spanText(const char* side, const std::optional<ChunkRef>& chunk) {
  if (!chunk) return fmt::format("{0}buf=\"i\" {0}off=\"-1\"", side);
  const char letter = name(chunk->buffer)[0];
  return fmt::format("{0}buf=\"{1}\" {0}off=\"{2}\"", side, letter, chunk->index);
}

class RankWriter {
 public:
  RankWriter(const Schedule& schedule, int rank) : schedule_(schedule), rank_(rank) {}

  Status prepare() {
    const auto& lanes = schedule_.ranks[static_cast<size_t>(rank_)].lanes;
    for (uint32_t lane = 0; lane < lanes.size(); ++lane) {
      std::vector<Line>& lines = blocks_.emplace_back();
      std::vector<size_t>& ends = ends_.emplace_back();
      for (uint32_t step = 0; step < lanes[lane].steps.size(); ++step) {
        if (Status written = writeStep(lanes[lane].steps[step], lines); !written.ok())
          return std::move(written).within(describe(schedule_, {rank_, lane, step}));
        ends.push_back(lines.size() - 1);
      }
    }
    return {};
  }

  [[nodiscard]] std::string text() const {
    std::string text =
        fmt::format("  <gpu id=\"{}\" i_chunks=\"{}\" o_chunks=\"{}\" s_chunks=\"{}\">\n", rank_,
                    schedule_.inputChunks, schedule_.outputChunks, schedule_.scratchChunks);
    const auto& lanes = schedule_.ranks[static_cast<size_t>(rank_)].lanes;
    const auto awaited = awaitedLines();
    for (size_t lane = 0; lane < lanes.size(); ++lane) {
      text += fmt::format("    <tb id=\"{}\" send=\"{}\" recv=\"{}\" chan=\"{}\">\n", lane,
                          lanes[lane].sendPeer, lanes[lane].recvPeer, lanes[lane].channel);
      for (size_t i = 0; i < blocks_[lane].size(); ++i)
        text += lineText(i, blocks_[lane][i], awaited[lane][i]);
      text += "    </tb>\n";
    }
    return text + "  </gpu>\n";
  }

 private:
  [[nodiscard]] std::string lineText(size_t index, const Line& line, bool isAwaited) const {
    std::string waits = "depid=\"-1\" deps=\"-1\"";
    if (line.after)
      waits = fmt::format("depid=\"{}\" deps=\"{}\"", line.after->lane,
                          ends_[line.after->lane][line.after->step]);
    const int count = line.source || line.destination ? 1 : 0;
    return fmt::format("      <step s=\"{}\" type=\"{}\" {} {} cnt=\"{}\" {} hasdep=\"{:d}\"/>\n",
                       index, line.type, spanText("src", line.source),
                       spanText("dst", line.destination), count, waits, isAwaited);
  }

  [[nodiscard]] std::vector<std::vector<bool>> awaitedLines() const {
    std::vector<std::vector<bool>> awaited;
    for (const auto& lines : blocks_) awaited.emplace_back(lines.size(), false);
    for (const auto& lines : blocks_) {
      for (const Line& line : lines) {
        if (line.after) awaited[line.after->lane][ends_[line.after->lane][line.after->step]] = true;
      }
    }
    return awaited;
  }

  const Schedule& schedule_;
  const int rank_;
  std::vector<std::vector<Line>> blocks_;  // by lane
  std::vector<std::vector<size_t>> ends_;  // by lane and step of ours: its last line
};

Status checkExpressible(const Schedule& schedule) {
  if (collectiveWord(schedule.collective) == nullptr)
    return invalidArgument(
        fmt::format("MSCCL XML has no word for a {}", name(schedule.collective)));
  if (!schedule.types.empty() || schedule.ops.size() > 1)
    return invalidArgument("MSCCL XML cannot limit a schedule to types, nor to several operations");
  if (!schedule.topology.empty())
    return invalidArgument("MSCCL XML cannot name the topology that a schedule is made for");
  return {};
}

std::string escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          escaped += fmt::format("&#{};", static_cast<int>(c));
        else
          escaped += c;
    }
  }
  return escaped;
}

std::string headerText(const Schedule& schedule, const MscclXmlOptions& options) {
  uint32_t channels = 1;
  for (const RankProgram& program : schedule.ranks) {
    for (const Lane& lane : program.lanes) channels = std::max(channels, lane.channel + 1);
  }
  std::string text = fmt::format(
      "<algo name=\"{}\" proto=\"Simple\" nchannels=\"{}\" nchunksperloop=\"{}\" ngpus=\"{}\" "
      "coll=\"{}\" inplace=\"{:d}\" outofplace=\"1\"",
      escaped(schedule.name), channels, std::max(schedule.inputChunks, schedule.outputChunks),
      schedule.rankCount, collectiveWord(schedule.collective), options.inPlace);
  if (schedule.minBytes != 0) text += fmt::format(" minBytes=\"{}\"", schedule.minBytes);
  if (schedule.maxBytes != 0) text += fmt::format(" maxBytes=\"{}\"", schedule.maxBytes);
  if (!schedule.ops.empty()) text += fmt::format(" redop=\"{}\"", name(schedule.ops[0]));
  if (schedule.root != -1) text += fmt::format(" root=\"{}\"", schedule.root);
  return text + ">\n";
}

}  // namespace

Result<std::string> toMscclXml(const Schedule& schedule, const MscclXmlOptions& options) {
  INCCL_TRY(validate(schedule));
  INCCL_TRY(checkExpressible(schedule));
  std::string text = headerText(schedule, options);
  for (int rank = 0; rank < schedule.rankCount; ++rank) {
    RankWriter writer(schedule, rank);
    INCCL_TRY(writer.prepare());
    text += writer.text();
  }
  return text + "</algo>\n";
}

}  // namespace inccl::schedule
