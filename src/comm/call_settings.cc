#include "comm/call_settings.h"

#include "base/hash.h"

namespace inccl::comm {

Result<const CallSettings*> InternedSettings::find(const WantedSettings& wanted) {
  const std::lock_guard lock(mutex_);
  auto& settings = settings_[wanted];
  if (!settings) {
    CallSettings made{wanted, {}, 0};
    auto rules = ChoiceRules::parseForCall(wanted.algorithms);
    if (!rules.ok()) {
      settings_.erase(wanted);
      return std::move(rules).status();
    }
    made.rules = std::move(rules).value();
    if (!wanted.algorithms.empty())
      made.digest = static_cast<uint32_t>(hashBytes(wanted.algorithms, wanted.forced ? 1 : 0));
    settings = std::make_unique<const CallSettings>(std::move(made));
  }
  return settings.get();
}

}  // namespace inccl::comm
