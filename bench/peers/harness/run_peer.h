// The main program of every adapter: pin, initialise the library, then obey the driver.
//
// Commands and answers, one line each:
//   verify COLLECTIVE BYTES                           ok WRONG_ELEMENTS
//   measure COLLECTIVE BYTES NANOSECONDS MIN MAX      ok CALLS P50 P95 LOWEST MEAN   (rank 0; ns)
//                                                     ok                             (the others)
//   quit                                              ok, and the program ends
// The first line is the rank's own: hello RANK PID VERSION…. What cannot be obeyed ends the program
// with a sentence on stderr; the driver goes on without this library.
#pragma once

#include <functional>
#include <memory>

#include "meeting_point.h"
#include "peer.h"

namespace inccl::peers {

// Initialises the library for this rank, once, or dies. The meeting point carries its unique id.
using PeerFactory =
    std::function<std::unique_ptr<Peer>(MeetingPoint&, const std::string& meetingPrefix)>;

[[nodiscard]] int runPeer(int argc, char** argv, const PeerFactory& makePeer);

}  // namespace inccl::peers
