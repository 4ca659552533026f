// The status page: what it says, and to whom it does not listen.
#include "switch/status_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "os/stream_socket.h"
#include "os/syscalls.h"

namespace inccl::emulator {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

os::WaitLimit limit() { return {Deadline::after(10 * kSecond)}; }

// A page on a thread of its own.
class StatusPage : public testing::Test {
 protected:
  StatusPage() {
    server_ = std::move(StatusServer::open(*loop_, os::SocketAddress::loopback(AF_INET, 0),
                                           [](std::string_view path) -> StatusServer::Page {
                                             if (path != "/json") return {};
                                             return {"application/json", "{\"a\": 1}\n"};
                                           }))
                  .value();
    thread_ = std::thread([this] {
      while (!stopped_.load()) loop_->runOnce();
    });
  }
  ~StatusPage() override {
    stopped_.store(true);
    loop_->wake();
    thread_.join();
    server_.reset();
  }

  os::UniqueFd connect() {
    const auto address = os::SocketAddress::loopback(AF_INET, server_->port());
    auto connected = os::connectFirst({&address, 1}, limit());
    EXPECT_TRUE(connected.ok()) << connected.status().message();
    return std::move(connected.value().fd);
  }
  static void say(const os::UniqueFd& fd, std::string_view text) {
    // It may have closed already, which is for whatIsSaid() to see.
    static_cast<void>(os::sendAll(fd.get(), std::as_bytes(std::span(text)), limit(), "the page"));
  }
  // Everything until the page closes.
  static std::string whatIsSaid(const os::UniqueFd& fd) {
    std::string text;
    char buffer[512];
    for (;;) {
      EXPECT_TRUE(os::waitReady(fd.get(), POLLIN, limit(), "the page").ok());
      const ssize_t got = os::sys::recv(fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (got <= 0) return text;
      text.append(buffer, static_cast<size_t>(got));
    }
  }
  std::string answerTo(std::string_view request) {
    const os::UniqueFd fd = connect();
    say(fd, request);
    return whatIsSaid(fd);
  }

 private:
  std::unique_ptr<os::EventLoop> loop_ = std::move(os::EventLoop::create()).value();
  std::unique_ptr<StatusServer> server_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

TEST_F(StatusPage, SaysWhatThePathHas) {
  const std::string answer = answerTo("GET /json?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\n{\"a\": 1}\n"));
}

TEST_F(StatusPage, OtherPathsAndMethodsAreRefused) {
  EXPECT_THAT(answerTo("GET /other HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(answerTo("POST /json HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405"));
}

TEST_F(StatusPage, RequestsComeInPiecesButNotForEverAndNotOfAnyLength) {
  const os::UniqueFd slow = connect(), silent = connect();
  for (const char letter : std::string("GET /json HTTP/1.1\r\n\r\n")) say(slow, {&letter, 1});
  EXPECT_THAT(whatIsSaid(slow), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(answerTo("GET /" + std::string(20000, 'x')), "");
  say(silent, "GET /json");
  EXPECT_EQ(whatIsSaid(silent), "");  // after kRequestTime
}

}  // namespace
}  // namespace inccl::emulator
