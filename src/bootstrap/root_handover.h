// How rank 0 of a job that has no unique id hands one to the other ranks of its host.
//
// mpirun gives every process its rank and the job's name, but no channel that needs no library of
// its own. On one host an abstract Unix socket is one: its name follows from user and job, and the
// kernel says whose process is at the other end, so the whole id, random nonce included, can be
// given away there and the job is authenticated without a secret.
#pragma once

#include <string>

#include "base/config.h"
#include "base/status.h"
#include "bootstrap/unique_id.h"

namespace inccl::bootstrap {

// Rank 0: makes an id and gives it to `receivers` others, in the background, until they all have it
// or config.creationTimeout has passed. The n-th call of one process meets the n-th of the others.
Result<UniqueId> handOverRoot(const std::string& job, int receivers, const Config& config);

// The others: waits for rank 0, at most config.creationTimeout.
Result<UniqueId> takeOverRoot(const std::string& job, const Config& config);

}  // namespace inccl::bootstrap
