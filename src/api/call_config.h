// incclCollConfig_t: what one call of a collective asks for itself.
#pragma once

#include "base/status.h"
#include "comm/call.h"
#include "comm/call_settings.h"
#include "inccl/inccl.h"

namespace inccl::api {

struct CallConfig {
  comm::WantedSettings selection;  // without algorithms: none
  Nanos timeLimit = 0;             // 0: the communicator's
  comm::Call::SwitchWish switchWish = comm::Call::SwitchWish::kUnsaid;
};

// Checks every field and option that is known; unknown options of our vendor id are errors, those
// of others are passed over.
Result<CallConfig> readCallConfig(const incclCollConfig_t& config);

}  // namespace inccl::api
