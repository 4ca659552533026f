#include "comm/call_settings.h"

#include "base/hash.h"

namespace inccl::comm {

Result<const CallSettings*> InternedSettings::find(const WantedSettings& wanted) {
  const std::lock_guard lock(mutex_);
  auto& settings = settings_[wanted];
  if (!settings) {
    const auto digest = static_cast<uint32_t>(hashBytes(wanted.algorithms, wanted.forced ? 1 : 0));
    auto rules = ChoiceRules::parseForCall(wanted.algorithms);
    if (!rules.ok()) {
      settings_.erase(wanted);
      return std::move(rules).status();
    }
    settings = std::make_unique<const CallSettings>(
        CallSettings{wanted, std::move(rules).value(), digest});
  }
  return settings.get();
}

}  // namespace inccl::comm
