#include "bootstrap/member_owner.h"

#include <exception>

#include "base/log.h"
#include "bootstrap/service_thread.h"

namespace inccl::bootstrap {

MemberOwner::~MemberOwner() {
  // In a forked child the thread that would let go does not exist, and its directory, never
  // destroyed, keeps the member.
  if (!member_ || forked()) return;
  member_->detach();
  try {
    const Status closed = service_->call([member = member_] {
      member->close();
      return Status();
    });
    if (!closed.ok()) logWarn("{}", closed.message());
  } catch (const std::exception&) {
    // No memory to ask for it: the member sees at its next tick that nobody owns it.
  }
}

}  // namespace inccl::bootstrap
