// Reading with a sticky failure, as json_reader.cc: the code below reads as the form itself.
#include "schedule/msccl_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <pugixml.hpp>
#include <set>

#include "base/environment.h"
#include "schedule/validate.h"

namespace inccl::schedule::msccl {
namespace {

// Lines of the text by offset.
class Lines {
 public:
  explicit Lines(std::string_view text) {
    for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
      ends_.push_back(static_cast<ptrdiff_t>(at));
  }
  [[nodiscard]] int at(ptrdiff_t offset) const {
    return 1 +
           static_cast<int>(std::lower_bound(ends_.begin(), ends_.end(), offset) - ends_.begin());
  }

 private:
  std::vector<ptrdiff_t> ends_;
};

// An element, and how to complain about it.
class Element {
 public:
  Element(pugi::xml_node node, const Lines& lines, Status& failure)
      : node_(node), lines_(&lines), failure_(&failure) {}

  [[nodiscard]] int line() const { return lines_->at(node_.offset_debug()); }
  void fail(std::string_view reason) const {
    if (failure_->ok())
      *failure_ = failureAt(line(), fmt::format("<{}>: {}", node_.name(), reason));
  }
  [[nodiscard]] bool failed() const { return !failure_->ok(); }

  [[nodiscard]] bool has(const char* key) const { return !node_.attribute(key).empty(); }
  [[nodiscard]] std::string text(const char* key) const {
    if (!has(key)) fail(fmt::format("has no attribute {}", key));
    return node_.attribute(key).value();
  }
  [[nodiscard]] int64_t number(const char* key, int64_t least, int64_t most) const {
    const std::string value = text(key);
    int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size())
      fail(fmt::format("{} \"{}\" is not a whole number", key, value));
    else if (number < least || number > most)
      fail(fmt::format("{} {} is not in {} … {}", key, number, least, most));
    else
      return number;
    return std::clamp<int64_t>(0, least, most);
  }
  [[nodiscard]] int64_t number(const char* key, int64_t least, int64_t most, int64_t absent) const {
    return has(key) ? number(key, least, most) : absent;
  }

  // The children, all of them called `name`; `ignored` ones are passed over.
  [[nodiscard]] std::vector<Element> children(std::string_view name,
                                              std::string_view ignored = {}) const {
    std::vector<Element> found;
    for (const pugi::xml_node child : node_.children()) {
      const Element element(child, *lines_, *failure_);
      if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
        fail(fmt::format("text \"{:.20}\" between the elements", child.value()));
      else if (name == child.name())
        found.push_back(element);
      else if (ignored != child.name())
        element.fail(fmt::format("is unknown inside <{}>", node_.name()));
    }
    return found;
  }
  // The children in the order of their numbers `key`, which must be 0 … count - 1.
  [[nodiscard]] std::vector<Element> numbered(std::string_view name, const char* key, int most,
                                              std::string_view ignored = {}) const {
    std::vector<Element> found = children(name, ignored);
    if (found.size() > static_cast<size_t>(most))
      fail(fmt::format("{} <{}>, the most is {}", found.size(), name, most));
    if (failed()) return {};
    std::vector<std::pair<int64_t, Element>> byNumber;
    for (const Element& element : found)
      byNumber.emplace_back(element.number(key, 0, most), element);
    std::ranges::stable_sort(byNumber, {}, &std::pair<int64_t, Element>::first);
    for (size_t i = 0; i < byNumber.size(); ++i) {
      if (byNumber[i].first != static_cast<int64_t>(i))
        byNumber[i].second.fail(
            fmt::format("{} {} stands where {} should: they count from 0, each "
                        "once",
                        key, byNumber[i].first, i));
      found[i] = byNumber[i].second;
    }
    return found;
  }
  void refuseDoubledAttributes() const {
    std::set<std::string_view> seen;
    for (const pugi::xml_attribute attribute : node_.attributes()) {
      if (!seen.insert(attribute.name()).second)
        fail(fmt::format("{} stands twice", attribute.name()));
    }
  }

 private:
  pugi::xml_node node_;
  const Lines* lines_;
  Status* failure_;
};

// Spelled with and without underscores and capitals by different tools.
std::optional<Collective> parseCollective(std::string_view text) {
  std::string word = lowerCase(text);
  std::erase(word, '_');
  if (word == "allreduce") return Collective::kAllReduce;
  if (word == "allgather") return Collective::kAllGather;
  if (word == "reduce") return Collective::kReduce;
  if (word == "broadcast") return Collective::kBroadcast;
  if (word == "alltoall") return Collective::kAllToAll;
  if (word == "reducescatter") return Collective::kReduceScatter;
  if (word == "gather") return Collective::kGather;
  if (word == "scatter") return Collective::kScatter;
  return std::nullopt;
}

struct TypeWord {
  std::string_view word;
  StepType type;
  bool sends, receives, reads, writes;
};
constexpr TypeWord kTypes[] = {
    {"nop", StepType::kNop, false, false, false, false},
    {"s", StepType::kSend, true, false, true, false},
    {"r", StepType::kRecv, false, true, false, true},
    {"rcs", StepType::kRecvCopySend, true, true, false, true},
    {"rrs", StepType::kRecvReduceSend, true, true, true, false},
    {"rrc", StepType::kRecvReduceCopy, false, true, true, true},
    {"rrcs", StepType::kRecvReduceCopySend, true, true, true, true},
    {"cpy", StepType::kCopy, false, false, true, true},
    {"re", StepType::kReduce, false, false, true, true},
};

const TypeWord* readType(const Element& element) {
  const std::string word = element.text("type");
  for (const TypeWord& known : kTypes) {
    if (known.word == word) return &known;
  }
  if (word == "ra")
    element.fail("type ra: MSCCL reads it but never runs it, so it has no meaning");
  else
    element.fail(fmt::format("type \"{}\" is unknown", word));
  return nullptr;
}

Span readSpan(const Element& element, const char* buffer, const char* offset) {
  Span span;
  const std::string word = element.text(buffer);
  if (word == "i" || word == "input")
    span.buffer = Buffer::kInput;
  else if (word == "o" || word == "output")
    span.buffer = Buffer::kOutput;
  else if (word == "s" || word == "scratch")
    span.buffer = Buffer::kScratch;
  else
    element.fail(fmt::format("{} \"{}\" is not i, o or s", buffer, word));
  span.index = static_cast<int>(element.number(offset, 0, kMaxChunks));
  return span;
}

Step readStep(const Element& element, const ThreadBlock& block) {
  element.refuseDoubledAttributes();
  Step step;
  step.line = element.line();
  const TypeWord* const type = readType(element);
  if (type == nullptr) return step;
  step.type = type->type;
  if (type->sends && block.sendPeer == -1) element.fail("sends, but its <tb> has send=\"-1\"");
  if (type->receives && block.recvPeer == -1)
    element.fail("receives, but its <tb> has recv=\"-1\"");
  if (type->reads) step.source = readSpan(element, "srcbuf", "srcoff");
  if (type->writes) step.destination = readSpan(element, "dstbuf", "dstoff");
  if (type->reads || type->writes)
    step.count = static_cast<uint32_t>(element.number("cnt", 1, kMostChunksOfStep, 1));
  const auto on = static_cast<int>(element.number("depid", -1, kMostBlocks, -1));
  const auto after = static_cast<int>(element.number("deps", -1, kMostSteps, -1));
  if ((on == -1) != (after == -1))
    element.fail(fmt::format("depid {} with deps {}: both or none", on, after));
  if (on != -1) step.waitsFor = Dependency{on, after};
  step.deniesDependents = element.number("hasdep", 0, 1, 1) == 0;
  return step;
}

ThreadBlock readBlock(const Element& element, int rank, int rankCount) {
  element.refuseDoubledAttributes();
  ThreadBlock block;
  block.line = element.line();
  block.sendPeer = static_cast<int>(element.number("send", -1, rankCount - 1));
  block.recvPeer = static_cast<int>(element.number("recv", -1, rankCount - 1));
  if (block.sendPeer == rank || block.recvPeer == rank) element.fail("is its own peer");
  // Blocks without peers have no channel; -1 says so.
  block.channel =
      static_cast<uint32_t>(std::max<int64_t>(0, element.number("chan", -1, kMaxChannels - 1, 0)));
  for (const Element& step : element.numbered("step", "s", kMostSteps)) {
    block.steps.push_back(readStep(step, block));
    if (element.failed()) break;
  }
  return block;
}

// A FIFO belongs to one thread block on each side.
void checkFifos(const Element& element, const Gpu& gpu) {
  std::set<std::tuple<bool, int, uint32_t>> taken;
  for (const ThreadBlock& block : gpu.blocks) {
    for (const bool sends : {true, false}) {
      const int peer = sends ? block.sendPeer : block.recvPeer;
      if (peer != -1 && !taken.insert({sends, peer, block.channel}).second)
        element.fail(fmt::format("two <tb>, the second on line {}, {} rank {} on channel {}",
                                 block.line, sends ? "send to" : "receive from", peer,
                                 block.channel));
    }
  }
}

void checkDependencies(const Element& element, const Gpu& gpu) {
  for (const ThreadBlock& block : gpu.blocks) {
    for (const Step& step : block.steps) {
      if (!step.waitsFor) continue;
      const auto [on, after] = *step.waitsFor;
      if (static_cast<size_t>(on) >= gpu.blocks.size() ||
          static_cast<size_t>(after) >= gpu.blocks[on].steps.size())
        return element.fail(
            fmt::format("the step on line {} waits for step {} of tb {}, which does "
                        "not exist",
                        step.line, after, on));
      if (gpu.blocks[on].steps[after].deniesDependents)
        return element.fail(
            fmt::format("the step on line {} waits for step {} of tb {}, which says "
                        "hasdep=\"0\"",
                        step.line, after, on));
    }
  }
}

Gpu readGpu(const Element& element, int rank, int rankCount) {
  element.refuseDoubledAttributes();
  Gpu gpu;
  gpu.line = element.line();
  gpu.inputChunks = static_cast<uint32_t>(element.number("i_chunks", 0, kMaxChunks, 0));
  gpu.outputChunks = static_cast<uint32_t>(element.number("o_chunks", 0, kMaxChunks, 0));
  gpu.scratchChunks = static_cast<uint32_t>(element.number("s_chunks", 0, kMaxChunks, 0));
  for (const Element& copy : element.children("copy", "tb")) {
    gpu.copies.push_back({copy.line(), static_cast<uint32_t>(copy.number("i_off", 0, kMaxChunks)),
                          static_cast<uint32_t>(copy.number("o_off", 0, kMaxChunks))});
  }
  for (const Element& block : element.numbered("tb", "id", kMostBlocks, "copy"))
    gpu.blocks.push_back(readBlock(block, rank, rankCount));
  if (element.failed()) return gpu;
  checkFifos(element, gpu);
  checkDependencies(element, gpu);
  return gpu;
}

void readLimits(const Element& element, Algorithm& algorithm) {
  algorithm.minBytes = static_cast<uint64_t>(element.number("minBytes", 0, INT64_MAX, 0));
  algorithm.maxBytes = static_cast<uint64_t>(element.number("maxBytes", 0, INT64_MAX, 0));
  const std::string op = element.has("redop") ? element.text("redop") : "nop";
  if (op == "nop") return;
  algorithm.op = parseRedOp(op);
  if (!algorithm.op) element.fail(fmt::format("redop \"{}\" is unknown", op));
}

Algorithm readAlgorithm(const Element& element) {
  element.refuseDoubledAttributes();
  Algorithm algorithm;
  algorithm.line = element.line();
  algorithm.name = element.text("name");
  const auto collective = parseCollective(element.text("coll"));
  if (!collective)
    element.fail(fmt::format("coll \"{}\": its result is not defined here, so it cannot be proved",
                             element.text("coll")));
  algorithm.collective = collective.value_or(Collective::kAllReduce);
  if (element.has("proto")) {
    const std::string proto = lowerCase(element.text("proto"));
    if (proto != "simple" && proto != "ll" && proto != "ll128")
      element.fail(fmt::format("proto \"{}\" is not Simple, LL or LL128", element.text("proto")));
  }
  const auto rankCount = static_cast<int>(element.number("ngpus", 1, kMaxRanks));
  algorithm.chunksPerLoop = static_cast<uint32_t>(element.number("nchunksperloop", 1, kMaxChunks));
  const bool inPlace = element.number("inplace", 0, 1, 0) == 1;
  algorithm.onlyInPlace = inPlace && element.number("outofplace", 0, 1, 0) == 0;
  algorithm.root = static_cast<int>(element.number("root", -1, rankCount - 1, -1));
  readLimits(element, algorithm);
  const std::vector<Element> gpus = element.numbered("gpu", "id", kMaxRanks);
  if (gpus.size() != static_cast<size_t>(rankCount))
    element.fail(fmt::format("{} <gpu> with ngpus={}", gpus.size(), rankCount));
  if (element.failed()) return algorithm;
  for (size_t rank = 0; rank < gpus.size() && !element.failed(); ++rank)
    algorithm.gpus.push_back(readGpu(gpus[rank], static_cast<int>(rank), rankCount));
  return algorithm;
}

}  // namespace

Status failureAt(int line, std::string_view why) {
  return invalidArgument(fmt::format("line {}: {}", line, why));
}

Result<Algorithm> parseDocument(std::string_view text) {
  const Lines lines(text);
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(text.data(), text.size());
  if (!parsed)
    return failureAt(lines.at(parsed.offset), fmt::format("not XML: {}", parsed.description()));
  Status failure;
  const std::vector<Element> roots = Element(document, lines, failure).children("algo");
  if (!failure.ok()) return failure;
  if (roots.size() != 1)
    return failureAt(1, fmt::format("{} <algo> elements, one is needed", roots.size()));
  Algorithm algorithm = readAlgorithm(roots[0]);
  if (!failure.ok()) return failure;
  return algorithm;
}

}  // namespace inccl::schedule::msccl
