// As in json_reader.cc the first thing that is wrong is kept, with its line, later reads return
// something harmless, and the failure is looked at once, at the end.
#include "schedule/msccl_xml_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <pugixml.hpp>
#include <set>

#include "base/log.h"
#include "schedule/validate.h"

namespace inccl::schedule::msccl {
namespace {

class LineIndex {
 public:
  explicit LineIndex(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') ends_.push_back(i);
    }
  }
  [[nodiscard]] uint32_t lineAt(ptrdiff_t offset) const {
    if (offset < 0) return 0;
    const auto end = std::lower_bound(ends_.begin(), ends_.end(), static_cast<size_t>(offset));
    return static_cast<uint32_t>(end - ends_.begin()) + 1;
  }

 private:
  std::vector<size_t> ends_;
};

class Element {
 public:
  Element(pugi::xml_node node, const LineIndex& lines, Status& failure)
      : node_(node), lines_(&lines), failure_(&failure) {}

  [[nodiscard]] uint32_t line() const { return lines_->lineAt(node_.offset_debug()); }
  void fail(std::string_view reason) const {
    if (failure_->ok()) *failure_ = refuse(line(), node_.name(), reason);
  }
  void failAttribute(const char* name, std::string_view reason) const {
    fail(fmt::format("{}=\"{}\": {}", name, node_.attribute(name).value(), reason));
  }
  [[nodiscard]] bool has(const char* name) const { return !node_.attribute(name).empty(); }

  // MSCCL's own parser takes no notice of attributes that it does not know, so we refuse none.
  void expectAttributes(std::initializer_list<std::string_view> names) const {
    std::set<std::string_view> seen;
    for (const pugi::xml_attribute attribute : node_.attributes()) {
      const std::string_view name = attribute.name();
      if (!seen.insert(name).second) fail(fmt::format("\"{}\" stands twice", name));
      if (std::find(names.begin(), names.end(), name) == names.end())
        logInfo("MSCCL XML: line {}: <{}>: \"{}\" is not known, and ignored", line(), node_.name(),
                name);
    }
  }

  [[nodiscard]] std::string_view text(const char* name) const {
    if (!has(name)) fail(fmt::format("has no \"{}\"", name));
    return node_.attribute(name).value();
  }
  [[nodiscard]] int64_t integer(const char* name, int64_t least, int64_t most) const {
    const std::string_view digits = text(name);
    int64_t number = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (has(name) && (error != std::errc() || end != digits.data() + digits.size()))
      failAttribute(name, "is not a whole number");
    else if (has(name) && (number < least || number > most))
      failAttribute(name, fmt::format("is not in {} … {}", least, most));
    else
      return number;
    return least;
  }
  [[nodiscard]] uint32_t chunks(const char* name) const {
    return static_cast<uint32_t>(integer(name, 0, kMaxChunks));
  }
  [[nodiscard]] bool flag(const char* name) const { return integer(name, 0, 1) == 1; }
  // A word of a table of (word, value).
  template <typename Table>
  [[nodiscard]] auto word(const char* name, const Table& table) const {
    const std::string_view text = this->text(name);
    for (const auto& [known, value] : table) {
      if (text == known) return value;
    }
    failAttribute(name, "is not known here");
    return table[0].second;
  }
  // A list of words, by their parser.
  template <typename Value, typename Parse>
  [[nodiscard]] std::vector<Value> words(const char* name, Parse parse) const {
    std::vector<Value> values;
    std::string_view rest = has(name) ? text(name) : std::string_view();
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(word.size() + 1, rest.size()));
      if (const std::optional<Value> value = parse(word))
        values.push_back(*value);
      else
        failAttribute(name, fmt::format("\"{}\" is not known here", word));
    }
    return values;
  }

  // `ignored` may stand there too, and says nothing to us.
  [[nodiscard]] std::vector<Element> children(std::string_view name,
                                              std::string_view ignored = {}) const {
    std::vector<Element> found;
    for (const pugi::xml_node child : node_.children()) {
      const std::string_view its = child.name();
      if (child.type() != pugi::node_element) {
        fail("holds text");
      } else if (its == name) {
        found.emplace_back(child, *lines_, *failure_);
      } else if (its != ignored) {
        Element(child, *lines_, *failure_).fail(fmt::format("has no place in <{}>", node_.name()));
      }
    }
    return found;
  }

 private:
  pugi::xml_node node_;
  const LineIndex* lines_;
  Status* failure_;
};

constexpr std::array kBuffers = {
    std::pair{"i", Buffer::kInput},
    std::pair{"o", Buffer::kOutput},
    std::pair{"s", Buffer::kScratch},
};
constexpr std::array kProtocols = {std::pair{"Simple", 0}, std::pair{"LL", 1},
                                   std::pair{"LL128", 2}};
constexpr std::array kRedOps = {
    std::pair{"nop", std::optional<RedOp>()},
    std::pair{"sum", std::optional(RedOp::kSum)},
    std::pair{"prod", std::optional(RedOp::kProd)},
    std::pair{"max", std::optional(RedOp::kMax)},
    std::pair{"min", std::optional(RedOp::kMin)},
};

uint32_t chunksOf(const GpuElement& gpu, Buffer buffer) {
  switch (buffer) {
    case Buffer::kInput:
      return gpu.inputChunks;
    case Buffer::kOutput:
      return gpu.outputChunks;
    case Buffer::kScratch:
      return gpu.scratchChunks;
  }
  return 0;
}

ChunkRef readChunk(const Element& element, const GpuElement& gpu, const char* bufferName,
                   const char* offsetName, uint32_t count, bool isUsed) {
  const Buffer buffer = element.word(bufferName, kBuffers);
  const int64_t offset = element.integer(offsetName, -1, kMaxChunks);
  if (!isUsed) return {};
  const uint32_t available = chunksOf(gpu, buffer);
  if (offset < 0 || offset + count > available)
    element.failAttribute(
        offsetName, fmt::format("{} from there on, but gpu {} has {} in its {}",
                                count == 1 ? "1 chunk" : fmt::format("{} chunks", count), gpu.id,
                                available, name(buffer)));
  return {buffer, static_cast<uint32_t>(std::max<int64_t>(offset, 0))};
}

StepElement readStep(const Element& element, const GpuElement& gpu, const BlockElement& block) {
  element.expectAttributes({"s", "type", "srcbuf", "srcoff", "dstbuf", "dstoff", "cnt", "depid",
                            "deps", "hasdep"});
  StepElement step;
  step.line = element.line();
  const auto index = static_cast<int64_t>(block.steps.size());
  if (element.integer("s", 0, INT32_MAX) != index)
    element.failAttribute("s", fmt::format("step {} should stand here", index));
  if (element.text("type") == "ra")
    element.fail("type=\"ra\": MSCCL reads this type, but has no code that runs it");
  step.kind = element.word("type", kStepTypes);
  const bool isNop = step.kind == StepKind::kNop;
  step.count = static_cast<uint32_t>(element.integer("cnt", isNop ? 0 : 1, kMaxChunks));
  step.source = readChunk(element, gpu, "srcbuf", "srcoff", step.count, usesSource(step.kind));
  step.destination =
      readChunk(element, gpu, "dstbuf", "dstoff", step.count, usesDestination(step.kind));
  step.waitsForBlock = static_cast<int>(element.integer("depid", -1, INT32_MAX));
  step.waitsForStep = static_cast<int>(element.integer("deps", -1, INT32_MAX));
  if ((step.waitsForBlock < 0) != (step.waitsForStep < 0))
    element.fail("depid and deps name a step together, or are both -1");
  step.isAwaited = element.flag("hasdep");
  if (sends(step.kind) && block.sendPeer < 0)
    element.failAttribute("type", "its tb has no peer to send to");
  if (receives(step.kind) && block.recvPeer < 0)
    element.failAttribute("type", "its tb has no peer to receive from");
  return step;
}

int readPeer(const Element& element, const char* name, const Document& document,
             const GpuElement& gpu) {
  const int peer = static_cast<int>(element.integer(name, -1, document.rankCount - 1));
  if (peer == gpu.id) element.failAttribute(name, "is the gpu itself");
  return peer;
}

BlockElement readBlock(const Element& element, const Document& document, const GpuElement& gpu,
                       int64_t channels) {
  element.expectAttributes({"id", "send", "recv", "chan"});
  BlockElement block;
  block.line = element.line();
  block.id = static_cast<int>(element.integer("id", 0, INT32_MAX));
  block.sendPeer = readPeer(element, "send", document, gpu);
  block.recvPeer = readPeer(element, "recv", document, gpu);
  block.channel = static_cast<int>(element.integer("chan", -1, channels - 1));
  if (block.channel < 0 && (block.sendPeer >= 0 || block.recvPeer >= 0))
    element.failAttribute("chan", "a tb with peers needs a channel");
  for (const Element& step : element.children("step"))
    block.steps.push_back(readStep(step, gpu, block));
  return block;
}

// Puts items into the order of their ids, which must be 0, 1, 2 …
template <typename Item>
Status sortById(std::vector<Item>& items, std::string_view element) {
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.id < b.id; });
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0 && items[i].id == items[i - 1].id)
      return refuse(items[i].line, element,
                    fmt::format("id=\"{}\": stands in line {} already", items[i].id,
                                items[i - 1].line));
    if (items[i].id != static_cast<int>(i))
      return refuse(items[i].line, element,
                    fmt::format("id=\"{}\": there is no {} {}", items[i].id, element, i));
  }
  return {};
}

GpuElement readGpu(const Element& element, const Document& document, int64_t channels) {
  element.expectAttributes({"id", "i_chunks", "o_chunks", "s_chunks"});
  GpuElement gpu;
  gpu.line = element.line();
  gpu.id = static_cast<int>(element.integer("id", 0, document.rankCount - 1));
  gpu.inputChunks = element.chunks("i_chunks");
  gpu.outputChunks = element.chunks("o_chunks");
  gpu.scratchChunks = element.chunks("s_chunks");
  for (const Element& block : element.children("tb", "copy"))
    gpu.blocks.push_back(readBlock(block, document, gpu, channels));
  return gpu;
}

void readLimits(const Element& element, Document& document) {
  if (element.has("minBytes"))
    document.minBytes = static_cast<uint64_t>(element.integer("minBytes", 0, INT64_MAX));
  if (element.has("maxBytes"))
    document.maxBytes = static_cast<uint64_t>(element.integer("maxBytes", 0, INT64_MAX));
  if (document.maxBytes == kNoByteLimit) document.maxBytes = 0;
  if (document.maxBytes != 0 && document.minBytes > document.maxBytes)
    element.failAttribute("minBytes", "is above maxBytes");
  document.types = element.words<DataType>("types", parseDataType);
  document.ops = element.words<RedOp>("ops", parseRedOp);
  if (element.has("redop")) {
    const std::optional<RedOp> op = element.word("redop", kRedOps);
    if (op && !document.ops.empty()) element.failAttribute("redop", "stands beside ops");
    if (op) document.ops = {*op};
  }
  if (element.has("topology")) document.topology = element.text("topology");
}

Document readAlgo(const Element& element) {
  element.expectAttributes({"name", "proto", "nchannels", "nchunksperloop", "ngpus", "coll",
                            "inplace", "outofplace", "minBytes", "maxBytes", "nthreads", "redop",
                            "root", "types", "ops", "topology"});
  Document document;
  document.line = element.line();
  document.name = element.text("name");
  (void)element.word("proto", kProtocols);  // how bytes travel is our transports' affair
  document.rankCount = static_cast<int>(element.integer("ngpus", 1, kMaxRanks));
  document.chunksPerLoop = static_cast<uint32_t>(element.integer("nchunksperloop", 1, kMaxChunks));
  if (element.text("coll") == "custom")
    element.fail("coll=\"custom\": nothing says what a custom collective should compute");
  document.collective = element.word("coll", kCollectiveWords);
  document.inPlace = element.flag("inplace");
  if (element.has("outofplace") && !element.flag("outofplace") && !document.inPlace)
    element.fail("works neither in place nor out of place");
  if (element.has("nthreads")) (void)element.integer("nthreads", 1, INT32_MAX);
  if (element.has("root")) {
    document.root = static_cast<int>(element.integer("root", 0, document.rankCount - 1));
    if (!isRooted(document.collective)) element.failAttribute("root", "this collective has none");
  }
  readLimits(element, document);
  const int64_t channels = element.integer("nchannels", 0, INT32_MAX);
  for (const Element& gpu : element.children("gpu"))
    document.gpus.push_back(readGpu(gpu, document, channels));
  if (document.gpus.size() != static_cast<size_t>(document.rankCount))
    element.failAttribute("ngpus", fmt::format("there are {}", document.gpus.size()));
  return document;
}

// pugixml reads on where XML is not strict: text outside of the elements, several of them.
Status parseXml(std::string_view text, const LineIndex& lines, pugi::xml_document& xml) {
  const pugi::xml_parse_result result =
      xml.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!result)
    return invalidArgument(
        fmt::format("line {}: not XML: {}", lines.lineAt(result.offset), result.description()));
  constexpr std::string_view kSpaces = " \t\r\n\xef\xbb\xbf";
  const size_t first = text.find_first_not_of(kSpaces), last = text.find_last_not_of(kSpaces);
  if (text[first] != '<' || text[last] != '>')
    return invalidArgument(fmt::format("line {}: text outside of the elements",
                                       lines.lineAt(static_cast<ptrdiff_t>(
                                           text[first] != '<' ? first : last))));
  const pugi::xml_node root = xml.document_element();
  if (std::string_view(root.name()) != "algo")
    return refuse(lines.lineAt(root.offset_debug()), root.name(), "an MSCCL plan is an <algo>");
  for (pugi::xml_node other = root.next_sibling(); other; other = other.next_sibling()) {
    if (other.type() == pugi::node_element)
      return refuse(lines.lineAt(other.offset_debug()), other.name(), "stands behind the <algo>");
  }
  return {};
}

}  // namespace

Status refuse(uint32_t line, std::string_view element, std::string_view reason) {
  return invalidArgument(fmt::format("line {}: <{}>: {}", line, element, reason));
}

Result<Document> parseDocument(std::string_view text) {
  const LineIndex lines(text);
  pugi::xml_document xml;
  INCCL_TRY(parseXml(text, lines, xml));
  Status failure;
  Document document = readAlgo(Element(xml.document_element(), lines, failure));
  INCCL_TRY(std::move(failure));
  INCCL_TRY(sortById(document.gpus, "gpu"));
  for (GpuElement& gpu : document.gpus) INCCL_TRY(sortById(gpu.blocks, "tb"));
  return document;
}

}  // namespace inccl::schedule::msccl
