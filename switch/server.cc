#include "switch/server.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace inccl::emulator {
namespace {

// Batches of packets before the loop looks at its other descriptors.
constexpr int kBatchesAtOnce = 64;

}  // namespace

Result<std::unique_ptr<Server>> Server::open(const ServerOptions& options) {
  std::unique_ptr<Server> server(new Server());
  INCCL_TRY_ASSIGN(server->loop_, os::EventLoop::create());
  INCCL_TRY_ASSIGN(server->program_, switchml::SwitchMl::load(options.profile, options.shape));
  INCCL_TRY_ASSIGN(auto port, ports::UdpPort::open(options.address, {}));
  const uint16_t dataPort = port->address().port();
  const size_t receiveBytes = port->receiveBufferBytes();
  server->port_ =
      std::make_unique<ports::FaultyPort>(std::move(port), options.faults, options.seed);
  server->port_->setBlackout(options.blackout);
  server->datapath_ = std::make_unique<Datapath>(*server->port_, *server->program_);
  controller::Controller::Limits limits;
  limits.slots = options.shape.slots;
  limits.slotsOfJob = std::min(options.shape.slots, options.slotsOfJob);
  limits.receiveBytes = receiveBytes;
  limits.payloadBytes = options.shape.payloadBytes;
  limits.dataPort = dataPort;
  limits.profile = options.profile.name;
  limits.family = options.address.family();
  server->controller_ =
      std::make_unique<controller::Controller>(*server->program_, std::move(limits));
  INCCL_TRY_ASSIGN(server->control_,
                   controller::ControlServer::open(*server->loop_, *server->controller_,
                                                   options.address, options.token));
  if (options.status) {
    INCCL_TRY_ASSIGN(server->status_,
                     StatusServer::open(
                         *server->loop_, *options.status,
                         [raw = server.get()](std::string_view path) { return raw->page(path); }));
  }
  INCCL_TRY_ASSIGN(server->packets_,
                   server->loop_->watch(server->port_->waitDescriptor(), EPOLLIN,
                                        [raw = server.get()](uint32_t) { raw->servePackets(); }));
  return server;
}

Server::~Server() {
  status_.reset();
  control_.reset();
  if (packets_ != os::EventLoop::WatchId::kNone) loop_->unwatch(packets_);
}

void Server::run() {
  while (!stopped_.load()) loop_->runOnce();
}

void Server::servePackets() {
  for (int batch = 0; batch < kBatchesAtOnce; ++batch) {
    const auto served = datapath_->poll();
    if (!served.ok()) {
      // The first of many: a port that fails does so for each packet.
      if (failedPolls_++ == 0) logWarn("switch: {}", served.status().message());
      return;
    }
    if (served.value() == 0) return;
  }
}

std::vector<std::pair<std::string, uint64_t>> Server::numbers() const {
  std::vector<std::pair<std::string, uint64_t>> numbers;
  for (const auto& [name, value] : program_->counters().all())
    numbers.emplace_back(std::string(name), value);
  numbers.emplace_back("passes", program_->pipeline().passes());
  numbers.emplace_back("recirculations", program_->pipeline().recirculations());
  numbers.emplace_back("lost_for_room", datapath_->lostForRoom());
  numbers.emplace_back("failed_polls", failedPolls_);
  numbers.emplace_back("jobs", controller_->jobs().size());
  numbers.emplace_back("slots", controller_->limits().slots);
  numbers.emplace_back("free_slots", controller_->freeSlots());
  numbers.emplace_back("refused_connections", control_->refusedConnections());
  return numbers;
}

StatusServer::Page Server::page(std::string_view path) const {
  if (path == "/") return {"text/plain", statusText()};
  if (path == "/json") return {"application/json", statusJson()};
  if (path == "/metrics") return {"text/plain; version=0.0.4", statusPrometheus()};
  return {};
}

std::string Server::statusText() const {
  std::string text;
  for (const auto& [name, value] : numbers()) text += fmt::format("{:20} {}\n", name, value);
  for (const auto& job : controller_->jobs())
    text += fmt::format("job {} \"{}\": {} workers, {} slots, epoch {}\n", job.id, job.name,
                        job.workers, job.slots, job.epochs);
  return text;
}

std::string Server::statusJson() const {
  std::string fields;
  for (const auto& [name, value] : numbers())
    fields += fmt::format("{}\"{}\": {}", fields.empty() ? "" : ", ", name, value);
  return fmt::format("{{{}}}\n", fields);
}

std::string Server::statusPrometheus() const {
  std::string text;
  for (const auto& [name, value] : numbers())
    text += fmt::format("# TYPE inccl_switch_{0} gauge\ninccl_switch_{0} {1}\n", name, value);
  return text;
}

}  // namespace inccl::emulator
