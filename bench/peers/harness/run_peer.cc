// See run_peer.h.
#include "run_peer.h"

#include <unistd.h>

#include <cstdio>
#include <sstream>
#include <string>

#include "command_channel.h"
#include "die.h"
#include "options.h"
#include "timing_loop.h"
#include "workload.h"

namespace inccl::peers {

namespace {

class Commands {
 public:
  Commands(Peer& peer, MeetingPoint& ranks, BufferKind buffers)
      : peer_(peer), ranks_(ranks), buffers_(buffers) {}

  [[nodiscard]] std::string obey(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "quit") return "ok";
    std::string name;
    size_t bytes = 0;
    words >> name >> bytes;
    auto collective = collectiveNamed(name);
    if (!words || !collective) die("cannot obey '" + line + "'");
    if (verb == "verify") return verify(*collective, bytes);
    TimeSlice slice;
    words >> slice.nanoseconds >> slice.minCalls >> slice.maxCalls;
    if (!words || verb != "measure") die("cannot obey '" + line + "'");
    return measure(*collective, bytes, slice);
  }

 private:
  std::string verify(Collective collective, size_t bytes) {
    Workload workload(peer_, ranks_, collective, bytes, buffers_);
    return "ok " + std::to_string(workload.countWrongAfterOneCall());
  }

  std::string measure(Collective collective, size_t bytes, const TimeSlice& slice) {
    Workload workload(peer_, ranks_, collective, bytes, buffers_);
    CallTimes times = timeCalls(ranks_, slice, [&workload] { workload.call(); });
    if (ranks_.rank() != 0) return "ok";
    std::ostringstream answer;
    answer << "ok " << times.calls << ' ' << times.p50 << ' ' << times.p95 << ' ' << times.lowest
           << ' ' << times.mean;
    return answer.str();
  }

  Peer& peer_;
  MeetingPoint& ranks_;
  BufferKind buffers_;
};

}  // namespace

int runPeer(int argc, char** argv, const PeerFactory& makePeer) {
  PeerOptions options = parsePeerOptions(argc, argv);
  if (!options.cores.empty()) pinToCore(options.cores[static_cast<size_t>(options.rank)]);
  MeetingPoint ranks(options.meetingPrefix + ".control", options.rank, options.ranks,
                     options.yieldWhileWaiting);
  CommandChannel driver(options.meetingPrefix + ".socket");
  std::unique_ptr<Peer> peer = makePeer(ranks, options.meetingPrefix);
  driver.send("hello " + std::to_string(options.rank) + ' ' + std::to_string(getpid()) + ' ' +
              peer->version());
  Commands commands(*peer, ranks, options.buffers);
  while (auto line = driver.receive()) {
    driver.send(commands.obey(*line));
    if (*line == "quit") return 0;
  }
  die("the driver is gone");
}

}  // namespace inccl::peers
