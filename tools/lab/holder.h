// Labs that stand: `up` leaves a process that holds one, `down` ends it, and so the lab.
#pragma once

#include <string>

#include "base/status.h"
#include "lab/plan.h"
#include "lab/register.h"

namespace inccl::lab {

// Raises the lab and enters it in the register. If this process dies before it has done so, the
// lab goes too.
Result<Entry> holdLab(const Plan& plan, const std::string& name, Register& labs);

}  // namespace inccl::lab
