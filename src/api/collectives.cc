// Collectives and messages: make a Call of the arguments, submit it.
#include "api/guard.h"
#include "api/submit.h"

namespace {

using inccl::Collective;
using inccl::DataType;
using inccl::RedOp;

struct Arguments {
  const void* send = nullptr;
  void* recv = nullptr;
  size_t count = 0;
  // Numbers until they are checked: C callers pass what they like.
  int type = incclInt32;
  int op = incclSum;
  int root = -1;
};

incclResult_t submit(Collective collective, const Arguments& arguments, incclComm_t comm,
                     incclStream_t stream, const incclCollConfig_t* config = nullptr) {
  inccl::comm::Call call;
  call.signature = {collective, static_cast<DataType>(arguments.type),
                    static_cast<RedOp>(arguments.op), arguments.root, arguments.count};
  call.send = arguments.send;
  call.recv = arguments.recv;
  return inccl::api::guarded([&] { return inccl::api::submit(call, comm, stream, config); });
}

}  // namespace

incclResult_t incclAllReduce(const void* sendbuff, void* recvbuff, size_t count,
                             incclDataType_t datatype, incclRedOp_t op, incclComm_t comm,
                             incclStream_t stream) {
  return submit(Collective::kAllReduce, {sendbuff, recvbuff, count, datatype, op}, comm, stream);
}

incclResult_t incclReduce(const void* sendbuff, void* recvbuff, size_t count,
                          incclDataType_t datatype, incclRedOp_t op, int root, incclComm_t comm,
                          incclStream_t stream) {
  return submit(Collective::kReduce, {sendbuff, recvbuff, count, datatype, op, root}, comm, stream);
}

incclResult_t incclBroadcast(const void* sendbuff, void* recvbuff, size_t count,
                             incclDataType_t datatype, int root, incclComm_t comm,
                             incclStream_t stream) {
  return submit(Collective::kBroadcast, {sendbuff, recvbuff, count, datatype, incclSum, root}, comm,
                stream);
}

incclResult_t incclBcast(void* buff, size_t count, incclDataType_t datatype, int root,
                         incclComm_t comm, incclStream_t stream) {
  return incclBroadcast(buff, buff, count, datatype, root, comm, stream);
}

incclResult_t incclAllGather(const void* sendbuff, void* recvbuff, size_t sendcount,
                             incclDataType_t datatype, incclComm_t comm, incclStream_t stream) {
  return submit(Collective::kAllGather, {sendbuff, recvbuff, sendcount, datatype}, comm, stream);
}

incclResult_t incclReduceScatter(const void* sendbuff, void* recvbuff, size_t recvcount,
                                 incclDataType_t datatype, incclRedOp_t op, incclComm_t comm,
                                 incclStream_t stream) {
  return submit(Collective::kReduceScatter, {sendbuff, recvbuff, recvcount, datatype, op}, comm,
                stream);
}

incclResult_t incclAlltoAll(const void* sendbuff, void* recvbuff, size_t count,
                            incclDataType_t datatype, incclComm_t comm, incclStream_t stream) {
  return submit(Collective::kAllToAll, {sendbuff, recvbuff, count, datatype}, comm, stream);
}

incclResult_t incclGather(const void* sendbuff, void* recvbuff, size_t count,
                          incclDataType_t datatype, int root, incclComm_t comm,
                          incclStream_t stream) {
  return submit(Collective::kGather, {sendbuff, recvbuff, count, datatype, incclSum, root}, comm,
                stream);
}

incclResult_t incclScatter(const void* sendbuff, void* recvbuff, size_t count,
                           incclDataType_t datatype, int root, incclComm_t comm,
                           incclStream_t stream) {
  return submit(Collective::kScatter, {sendbuff, recvbuff, count, datatype, incclSum, root}, comm,
                stream);
}

incclResult_t incclSend(const void* sendbuff, size_t count, incclDataType_t datatype, int peer,
                        incclComm_t comm, incclStream_t stream) {
  return submit(Collective::kSend, {sendbuff, nullptr, count, datatype, incclSum, peer}, comm,
                stream);
}

incclResult_t incclRecv(void* recvbuff, size_t count, incclDataType_t datatype, int peer,
                        incclComm_t comm, incclStream_t stream) {
  return submit(Collective::kRecv, {nullptr, recvbuff, count, datatype, incclSum, peer}, comm,
                stream);
}

incclResult_t incclBarrier(incclComm_t comm, incclStream_t stream) {
  return submit(Collective::kBarrier, {}, comm, stream);
}

incclResult_t incclRecvAnySource(void* recvbuff, size_t count, incclDataType_t datatype,
                                 int* source, incclComm_t comm, incclStream_t stream) {
  return inccl::api::guarded([&]() -> inccl::Status {
    if (!source) return inccl::invalidArgument("incclRecvAnySource: source is NULL");
    inccl::comm::Call call;
    call.signature = {Collective::kRecv, static_cast<DataType>(static_cast<int>(datatype)),
                      RedOp::kSum, inccl::comm::Call::kAnyRank, count};
    call.recv = recvbuff;
    call.source = source;
    return inccl::api::submit(call, comm, stream);
  });
}

// The twins with a configuration for one call.

incclResult_t incclAllReduceConfig(const void* sendbuff, void* recvbuff, size_t count,
                                   incclDataType_t datatype, incclRedOp_t op, incclComm_t comm,
                                   incclStream_t stream, const incclCollConfig_t* config) {
  return submit(Collective::kAllReduce, {sendbuff, recvbuff, count, datatype, op}, comm, stream,
                config);
}

incclResult_t incclReduceConfig(const void* sendbuff, void* recvbuff, size_t count,
                                incclDataType_t datatype, incclRedOp_t op, int root,
                                incclComm_t comm, incclStream_t stream,
                                const incclCollConfig_t* config) {
  return submit(Collective::kReduce, {sendbuff, recvbuff, count, datatype, op, root}, comm, stream,
                config);
}

incclResult_t incclBroadcastConfig(const void* sendbuff, void* recvbuff, size_t count,
                                   incclDataType_t datatype, int root, incclComm_t comm,
                                   incclStream_t stream, const incclCollConfig_t* config) {
  return submit(Collective::kBroadcast, {sendbuff, recvbuff, count, datatype, incclSum, root}, comm,
                stream, config);
}

incclResult_t incclAllGatherConfig(const void* sendbuff, void* recvbuff, size_t sendcount,
                                   incclDataType_t datatype, incclComm_t comm, incclStream_t stream,
                                   const incclCollConfig_t* config) {
  return submit(Collective::kAllGather, {sendbuff, recvbuff, sendcount, datatype}, comm, stream,
                config);
}

incclResult_t incclReduceScatterConfig(const void* sendbuff, void* recvbuff, size_t recvcount,
                                       incclDataType_t datatype, incclRedOp_t op, incclComm_t comm,
                                       incclStream_t stream, const incclCollConfig_t* config) {
  return submit(Collective::kReduceScatter, {sendbuff, recvbuff, recvcount, datatype, op}, comm,
                stream, config);
}

incclResult_t incclAlltoAllConfig(const void* sendbuff, void* recvbuff, size_t count,
                                  incclDataType_t datatype, incclComm_t comm, incclStream_t stream,
                                  const incclCollConfig_t* config) {
  return submit(Collective::kAllToAll, {sendbuff, recvbuff, count, datatype}, comm, stream, config);
}

incclResult_t incclGatherConfig(const void* sendbuff, void* recvbuff, size_t count,
                                incclDataType_t datatype, int root, incclComm_t comm,
                                incclStream_t stream, const incclCollConfig_t* config) {
  return submit(Collective::kGather, {sendbuff, recvbuff, count, datatype, incclSum, root}, comm,
                stream, config);
}

incclResult_t incclScatterConfig(const void* sendbuff, void* recvbuff, size_t count,
                                 incclDataType_t datatype, int root, incclComm_t comm,
                                 incclStream_t stream, const incclCollConfig_t* config) {
  return submit(Collective::kScatter, {sendbuff, recvbuff, count, datatype, incclSum, root}, comm,
                stream, config);
}
