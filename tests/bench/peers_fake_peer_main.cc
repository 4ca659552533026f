// The fake peer as an adapter program; FAKE_PEER names its fault.
#include <cstdlib>
#include <memory>

#include "peers/harness/die.h"
#include "peers/harness/run_peer.h"
#include "peers_fake_peer.h"

int main(int argc, char** argv) {
  using namespace inccl::peers;
  const char* name = std::getenv("FAKE_PEER");
  auto fault = faultNamed(name != nullptr ? name : "none");
  if (!fault) die("FAKE_PEER names no fault");
  return runPeer(argc, argv, [&](MeetingPoint& ranks, const std::string& prefix) {
    return std::make_unique<FakePeer>(prefix + ".fake", ranks.rank(), ranks.ranks(), *fault);
  });
}
