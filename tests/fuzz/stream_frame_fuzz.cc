// Headers of channel messages in a byte stream: what decodes encodes to the same bytes.
#include <algorithm>
#include <span>

#include "fuzz/fuzz_target.h"
#include "wire/stream_frame.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using inccl::wire::StreamFrame;
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  for (; size >= StreamFrame::kBytes; bytes += StreamFrame::kBytes, size -= StreamFrame::kBytes) {
    const auto frame = StreamFrame::decode(bytes);
    if (!frame) return 0;
    FUZZ_CHECK(inccl::OpTag(frame->tag.sequence(), frame->tag.digest()) == frame->tag);
    FUZZ_CHECK(std::ranges::equal(frame->encode(), std::span(bytes, StreamFrame::kBytes)));
  }
  return 0;
}
