#include "ina/aggregation.h"

#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <utility>

#include "os/syscalls.h"

namespace inccl::ina {
namespace {

constexpr Nanos kProbePeriod = 50 * kMillisecond;

}  // namespace

Result<std::unique_ptr<Aggregation>> Aggregation::open(const std::string& where,
                                                       const std::string& token,
                                                       const os::WaitLimit& limit) {
  INCCL_TRY_ASSIGN(auto client, SwitchClient::connect(where, token, limit));
  INCCL_TRY_ASSIGN(const auto local, localAddressTowards(client->address()));
  INCCL_TRY_ASSIGN(auto port, ports::UdpPort::open(local, {}));
  return std::unique_ptr<Aggregation>(new Aggregation(std::move(client), std::move(port)));
}

Result<wire::SwitchGrant> Aggregation::join(const std::string& job,
                                            const std::vector<std::string>& workers,
                                            const os::WaitLimit& limit) {
  wire::JoinSwitch request;
  request.job = job;
  request.slots = kWantedSlots;
  for (const std::string& worker : workers) request.workers.push_back({worker});
  return client_->join(request, limit);
}

Status Aggregation::attach(const wire::SwitchGrant& grant, const os::WaitLimit& limit) {
  return client_->attach(grant.session, limit);
}

Status Aggregation::probe(const wire::SwitchGrant& grant, int rank) {
  wire::AggregationHeader header;
  header.kind = wire::PacketKind::kProbe;
  header.worker = static_cast<uint16_t>(rank);
  header.session = grant.session;
  std::array<std::byte, wire::AggregationHeader::kBytes> bytes;
  wire::encodeHeader(header, bytes);
  const ports::OutgoingDatagram datagram{data_, {bytes, {}, {}}};
  return port_->send({&datagram, 1}).status();
}

Status Aggregation::reach(const wire::SwitchGrant& grant, int rank, int rankCount,
                          std::string_view secret, const os::WaitLimit& limit) {
  if (grant.slots > kWantedSlots)
    return remoteError(fmt::format("the switch grants {} slots where {} were asked for",
                                   grant.slots, kWantedSlots));
  data_ = client_->address().withPort(grant.dataPort);
  grant_ = grant;
  integrity_ = std::make_unique<Integrity>(secret, grant.session, static_cast<uint32_t>(rankCount));
  const auto what = fmt::format("the switch's data port {} (UDP)", data_.describe());
  for (;;) {
    INCCL_TRY(probe(grant, rank));
    const Nanos asked = nowNs();
    while (nowNs() < asked + kProbePeriod) {
      INCCL_TRY(limit.check(what));
      pollfd waiting{port_->waitDescriptor(), POLLIN, 0};
      os::sys::poll(&waiting, 1, 1);
      std::array<ports::IncomingDatagram, 8> arrived;
      INCCL_TRY_ASSIGN(const size_t count, port_->receive(arrived));
      for (size_t i = 0; i < count; ++i) {
        const auto packet = wire::decodePacket(arrived[i].bytes);
        const auto* const view = std::get_if<wire::PacketView>(&packet);
        if (view == nullptr || !(arrived[i].from == data_) ||
            view->header.kind != wire::PacketKind::kStatus || view->header.session != grant.session)
          continue;
        shard_ =
            std::make_unique<Shard>(*port_, data_,
                                    SlotWindow::Shape{grant.session, static_cast<uint16_t>(rank),
                                                      static_cast<uint16_t>(rankCount), grant.slots,
                                                      integrity_.get(), grant.payloadBytes});
        return {};
      }
    }
  }
}

void Aggregation::openRepair(int rank, int rankCount, const PostNote& post) {
  desk_ = std::make_unique<RepairDesk>(shard_->window(), rank, rankCount, post);
  if (rank == RepairDesk::kCoordinator)
    coordinator_ = std::make_unique<RepairCoordinator>(rankCount, grant_.slots, post);
}

void Aggregation::onNote(int from, std::span<const std::byte> note) {
  if (coordinator_) coordinator_->onNote(from, note);
  desk_->onNote(from, note);
}

std::string Aggregation::describe() const {
  return fmt::format("switch {} ({}, payloads of {} bytes)", data_.describe(), grant_.profile,
                     grant_.payloadBytes);
}

}  // namespace inccl::ina
