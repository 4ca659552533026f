#include "ina/model/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <sstream>

namespace inccl::ina_model {
namespace {

enum Field : unsigned {
  kWorker = 1,
  kSession = 2,
  kSlot = 4,
  kGeneration = 8,
  kTag = 16,
  kOperation = 32,
  kChunk = 64,
  kOwn = 128,
  kPacket = 256,
  kReply = 512,
};
constexpr unsigned kUse = kPacket | kWorker | kSession | kSlot | kGeneration;

struct Form {
  const char* word;
  unsigned fields;
};
// In the order of TraceKind.
constexpr Form kForms[] = {
    {"install", kSession},
    {"call", kWorker | kTag},
    {"send", kUse | kTag},
    {"switch", kUse | kTag | kReply},
    {"take", kUse | kOwn},
    {"drop", kUse | kOwn},
    {"return", kWorker | kOperation},
    {"fail", kWorker},
    {"die", kWorker},
    {"lose-registers", 0},
    {"lose-table", 0},
    {"seal", 0},
    {"report", kWorker},
    {"commit-network", kSession},
    {"commit-host", 0},
    {"apply", kWorker},
    {"repair", kWorker | kChunk},
};

struct Number {
  const char* key;
  Field field;
  uint32_t TraceEvent::*member;
};
constexpr Number kNumbers[] = {
    {"worker", kWorker, &TraceEvent::worker}, {"session", kSession, &TraceEvent::session},
    {"slot", kSlot, &TraceEvent::slot},       {"generation", kGeneration, &TraceEvent::generation},
    {"tag", kTag, &TraceEvent::tag},          {"operation", kOperation, &TraceEvent::operation},
    {"chunk", kChunk, &TraceEvent::chunk},    {"own", kOwn, &TraceEvent::own},
};

// In the order of Kind and of Reply.
constexpr const char* kPackets[] = {"data", "probe", "result", "header", "status", "mismatch"};
constexpr const char* kReplies[] = {"nothing", "result-to-all",   "result-to-one",
                                    "status",  "mismatch-to-all", "mismatch-to-one",
                                    "nak"};

template <size_t N>
std::optional<size_t> indexOf(const char* const (&names)[N], const std::string& name) {
  const auto* const found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) return std::nullopt;
  return static_cast<size_t>(found - std::begin(names));
}

std::optional<uint32_t> numberFrom(const std::string& text) {
  if (text.empty() || text.size() > 10) return std::nullopt;
  uint64_t number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + static_cast<uint64_t>(digit - '0');
  }
  if (number > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(number);
}

// The field that "key=value" sets; nothing where it sets none.
std::optional<Field> setField(TraceEvent& event, const std::string& key, const std::string& value) {
  if (key == "packet" || key == "reply") {
    const auto index = key == "packet" ? indexOf(kPackets, value) : indexOf(kReplies, value);
    if (!index) return std::nullopt;
    if (key == "packet") event.packet = static_cast<Kind>(*index);
    if (key == "reply") event.reply = static_cast<Reply>(*index);
    return key == "packet" ? kPacket : kReply;
  }
  for (const Number& number : kNumbers) {
    if (key != number.key) continue;
    const auto given = numberFrom(value);
    if (!given) return std::nullopt;
    event.*number.member = *given;
    return number.field;
  }
  return std::nullopt;
}

}  // namespace

std::string toText(const TraceEvent& event) {
  const Form& form = kForms[static_cast<size_t>(event.kind)];
  std::string text = form.word;
  if ((form.fields & kPacket) != 0) {
    text += fmt::format(" packet={}", kPackets[static_cast<size_t>(event.packet)]);
  }
  for (const Number& number : kNumbers) {
    if ((form.fields & number.field) == 0) continue;
    text += fmt::format(" {}={}", number.key, event.*number.member);
  }
  if ((form.fields & kReply) != 0) {
    text += fmt::format(" reply={}", kReplies[static_cast<size_t>(event.reply)]);
  }
  return text;
}

std::optional<TraceEvent> eventFrom(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  const auto* const form = std::find_if(std::begin(kForms), std::end(kForms),
                                        [&](const Form& f) { return word == f.word; });
  if (form == std::end(kForms)) return std::nullopt;
  TraceEvent event;
  event.kind = static_cast<TraceKind>(form - std::begin(kForms));
  unsigned seen = 0;
  while (words >> word) {
    const size_t at = word.find('=');
    if (at == std::string::npos) return std::nullopt;
    const auto field = setField(event, word.substr(0, at), word.substr(at + 1));
    if (!field || (seen & *field) != 0) return std::nullopt;
    seen |= *field;
  }
  if (seen != form->fields) return std::nullopt;
  return event;
}

}  // namespace inccl::ina_model
