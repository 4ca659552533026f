// A closed room in which a lab is built: its own users, processes, mounts and networks.
//
// Nothing may be left behind, not even after a SIGKILL, so nothing is kept in any place that
// outlives a process: no named namespaces under /run/netns, no mounts that others see, no interface
// in the machine's own network. All hangs on one process, the room's first, pid 1 in there; when it
// goes the kernel ends all others of the room, and with the last of them go the networks.
//
// Root may make such a room; others make a user namespace around it, in which they are root.
// Threading: namespaces belong to threads; the process must have only one.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "os/unique_fd.h"

namespace inccl::lab {

// Makes a room and runs `first` in it as its first process, which exits with what that returns.
// The room ends with its maker, unless `first` calls outlive(). Returns the process's id.
Result<pid_t> enclose(const std::function<int()>& first);

// The calling process does not end with its parent any more.
void outlive();

// A new network in the room of the calling process, which enters it.
Result<os::UniqueFd> newNetwork();
Status enterNetwork(int network);

// The names by which others may open a descriptor of this process.
Result<std::string> pathOf(const os::UniqueFd& descriptor);

// Enters the room whose first process is `first`: as if born there, except for the process id,
// which only children have. `networks`: its descriptors of networks; the result is those, opened.
Result<std::vector<os::UniqueFd>> enterRoom(pid_t first, const std::vector<int>& networks);

}  // namespace inccl::lab
