// Packets as a hostile worker of a job may send them, to the switch's program: whatever they are,
// it keeps the pipeline's rules, answers in whole packets, only those who belong to the job, and
// sends a sum of a use only when all workers have contributed to it.
#include <array>
#include <cstring>
#include <map>
#include <set>

#include "fuzz/fuzz_target.h"
#include "switch/switchml/switchml.h"

namespace inccl::switchml {
namespace {

using wire::AggregationHeader;
using wire::PacketKind;

constexpr uint32_t kSession = 7, kWorkers = 3, kSlots = 2;
constexpr size_t kPayload = 16, kRecordBytes = 8;

os::SocketAddress addressOf(uint32_t worker) {
  return os::SocketAddress::loopback(AF_INET, static_cast<uint16_t>(1000 + worker));
}

// A packet out of eight bytes. Values are small, so that packets meet in the registers.
struct Written {
  AggregationHeader header;
  std::array<std::byte, AggregationHeader::kBytes + 4 * kPayload> bytes{};
  size_t length = 0;

  explicit Written(std::span<const uint8_t, kRecordBytes> from) {
    header.kind = static_cast<PacketKind>(from[0] % 8);
    header.op = static_cast<wire::LaneOp>(from[0] / 8 % 7);
    header.worker = from[1] % (kWorkers + 1);
    header.session = from[1] < 250 ? kSession : from[1];
    header.slot = from[2] % (kSlots + 1);
    header.generation = from[3] < 250 ? from[3] % 8u : 0u - from[3] % 8u;
    header.type = static_cast<wire::LaneType>(from[4] % 8);
    header.elements = from[5] % 8;
    header.opTag = from[6] % 3;
    header.resultWanted = from[6] < 128;
    wire::encodeHeader(header, bytes);
    length = AggregationHeader::kBytes + header.elements * wire::bytesOf(header.type);
    if (from[7] >= 240) length = std::min(bytes.size(), length + from[7] % 16);
  }
};

class Run {
 public:
  Run() {
    Job job{kSession, 0, kSlots, {}};
    for (uint32_t worker = 0; worker < kWorkers; ++worker) job.workers.push_back(addressOf(worker));
    FUZZ_CHECK(program_->jobs().admit(job).ok());
  }

  void give(std::span<const uint8_t, kRecordBytes> record) {
    const Written packet(record);
    const uint32_t sender = record[7] % 16 == 0 ? kWorkers : packet.header.worker;
    const bool contributes =
        packet.header.kind == PacketKind::kData || packet.header.kind == PacketKind::kExponents;
    if (contributes && sender == packet.header.worker && sender < kWorkers &&
        packet.header.session == kSession)
      contributors_[{packet.header.slot, packet.header.generation}].insert(sender);
    const ports::IncomingDatagram datagram{addressOf(sender),
                                           std::span(packet.bytes).first(packet.length)};
    program_->process(datagram, egress_);
    FUZZ_CHECK(program_->pipeline().brokenRules() == 0);
    for (const auto& sent : egress_.batch()) judge(sent, datagram.from, packet.header);
    egress_.clear();
  }

 private:
  void judge(const ports::OutgoingDatagram& sent, const os::SocketAddress& asker,
             const AggregationHeader& asked) {
    const auto decoded = wire::decodePacket(sent.pieces[0]);
    FUZZ_CHECK(std::holds_alternative<wire::PacketView>(decoded));
    const AggregationHeader& header = std::get<wire::PacketView>(decoded).header;
    FUZZ_CHECK(header.session == asked.session && header.slot == asked.slot);
    FUZZ_CHECK(header.generation == asked.generation);
    const bool toAll = header.worker == AggregationHeader::kAllWorkers;
    FUZZ_CHECK(toAll || sent.to == asker);
    if (header.kind == PacketKind::kNak) return;
    FUZZ_CHECK(header.session == kSession && sent.to.port() < 1000 + kWorkers);
    if (header.kind == PacketKind::kResult || header.kind == PacketKind::kExponents)
      FUZZ_CHECK((contributors_[{header.slot, header.generation}].size() == kWorkers));
  }

  std::unique_ptr<SwitchMl> program_ =
      std::move(SwitchMl::load(pipeline::Profile::full(), {kSlots, kPayload, kWorkers})).value();
  emulator::Egress egress_{8, 1024};
  std::map<std::pair<uint16_t, uint32_t>, std::set<uint32_t>> contributors_;
};

}  // namespace
}  // namespace inccl::switchml

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using inccl::switchml::kRecordBytes;
  inccl::switchml::Run run;
  for (std::span rest(data, size); rest.size() >= kRecordBytes; rest = rest.subspan(kRecordBytes))
    run.give(rest.first<kRecordBytes>());
  return 0;
}
