// The caller's hold on its member: whatever happens, an exception included, the service thread lets
// go of the caller's memory before the hold ends.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/fork_generation.h"
#include "bootstrap/member.h"

namespace inccl::bootstrap {

class ServiceThread;

class MemberOwner {
 public:
  MemberOwner(ServiceThread& service, std::shared_ptr<Member> member)
      : service_(&service), member_(std::move(member)) {}
  MemberOwner(MemberOwner&& other) noexcept = default;
  MemberOwner& operator=(MemberOwner&&) = delete;
  ~MemberOwner();

  [[nodiscard]] const std::shared_ptr<Member>& get() const { return member_; }
  [[nodiscard]] Member* operator->() const { return member_.get(); }
  // This process was forked from the one that made the member.
  [[nodiscard]] bool forked() const { return forkGeneration() != forkGeneration_; }

 private:
  ServiceThread* service_;
  std::shared_ptr<Member> member_;  // nullptr once moved from
  uint32_t forkGeneration_ = forkGeneration();
};

}  // namespace inccl::bootstrap
