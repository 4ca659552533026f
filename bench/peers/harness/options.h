// The command line of an adapter program, and the core that a rank runs on.
//
//   peer-NAME --meet PREFIX --ranks N [--rank R] [--cores 0,1 …] [--yield] [--buffers library]
//
// PREFIX.control is the file of the meeting point, PREFIX.socket the driver. A rank that an MPI
// launcher has started gets no --rank; its number stands in the launcher's environment, where it
// can be read before the library is initialised: pinning has to come first, since some libraries
// choose their waiting and their memory by the affinity that they find.
#pragma once

#include <string>
#include <vector>

#include "workload.h"

namespace inccl::peers {

struct PeerOptions {
  std::string meetingPrefix;
  int rank = -1;
  int ranks = 0;
  std::vector<int> cores;  // rank r is pinned to cores[r]; empty: not pinned
  bool yieldWhileWaiting = false;
  BufferKind buffers = BufferKind::kOrdinary;
};

// Ends the program on anything that it does not understand.
[[nodiscard]] PeerOptions parsePeerOptions(int argc, char** argv);

// --rank or, without it, what mpirun and its like say; -1 when nobody does.
[[nodiscard]] int rankFromLauncher();

void pinToCore(int core);

}  // namespace inccl::peers
