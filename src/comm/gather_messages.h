// Every rank's message of one kind, over the control channel: at set-up, and by calls that make or
// end communicators.
#pragma once

#include <string_view>
#include <vector>

#include "bootstrap/session.h"
#include "wire/byte_codec.h"

namespace inccl::comm {

// By rank. `what` names the message where one cannot be read.
template <typename Message>
Result<std::vector<Message>> gatherMessages(bootstrap::Session& session, const Message& mine,
                                            std::string_view what, Deadline deadline) {
  wire::Writer writer;
  Message::fields(writer, mine);
  INCCL_TRY_ASSIGN(const auto blobs, session.allGather(writer.take(), deadline));
  std::vector<Message> all(blobs.size());
  for (size_t rank = 0; rank < blobs.size(); ++rank) {
    wire::Reader reader(blobs[rank]);
    Message::fields(reader, all[rank]);
    INCCL_TRY(reader.finish(what));
  }
  return all;
}

}  // namespace inccl::comm
