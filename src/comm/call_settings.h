// Which algorithms a call selects for itself (the …Config twins of the collectives).
//
// Selections are interned per communicator by what they say, so that a call carries a pointer and
// the plans that they lead to are kept with them. All ranks must say the same for a call: what they
// say is part of what they compare. A call that selects nothing has none, and never comes here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/status.h"
#include "comm/plan.h"

namespace inccl::comm {

// As the application says it.
struct WantedSettings {
  std::string algorithms;  // grammar of INCCL_ALGO and INCCL_PROTO together; not empty
  bool forced = true;      // an error when there is none such; else the usual choice then

  auto operator<=>(const WantedSettings&) const = default;
};

struct CallSettings {
  WantedSettings wanted;
  ChoiceRules rules;
  uint32_t digest = 0;
};

class InternedSettings {
 public:
  // Valid as long as this is. Unknown words are errors.
  Result<const CallSettings*> find(const WantedSettings& wanted);

 private:
  std::mutex mutex_;
  std::map<WantedSettings, std::unique_ptr<const CallSettings>> settings_;
};

}  // namespace inccl::comm
