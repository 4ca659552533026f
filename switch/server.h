// A whole emulated switch in one process: the data path on its port, and the controller beside it.
//
// One thread runs both, asleep in epoll while nothing comes. Requests of jobs are rare and short;
// packets come in batches, and the loop is looked at between them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "os/event_loop.h"
#include "ports/faulty_port.h"
#include "ports/udp/udp_port.h"
#include "switch/controller/control_server.h"
#include "switch/controller/controller.h"
#include "switch/datapath.h"
#include "switch/status_server.h"

namespace inccl::emulator {

struct ServerOptions {
  // Of the controller (TCP) and of the data (UDP); with port 0 each has a free one.
  os::SocketAddress address;
  pipeline::Profile profile = pipeline::Profile::full();
  switchml::SwitchMl::Shape shape;
  uint32_t slotsOfJob = 512;  // at most
  std::string token;
  std::optional<os::SocketAddress> status;  // of the door for people and monitoring
  ports::FaultRates faults{};               // of what arrives
  ports::Blackout blackout{};
  uint64_t seed = 1;
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> open(const ServerOptions& options);
  ~Server();

  [[nodiscard]] uint16_t controlPort() const { return control_->port(); }
  [[nodiscard]] uint16_t dataPort() const { return controller_->limits().dataPort; }
  // Until stop().
  void run();
  // Any thread, and signal handlers.
  void stop() {
    stopped_.store(true);
    loop_->wake();
  }

  [[nodiscard]] std::string usage() const { return program_->pipeline().usage(); }
  // 0: there is none.
  [[nodiscard]] uint16_t statusPort() const { return status_ ? status_->port() : uint16_t{0}; }
  // Everything that is counted; for the thread that runs it.
  [[nodiscard]] std::string statusText() const;

 private:
  Server() = default;
  void servePackets();
  [[nodiscard]] StatusServer::Page page(std::string_view path) const;
  [[nodiscard]] std::string statusJson() const;
  [[nodiscard]] std::string statusPrometheus() const;
  [[nodiscard]] std::vector<std::pair<std::string, uint64_t>> numbers() const;

  std::unique_ptr<os::EventLoop> loop_;
  std::unique_ptr<ports::FaultyPort> port_;
  std::unique_ptr<switchml::SwitchMl> program_;
  std::unique_ptr<Datapath> datapath_;
  std::unique_ptr<controller::Controller> controller_;
  std::unique_ptr<controller::ControlServer> control_;
  std::unique_ptr<StatusServer> status_;
  os::EventLoop::WatchId packets_ = os::EventLoop::WatchId::kNone;
  uint64_t failedPolls_ = 0;
  std::atomic<bool> stopped_{false};
};

}  // namespace inccl::emulator
