// Which values the enumerations on the wire have. A switch without default, so that the compiler
// reports an enumerator that is missing here.
#include "wire/control_messages.h"
#include "wire/handshake_messages.h"

namespace inccl::wire {

bool isKnown(Purpose purpose) {
  switch (purpose) {
    case Purpose::kControl:
    case Purpose::kData:
    case Purpose::kDescriptor:
      return true;
  }
  return false;
}

bool isKnown(RejectReason reason) {
  switch (reason) {
    case RejectReason::kUnknownTarget:
    case RejectReason::kWrongProof:
    case RejectReason::kRefused:
      return true;
  }
  return false;
}

// kOk is no failure, and nothing else is sent.
bool isKnown(Code code) {
  switch (code) {
    case Code::kUnhandledCudaError:
    case Code::kSystemError:
    case Code::kInternalError:
    case Code::kInvalidArgument:
    case Code::kInvalidUsage:
    case Code::kRemoteError:
    case Code::kTimeout:
    case Code::kAborted:
      return true;
    case Code::kOk:
    case Code::kInProgress:
      return false;
  }
  return false;
}

bool isKnown(Collective collective) {
  switch (collective) {
    case Collective::kAllReduce:
    case Collective::kBroadcast:
    case Collective::kAllGather:
    case Collective::kBarrier:
    case Collective::kSend:
    case Collective::kRecv:
    case Collective::kReduce:
    case Collective::kReduceScatter:
    case Collective::kAllToAll:
    case Collective::kGather:
    case Collective::kScatter:
      return true;
  }
  return false;
}

bool isKnown(DataType type) { return sizeOf(type) != 0; }

bool isKnown(RedOp op) { return parseRedOp(inccl::name(op)) == op; }

Result<Endpoints> decodeEndpoints(const std::vector<std::byte>& bytes) {
  Endpoints endpoints;
  Reader reader(bytes);
  Endpoints::fields(reader, endpoints);
  INCCL_TRY(reader.finish("endpoints"));
  return endpoints;
}

}  // namespace inccl::wire
