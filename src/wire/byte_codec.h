// Bytes to values and back: little endian, no padding, every read checked.
//
// A message describes its layout once, as a template over the codec (control_messages.h), and that
// one description both writes and reads it, so the two directions cannot drift apart. A Reader
// never trusts a length or a count: it takes nothing beyond its input, refuses what exceeds the
// field's limit, and reserves memory only for elements that can still follow. The first failure
// sticks; values read after it are zero.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/status.h"

namespace inccl::wire {

// A text as a byte string, and back.
inline std::vector<std::byte> toBytes(std::string_view text) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}
inline std::string_view toText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Writer {
 public:
  template <typename Integer>
  void integer(const Integer& value) {
    static_assert(std::is_integral_v<Integer>);
    auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
    for (size_t i = 0; i < sizeof(Integer); ++i) {
      bytes_.push_back(static_cast<std::byte>(bits & 0xff));
      if constexpr (sizeof(Integer) > 1) bits = static_cast<decltype(bits)>(bits >> 8);
    }
  }
  void flag(const bool& value) { bytes_.push_back(value ? std::byte{1} : std::byte{0}); }
  template <typename Enum>
  void choice(const Enum& value, bool (*)(Enum)) {
    integer(static_cast<uint8_t>(value));
  }
  template <size_t N>
  void array(const std::array<std::byte, N>& value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }
  // Cut off at `limit` bytes: names and sentences for people.
  void text(const std::string& value, size_t limit) {
    const size_t length = value.size() < limit ? value.size() : limit;
    integer(static_cast<uint16_t>(length));
    const auto* data = reinterpret_cast<const std::byte*>(value.data());
    bytes_.insert(bytes_.end(), data, data + length);
  }
  // Never longer than `limit`: the caller has checked.
  void blob(const std::vector<std::byte>& value, [[maybe_unused]] size_t limit) {
    assert(value.size() <= limit);
    integer(static_cast<uint32_t>(value.size()));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }
  template <typename Integer>
  void integers(const std::vector<Integer>& values, [[maybe_unused]] size_t limit) {
    assert(values.size() <= limit);
    integer(static_cast<uint32_t>(values.size()));
    for (const Integer value : values) integer(value);
  }
  template <typename Message>
  void list(const std::vector<Message>& values, [[maybe_unused]] size_t limit) {
    assert(values.size() <= limit);
    integer(static_cast<uint32_t>(values.size()));
    for (const Message& value : values) Message::fields(*this, value);
  }

  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> input) : rest_(input) {}

  template <typename Integer>
  void integer(Integer& value) {
    static_assert(std::is_integral_v<Integer>);
    value = 0;
    const auto raw = bytes(sizeof(Integer));
    uint64_t bits = 0;
    for (size_t i = raw.size(); i-- > 0;) bits = bits << 8 | static_cast<uint8_t>(raw[i]);
    value = static_cast<Integer>(bits);
  }
  void flag(bool& value) {
    uint8_t byte = 0;
    integer(byte);
    if (byte > 1) fail("a flag is neither 0 nor 1");
    value = byte == 1;
  }
  // `isKnown` says which values the enumeration has.
  template <typename Enum>
  void choice(Enum& value, bool (*isKnown)(Enum)) {
    uint8_t byte = 0;
    integer(byte);
    if (failed()) return;
    if (isKnown(static_cast<Enum>(byte)))
      value = static_cast<Enum>(byte);
    else
      fail("an enumeration has an unknown value");
  }
  template <size_t N>
  void array(std::array<std::byte, N>& value) {
    const auto raw = bytes(N);
    value.fill(std::byte{0});
    if (!raw.empty()) std::memcpy(value.data(), raw.data(), N);
  }
  void text(std::string& value, size_t limit) {
    uint16_t length = 0;
    integer(length);
    const auto raw = bytes(bounded(length, limit, "a text is too long"));
    value.assign(reinterpret_cast<const char*>(raw.data()), raw.size());
  }
  void blob(std::vector<std::byte>& value, size_t limit) {
    uint32_t length = 0;
    integer(length);
    const auto raw = bytes(bounded(length, limit, "a byte string is too long"));
    value.assign(raw.begin(), raw.end());
  }
  template <typename Integer>
  void integers(std::vector<Integer>& values, size_t limit) {
    uint32_t count = 0;
    integer(count);
    count = static_cast<uint32_t>(bounded(count, limit, "a list is too long"));
    values.clear();
    if (count > rest_.size() / sizeof(Integer)) fail("a list is longer than its message");
    for (uint32_t i = 0; i < count && !failed(); ++i) integer(values.emplace_back());
  }
  template <typename Message>
  void list(std::vector<Message>& values, size_t limit) {
    uint32_t count = 0;
    integer(count);
    count = static_cast<uint32_t>(bounded(count, limit, "a list is too long"));
    values.clear();
    // Every element takes a byte or more, so a count beyond the rest of the input is a lie.
    if (count > rest_.size()) fail("a list is longer than its message");
    for (uint32_t i = 0; i < count && !failed(); ++i) {
      values.emplace_back();
      Message::fields(*this, values.back());
    }
  }

  [[nodiscard]] bool failed() const { return failure_ != nullptr; }
  // Ok when everything was read and nothing is left over.
  [[nodiscard]] Status finish(std::string_view what) {
    if (!failed() && !rest_.empty()) fail("bytes are left over");
    if (!failed()) return {};
    return remoteError("malformed " + std::string(what) + " message: " + failure_);
  }
  void fail(const char* why) {
    if (!failed()) failure_ = why;
    rest_ = {};
  }

 private:
  std::span<const std::byte> bytes(size_t count) {
    if (count > rest_.size()) {
      fail("it ends too early");
      return {};
    }
    const auto result = rest_.first(count);
    rest_ = rest_.subspan(count);
    return result;
  }
  size_t bounded(size_t value, size_t limit, const char* why) {
    if (value <= limit) return value;
    fail(why);
    return 0;
  }

  std::span<const std::byte> rest_;
  const char* failure_ = nullptr;
};

}  // namespace inccl::wire
