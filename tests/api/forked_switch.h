// An emulated switch as a process of its own, for tests whose ranks are processes.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "ina/switch_client.h"
#include "switch/server.h"

namespace inccl::test {

class ForkedSwitch {
 public:
  explicit ForkedSwitch(emulator::ServerOptions options = {}) {
    options.address = os::SocketAddress::loopback(AF_INET, 0);
    options.token = "of a test";
    if (options.shape.payloadBytes == 256) options.shape = {1024, 1024, 8};
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) serve(options, ends[1]);
    ::close(ends[1]);
    EXPECT_EQ(::read(ends[0], &port_, sizeof port_), static_cast<ssize_t>(sizeof port_));
    ::close(ends[0]);
    ::setenv("INCCL_INA", fmt::format("127.0.0.1:{}", port_).c_str(), 1);
    ::setenv("INCCL_INA_TOKEN", "of a test", 1);
  }
  ~ForkedSwitch() {
    kill();
    for (const char* name : {"INCCL_INA", "INCCL_INA_TOKEN", "INCCL_ALGO"}) ::unsetenv(name);
  }
  ForkedSwitch(const ForkedSwitch&) = delete;
  ForkedSwitch& operator=(const ForkedSwitch&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // What it has counted under this name.
  [[nodiscard]] uint64_t counted(std::string_view name) const {
    const os::WaitLimit limit{Deadline::after(5 * kSecond)};
    const auto client =
        ina::SwitchClient::connect(fmt::format("127.0.0.1:{}", port_), "of a test", limit);
    EXPECT_TRUE(client.ok()) << client.status().message();
    const auto counters = client.value()->counters(limit);
    EXPECT_TRUE(counters.ok()) << counters.status().message();
    for (const auto& counter : counters.value().counters) {
      if (counter.name == name) return counter.value;
    }
    ADD_FAILURE() << "nothing is counted as " << name;
    return 0;
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  [[noreturn]] static void serve(const emulator::ServerOptions& options, int tell) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto server = emulator::Server::open(options);
    const uint16_t port = server.ok() ? server.value()->controlPort() : uint16_t{0};
    if (::write(tell, &port, sizeof port) != sizeof port || !server.ok()) ::_exit(1);
    server.value()->run();
    ::_exit(0);
  }

  pid_t pid_ = -1;
  uint16_t port_ = 0;
};

}  // namespace inccl::test
