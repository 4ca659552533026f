// JSON text to a document, without forgiveness: a key that stands twice in one object is an error,
// where the library would keep the last one.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/status.h"

namespace inccl {

// kInvalidArgument with the place in the text for what is not JSON. Linear in the text.
Result<nlohmann::json> parseStrictJson(std::string_view text);

}  // namespace inccl
