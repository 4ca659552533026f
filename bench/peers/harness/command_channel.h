// The line between the driver of a comparison and one rank of one library: a Unix stream socket,
// one line of text per command and per answer.
//
// A rank that is not being measured blocks in receive(), so it costs nothing; MPI ranks are started
// by their own launchers, which forward no usable stdin, hence a socket and not a pipe. The end of
// the stream is the end of the run: when the driver dies, every rank leaves.
#pragma once

#include <optional>
#include <string>

namespace inccl::peers {

class CommandChannel {
 public:
  // Connects to the driver that listens on `path`.
  explicit CommandChannel(const std::string& path);
  ~CommandChannel();
  CommandChannel(const CommandChannel&) = delete;
  CommandChannel& operator=(const CommandChannel&) = delete;

  // The next line without its end; nothing when the driver has closed.
  [[nodiscard]] std::optional<std::string> receive();
  // Adds the end of line; line ends inside become blanks.
  void send(std::string line);

 private:
  int fd_ = -1;
  std::string unread_;
};

}  // namespace inccl::peers
