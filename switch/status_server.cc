#include "switch/status_server.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <cerrno>

#include "os/syscalls.h"

namespace inccl::emulator {
namespace {

constexpr size_t kMostRequestBytes = 8192;

bool wouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Result<std::unique_ptr<StatusServer>> StatusServer::open(os::EventLoop& loop,
                                                         const os::SocketAddress& address,
                                                         Pages pages) {
  std::unique_ptr<StatusServer> server(new StatusServer(loop, std::move(pages)));
  INCCL_TRY_ASSIGN(server->door_, Door::open(loop, address, "status page",
                                             [raw = server.get()](os::UniqueFd connection) {
                                               raw->welcome(std::move(connection));
                                             }));
  return server;
}

StatusServer::~StatusServer() {
  while (!connections_.empty()) end(connections_.begin()->first);
}

void StatusServer::welcome(os::UniqueFd fd) {
  if (connections_.size() >= kMostConnections) return;
  const uint64_t id = ++lastConnection_;
  auto watch = loop_.watch(fd.get(), EPOLLIN, [this, id](uint32_t) { serve(id); });
  if (!watch.ok()) return;
  Connection& connection = connections_[id];
  connection.fd = std::move(fd);
  connection.watch = watch.value();
  connection.timer = loop_.runAt(nowNs() + kRequestTime, [this, id] { end(id); });
}

void StatusServer::serve(uint64_t id) {
  const auto found = connections_.find(id);
  if (found != connections_.end() && !advance(found->second)) end(id);
}

bool StatusServer::advance(Connection& connection) {
  const int fd = connection.fd.get();
  while (connection.out.empty()) {
    char buffer[2048];
    const ssize_t got = os::sys::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && wouldBlock(errno)) return true;
    if (got <= 0) return false;
    connection.in.append(buffer, static_cast<size_t>(got));
    if (connection.in.size() > kMostRequestBytes) return false;
    if (connection.in.find("\r\n\r\n") == std::string::npos) continue;
    connection.out = answer(connection.in);
  }
  const ssize_t went =
      os::sys::send(fd, connection.out.data(), connection.out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (went < 0 && !wouldBlock(errno)) return false;
  connection.out.erase(0, static_cast<size_t>(std::max<ssize_t>(went, 0)));
  return !connection.out.empty() && loop_.modify(connection.watch, EPOLLOUT).ok();
}

void StatusServer::end(uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  loop_.cancel(found->second.timer);
  loop_.unwatch(found->second.watch);
  connections_.erase(found);
}

std::string StatusServer::answer(std::string_view request) const {
  const auto reply = [](std::string_view status, const Page& page) {
    return fmt::format(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
        status, page.type, page.text.size(), page.text);
  };
  if (!request.starts_with("GET /"))
    return reply("405 Method Not Allowed", {"text/plain", "only GET\n"});
  request.remove_prefix(4);
  const Page page = pages_(request.substr(0, request.find_first_of(" ?\r")));
  if (page.type.empty())
    return reply("404 Not Found", {"text/plain", "there are /, /json and /metrics\n"});
  return reply("200 OK", page);
}

}  // namespace inccl::emulator
