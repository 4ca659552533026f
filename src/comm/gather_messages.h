// Every rank's message of one kind, over the control channel: at set-up, and by calls that make or
// end communicators.
//
// A short message takes one round of the session's allGather. A longer one goes in pieces, which
// end with one that is not full, so that what a rank has to say is never too long for a round.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "bootstrap/session.h"
#include "wire/byte_codec.h"

namespace inccl::comm {

// What one rank may say at a time.
constexpr size_t kMostGatheredBytes = 32u << 20;

// By rank. A failure of this call leaves the ranks without agreement.
Result<std::vector<std::vector<std::byte>>> gatherBytes(bootstrap::Session& session,
                                                        const std::vector<std::byte>& mine,
                                                        Deadline deadline);

// By rank. `what` names the message where one cannot be read.
template <typename Message>
Result<std::vector<Message>> gatherMessages(bootstrap::Session& session, const Message& mine,
                                            std::string_view what, Deadline deadline) {
  wire::Writer writer;
  Message::fields(writer, mine);
  INCCL_TRY_ASSIGN(const auto blobs, gatherBytes(session, writer.take(), deadline));
  std::vector<Message> all(blobs.size());
  for (size_t rank = 0; rank < blobs.size(); ++rank) {
    wire::Reader reader(blobs[rank]);
    Message::fields(reader, all[rank]);
    INCCL_TRY(reader.finish(what));
  }
  return all;
}

// How something went on one rank, in a message.
struct Outcome {
  int32_t code = 0;
  std::string sentence;

  static Outcome of(const Status& status) {
    return {static_cast<int32_t>(status.code()), std::string(status.message())};
  }
  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.code);
    codec.text(self.sentence, 8192);
  }
};

// The first failure by rank, and whose it is: everybody's.
Status firstFailure(const std::vector<Outcome>& outcomes);

}  // namespace inccl::comm
