#include "bootstrap/solo_session.h"

#include <fmt/format.h>

#include <cerrno>
#include <map>
#include <mutex>

#include "bootstrap/authentication.h"
#include "bootstrap/hub.h"
#include "bootstrap/rendezvous.h"
#include "bootstrap/service_thread.h"

namespace inccl::bootstrap {
namespace {

class SoloSession final : public Session {
 public:
  SoloSession(PeerInfo self, std::string key) : peers_{std::move(self)}, key_(std::move(key)) {}

  [[nodiscard]] int rank() const override { return 0; }
  [[nodiscard]] const std::vector<PeerInfo>& peers() const override { return peers_; }
  [[nodiscard]] std::string communicatorKey() const override { return key_; }

  Result<std::vector<std::vector<std::byte>>> allGather(const std::vector<std::byte>& mine,
                                                        Deadline) override {
    return std::vector<std::vector<std::byte>>{mine};
  }
  Result<os::UniqueFd> connectTo(int, uint32_t, Deadline) override { return noPeer(); }
  Result<os::UniqueFd> acceptFrom(int, uint32_t, Deadline) override { return noPeer(); }
  void prefer(std::vector<Addresses>) override {}

  Status offerDescriptor(const std::string& name, int fd) override {
    INCCL_TRY_ASSIGN(os::UniqueFd copy, duplicate(fd));
    const std::lock_guard lock(mutex_);
    if (!offers_.try_emplace(name, std::move(copy)).second)
      return invalidUsage(fmt::format("a descriptor is already offered as '{}'", name));
    return {};
  }
  void withdrawDescriptor(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    offers_.erase(name);
  }
  void takeNotes(TakeNote) override {}
  void post(int, std::vector<std::byte>) override {}
  Status whetherLeft(int) override { return {}; }
  [[nodiscard]] bool someoneLeft() const override { return false; }
  Result<os::UniqueFd> requestDescriptor(int peer, const std::string& name, Deadline) override {
    if (peer != 0) return noPeer();
    const std::lock_guard lock(mutex_);
    const auto found = offers_.find(name);
    // Nobody else can offer it later.
    if (found == offers_.end())
      return timeoutError(fmt::format("nothing is offered as '{}'", name));
    return duplicate(found->second.get());
  }
  // Alone, what was requested came with the answer.
  Result<os::UniqueFd> receiveDescriptor(int, const std::string&, int connection,
                                         Deadline) override {
    return duplicate(connection);
  }

  void reportFailure(const Status&, int) override {}
  Status explainBrokenPeer(int, const std::string&, Nanos) override { return noPeer(); }
  void reportWaiting(OpTag, const OpSignature&) override {}
  void leave(uint32_t, Nanos) override {}
  void abandon() override {}

 private:
  static Status noPeer() { return invalidArgument("a communicator of one rank has no peers"); }
  static Result<os::UniqueFd> duplicate(int fd) {
    os::UniqueFd copy(os::sys::duplicate(fd));
    if (!copy.valid()) return systemError("cannot duplicate a descriptor", errno);
    return copy;
  }

  const std::vector<PeerInfo> peers_;
  const std::string key_;
  std::mutex mutex_;
  std::map<std::string, os::UniqueFd> offers_;
};

}  // namespace

Result<std::unique_ptr<Session>> joinAlone(const UniqueId& id, const Config& config) {
  // The root that was opened with the id, if here, waits for nobody.
  if (ServiceThread* service = ServiceThread::running())
    Hub::withdraw(*service, id, invalidUsage("another rank was told that it is the only one"));
  uint64_t key[2] = {};
  INCCL_TRY(fillRandom(key, sizeof key));
  return std::unique_ptr<Session>(new SoloSession(describeSelf(0, config, key[0]),
                                                  fmt::format("{:016x}{:016x}", key[0], key[1])));
}

}  // namespace inccl::bootstrap
