// A switch whose port fails: what could not be sent is lost, and nothing of it comes back later.
#include "switch/datapath.h"

#include <gtest/gtest.h>

#include "ports/memory/memory_port.h"

namespace inccl::emulator {
namespace {

// Fails to send as often as it is told.
class FailingPort final : public ports::DatagramPort {
 public:
  explicit FailingPort(std::unique_ptr<ports::DatagramPort> port) : port_(std::move(port)) {}
  [[nodiscard]] std::string_view name() const override { return "failing"; }
  [[nodiscard]] const os::SocketAddress& address() const override { return port_->address(); }
  [[nodiscard]] size_t mostBytes() const override { return port_->mostBytes(); }
  [[nodiscard]] int waitDescriptor() const override { return -1; }
  Result<size_t> send(std::span<const ports::OutgoingDatagram> batch) override {
    if (failures-- > 0) return systemError("send", EIO);
    return port_->send(batch);
  }
  Result<size_t> receive(std::span<ports::IncomingDatagram> batch) override {
    return port_->receive(batch);
  }
  int failures = 0;

 private:
  std::unique_ptr<ports::DatagramPort> port_;
};

TEST(Datapath, WhatAFailingPortDidNotSendIsLostAndThenItGoesOn) {
  const auto network = ports::MemoryNetwork::create();
  const auto program =
      std::move(switchml::SwitchMl::load(pipeline::Profile::full(), {4, 256, 4})).value();
  FailingPort port(network->open());
  Datapath datapath(port, *program);
  const auto stranger = network->open();
  wire::AggregationHeader question;  // of a session that nobody knows: answered by NAK
  question.kind = wire::PacketKind::kProbe;
  question.session = 1;
  std::array<std::byte, wire::AggregationHeader::kBytes> bytes;
  wire::encodeHeader(question, bytes);
  const ports::OutgoingDatagram datagram{port.address(), {bytes, {}, {}}};
  std::array<ports::IncomingDatagram, 8> answers;

  port.failures = 1;
  ASSERT_TRUE(stranger->send({&datagram, 1}).ok());
  EXPECT_FALSE(datapath.poll().ok());
  EXPECT_EQ(datapath.lostForRoom(), 1u);
  ASSERT_TRUE(stranger->send({&datagram, 1}).ok());
  EXPECT_EQ(datapath.poll().value(), 1u);
  EXPECT_EQ(stranger->receive(answers).value(), 1u);
}

}  // namespace
}  // namespace inccl::emulator
