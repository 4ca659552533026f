#include "base/strict_json.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

namespace inccl {
namespace {

using Json = nlohmann::json;

// Goes through the text once and keeps the keys of the objects that are open. (The parser's own
// callbacks would do, but with them it walks through a whole list after each of its objects.)
class DoubledKeys final : public nlohmann::json_sax<Json> {
 public:
  [[nodiscard]] const std::string& first() const { return doubled_; }

  bool start_object(size_t /*elements*/) override {
    keys_.emplace_back();
    return true;
  }
  bool end_object() override {
    keys_.pop_back();
    return true;
  }
  bool key(string_t& key) override {
    if (!keys_.back().insert(key).second && doubled_.empty()) doubled_ = key;
    return true;
  }
  bool start_array(size_t /*elements*/) override { return true; }
  bool end_array() override { return true; }
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  // The parser proper says what is wrong.
  bool parse_error(size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

 private:
  std::vector<std::set<std::string>> keys_;
  std::string doubled_;
};

}  // namespace

Result<Json> parseStrictJson(std::string_view text) {
  try {
    Json document = Json::parse(text);
    DoubledKeys keys;
    static_cast<void>(Json::sax_parse(text, &keys));
    if (!keys.first().empty())
      return invalidArgument(
          fmt::format("the key \"{}\" stands twice in one object", keys.first()));
    return document;
  } catch (const Json::exception& broken) {
    return invalidArgument(fmt::format("not JSON: {}", broken.what()));
  }
}

}  // namespace inccl
