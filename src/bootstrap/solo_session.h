// The session of a communicator with a single rank: no network, no thread, nobody to wait for.
#pragma once

#include <memory>

#include "base/config.h"
#include "bootstrap/session.h"
#include "bootstrap/unique_id.h"

namespace inccl::bootstrap {

Result<std::unique_ptr<Session>> joinAlone(const UniqueId& id, const Config& config);

}  // namespace inccl::bootstrap
