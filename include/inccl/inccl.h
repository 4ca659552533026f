/* INCCL: collective communication over host memory (and, with a module, CUDA memory).
 *
 * Conventions that hold for every call below:
 *
 *  1. Types, constants and result codes are those of NCCL 2.32, value for value, with another
 *     prefix; what NCCL lacks starts higher (results 100, types 32, operations 64). A port is a
 *     search-and-replace of the prefix.
 *  2. Every call returns a result code. An argument error (incclInvalidArgument, incclInvalidUsage
 *     on a wrong moment) changes nothing: the communicator stays good, outputs stay as they were.
 *     Any other error sticks to the communicator, reaches all of its ranks in bounded time, and is
 *     what every later call on it returns. incclGetLastError gives the sentence: which rank, host
 *     and operation.
 *  3. Handles are ids, not addresses: a call on a destroyed, foreign or NULL handle is
 *     incclInvalidArgument, never a crash.
 *  4. Nothing waits for ever. Creation takes at most INCCL_CREATION_TIMEOUT (60 s), an operation
 *     waits INCCL_TIMEOUT (600 s) without anything moving; a peer whose connection closes is dead
 *     at once, a silent one after INCCL_HEARTBEAT_TIMEOUT (10 s).
 *  5. Buffers are the caller's. With a NULL stream a call (or the outermost incclGroupEnd) returns
 *     when the result is there and the buffers may be reused. Buffers need the alignment of their
 *     element type. A count of 0 is legal everywhere, and then buffers may be NULL.
 *  6. All ranks of a communicator call the same collectives in the same order with the same count,
 *     type, operation and root. A difference is found and is incclInvalidUsage on all ranks, naming
 *     both calls; it never ends in a wrong result.
 *  7. Threads: calls on different communicators are independent. Calls on one communicator from
 *     several threads are serialised in the order in which they arrive. One thread that holds
 *     several communicators calls them inside a group. incclCommAbort and incclCommGetAsyncError
 *     may be called by any thread at any time.
 *  8. fork: a communicator belongs to the process that made it; in a child every call on it is
 *     incclInvalidUsage.
 */
#ifndef INCCL_INCCL_H_
#define INCCL_INCCL_H_

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define INCCL_MAJOR 0
#define INCCL_MINOR 1
#define INCCL_PATCH 0
#define INCCL_VERSION_CODE 100
#define INCCL_VERSION(X, Y, Z) ((X)*10000 + (Y)*100 + (Z))

#define INCCL_UNIQUE_ID_BYTES 128
#define INCCL_COMM_NULL NULL
#define INCCL_SPLIT_NOCOLOR (-1)
#define INCCL_CONFIG_UNDEF_INT INT_MIN
#define INCCL_CONFIG_UNDEF_PTR NULL

#if defined(__GNUC__)
#define INCCL_EXPORT __attribute__((visibility("default")))
#else
#define INCCL_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct incclComm* incclComm_t;
/* One of incclStreamCreate, or NULL. A CUDA stream fits and is refused without the CUDA module. */
typedef struct CUstream_st* incclStream_t;

typedef struct {
  char internal[INCCL_UNIQUE_ID_BYTES];
} incclUniqueId;

typedef enum {
  incclSuccess = 0,
  incclUnhandledCudaError = 1,
  incclSystemError = 2,     /* a call to the operating system failed */
  incclInternalError = 3,   /* a defect of the library */
  incclInvalidArgument = 4, /* this call's arguments; nothing happened */
  incclInvalidUsage = 5,    /* wrong moment, or ranks that called different things */
  incclRemoteError = 6,     /* another rank failed, died or left */
  incclInProgress = 7,
  incclTimeout = 8,  /* a deadline passed */
  incclAborted = 100 /* incclCommAbort was called while this call was running */
} incclResult_t;

typedef enum {
  incclInt8 = 0,
  incclChar = 0,
  incclUint8 = 1,
  incclInt32 = 2,
  incclInt = 2,
  incclUint32 = 3,
  incclInt64 = 4,
  incclUint64 = 5,
  incclFloat16 = 6,
  incclHalf = 6,
  incclFloat32 = 7,
  incclFloat = 7,
  incclFloat64 = 8,
  incclDouble = 8,
  incclBfloat16 = 9,
  incclFloat8e4m3 = 10, /* OCP: no infinity, too large becomes +-448 */
  incclFloat8e5m2 = 11, /* OCP: too large becomes infinity, as with half */
  incclNumTypes = 12,   /* NCCL's; ours follow */
  incclInt16 = 32,
  incclUint16 = 33,
  incclBool = 34,      /* a byte; not 0 is true, results are 0 or 1 */
  incclComplex64 = 35, /* two floats, aligned as one */
  incclComplex128 = 36 /* two doubles */
} incclDataType_t;

/* Integers wrap and take every operation; floating-point numbers all but the bitwise and logical
 * ones; bool takes LogicalAnd, LogicalOr, Max and Min; complex numbers Sum and Avg. Any other pair
 * is incclInvalidArgument. Each step on 16- and 8-bit floats computes in float and rounds once, to
 * nearest even. Avg divides the sum, integers towards 0. */
typedef enum {
  incclSum = 0,
  incclProd = 1,
  incclMax = 2,
  incclMin = 3,
  incclAvg = 4,
  incclNumOps = 5, /* NCCL's; ours follow */
  incclBitAnd = 64,
  incclBitOr = 65,
  incclBitXor = 66,
  incclLogicalAnd = 67, /* not 0 is true, results are 0 or 1 */
  incclLogicalOr = 68,
  incclMaxRedOp = 0x7fffffff
} incclRedOp_t;

typedef enum {
  incclScalarDevice = 0, /* in device memory: refused, there is no CUDA module */
  incclScalarHostImmediate = 1
} incclScalarResidence_t;

/* Start from INCCL_CONFIG_INITIALIZER. Fields up to launchOrderImplicit have NCCL's names and
 * meanings; those made for GPUs are accepted and have no effect on host memory. `size` governs
 * which fields are looked at, so programs built against older headers keep working. */
typedef struct {
  size_t size;
  unsigned int magic;
  unsigned int version;
  int blocking; /* 0: calls without a stream return incclInProgress and go on by themselves */
  int cgaClusterSize;
  int minCTAs;
  int maxCTAs;
  const char* netName; /* transport: "auto", "inproc", "shm", "tcp"; as INCCL_TRANSPORT */
  int splitShare;
  int trafficClass;
  const char* commName; /* for messages */
  int collnetEnable;
  int CTAPolicy;
  int shrinkShare;
  int nvlsCTAs;
  int nChannelsPerNetPeer;
  int nvlinkCentricSched;
  int graphUsageMode;
  int numRmaCtx;
  int maxP2pPeers;
  int graphStreamOrdering;
  int launchOrderImplicit;
  /* Ours. */
  int operationTimeoutMs; /* as INCCL_TIMEOUT, for this communicator */
  int creationTimeoutMs;  /* as INCCL_CREATION_TIMEOUT */
} incclConfig_t;

/* Settings of one call, with NCCL's names; those made for GPUs have no effect on host memory. Start
 * from INCCL_COLL_CONFIG_INITIALIZER. */
typedef struct incclCollOption {
  const struct incclCollOption* next;
  struct {
    unsigned int vendorId; /* 24 bits, not 0; options of other vendors are passed over */
    unsigned int optionId;
  } key;
  union {
    int64_t integer;
    const char* string;
    void* pointer;
  } val;
} incclCollOption_t;

#define INCCL_VENDOR_ID 0x494e43u
enum {
  incclOptionTimeLimitMs = 1, /* integer: as operationTimeoutMs, for this call; in a group the
                                 strictest one counts for all its calls on the communicator */
  incclOptionInNetwork = 2    /* integer, alike on all ranks. 1: a switch sums this call where the
                                 communicator is at one that can, sums of float32 too, which it
                                 rounds (fixed point of 30 bits); 0: no switch */
};

typedef struct {
  size_t size;
  unsigned int magic;
  unsigned int version;
  const incclCollOption_t* ext; /* a list of options, or NULL; read before the call returns */
  int minCTAs;
  int maxCTAs;
  int nvlsCTAs;
  int cgaClusterSize;
  const char* algSelection; /* algorithms or protocols of INCCL_ALGO and INCCL_PROTO: "ring",
                               "tree,ring", "^flat"; one of each kind must fit; NULL: any */
  int forceAlgSelection;    /* 1, the default: an error when there is none such; 0: any then */
  int CTAPolicy;
  uint64_t userProfilerTag;
  void* launchCompletionEvent;
} incclCollConfig_t;

#define INCCL_COLL_CONFIG_INITIALIZER                                                       \
  {                                                                                         \
    sizeof(incclCollConfig_t), INCCL_CONFIG_MAGIC,                                          \
        INCCL_VERSION(INCCL_MAJOR, INCCL_MINOR, INCCL_PATCH), NULL, INCCL_CONFIG_UNDEF_INT, \
        INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT, NULL,       \
        INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT, 0, NULL                             \
  }

#define INCCL_CONFIG_MAGIC 0xcafebeefu
#define INCCL_CONFIG_INITIALIZER                                                      \
  {                                                                                   \
    sizeof(incclConfig_t), INCCL_CONFIG_MAGIC,                                        \
        INCCL_VERSION(INCCL_MAJOR, INCCL_MINOR, INCCL_PATCH), INCCL_CONFIG_UNDEF_INT, \
        INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT,       \
        INCCL_CONFIG_UNDEF_PTR, INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT,       \
        INCCL_CONFIG_UNDEF_PTR, INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT,       \
        INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT,       \
        INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT,       \
        INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT,       \
        INCCL_CONFIG_UNDEF_INT, INCCL_CONFIG_UNDEF_INT                                \
  }

/* ---- Version and errors ------------------------------------------------------------------- */

/* X*10000 + Y*100 + Z of the library that runs. */
INCCL_EXPORT incclResult_t incclGetVersion(int* version);

/* A static text for a code; never NULL. */
INCCL_EXPORT const char* incclGetErrorString(incclResult_t result);

/* The sentence of the error that sticks to `comm`, else of its newest failure; with comm NULL or
 * unknown, of the calling thread's newest failure. "" when there was none. The text stays valid
 * until the same thread asks again. */
INCCL_EXPORT const char* incclGetLastError(incclComm_t comm);

/* The communicator's state without waiting: the error that sticks to it; else, of one that does not
 * block, incclInProgress while calls go on, or once the failure of one that is over; else
 * incclSuccess. */
INCCL_EXPORT incclResult_t incclCommGetAsyncError(incclComm_t comm, incclResult_t* asyncError);

/* ---- Creation and end --------------------------------------------------------------------- */

/* Makes the token by which ranks meet; one process calls it and hands the 128 bytes to the others
 * by any means. Opens the rendezvous in this process (INCCL_SOCKET_IFNAME, INCCL_PORT_RANGE), so
 * this process must live until all ranks have joined, and as long as the communicators do. */
INCCL_EXPORT incclResult_t incclGetUniqueId(incclUniqueId* uniqueId);

/* Rank, size and token from the environment of a launcher: INCCL_RANK, INCCL_NRANKS and INCCL_ROOT
 * (host:port); torchrun's RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT (the port after it is
 * used); Open MPI's OMPI_COMM_WORLD_RANK and _SIZE (on one host, or with INCCL_ROOT). Looked for in
 * this order; without any of them it is one rank of one. The secret is INCCL_SECRET; without it the
 * launch is unauthenticated, with one warning. Nothing connects before incclCommInitRank. */
INCCL_EXPORT incclResult_t incclGetUniqueIdFromLauncher(incclUniqueId* uniqueId, int* nranks,
                                                        int* rank);

/* Collective over the nranks (at most 65536) holders of the token; blocks until all have joined.
 * Each rank number is used once. On failure *comm stays as it was.
 *
 * Inside a group the arguments are checked at once and the creation is left to the outermost
 * incclGroupEnd, so that one thread can create several ranks of a communicator. The group's
 * creations run side by side and before its calls. Either all succeed, or incclGroupEnd returns why
 * not and every *comm is NULL. `comm` must stay valid until then; `config` need not. */
INCCL_EXPORT incclResult_t incclCommInitRank(incclComm_t* comm, int nranks, incclUniqueId commId,
                                             int rank);

/* The same with settings; NULL means the defaults. With blocking = 0 it returns incclInProgress at
 * once; *comm takes calls, which wait for the creation, and incclCommGetAsyncError says how it
 * went. Such a communicator never blocks its caller: calls with a NULL stream return
 * incclInProgress too, one after the other, and their memory is theirs until
 * incclCommGetAsyncError says incclSuccess. */
INCCL_EXPORT incclResult_t incclCommInitRankConfig(incclComm_t* comm, int nranks,
                                                   incclUniqueId commId, int rank,
                                                   incclConfig_t* config);

/* ndev communicators of one clique in this process, comms[0 … ndev-1], at most 4096; devlist is
 * ignored on host memory and may be NULL. A single thread then calls them inside groups. Waits for
 * nobody else, so inside a group too it creates at once. */
INCCL_EXPORT incclResult_t incclCommInitAll(incclComm_t* comms, int ndev, const int* devlist);

/* Collective over all ranks of `comm`: those with one color (0 or more) become a communicator, in
 * the order of their keys, then of their ranks. With INCCL_SPLIT_NOCOLOR *newcomm becomes NULL.
 * Earlier calls on `comm` come first. config NULL: the parent's settings. Inside a group it is left
 * to the outermost incclGroupEnd, as a creation. Waits, on communicators that do not block too,
 * until all ranks have said their color; the creation of the new one then goes on by itself. */
INCCL_EXPORT incclResult_t incclCommSplit(incclComm_t comm, int color, int key,
                                          incclComm_t* newcomm, incclConfig_t* config);

/* Collective: waits until all ranks have done all their calls and called it. From then on the
 * communicator takes none; incclCommDestroy is still due. Not inside a group: one thread that has
 * several ranks makes them with blocking = 0, or destroys them. */
INCCL_EXPORT incclResult_t incclCommFinalize(incclComm_t comm);

/* Leaves: local, waits at most a short linger for its farewell. Calls that still run on the handle
 * finish first. Peers may finish operations that this rank has called; a later one fails there.
 * incclInvalidUsage while the calling thread's open group holds calls on comm. */
INCCL_EXPORT incclResult_t incclCommDestroy(incclComm_t comm);

/* Ends at once, from any thread, in any state: running calls on the handle return incclAborted
 * within 100 ms, an incclCommDestroy that waits for them returns, peers see this rank as gone. The
 * handle is invalid afterwards. */
INCCL_EXPORT incclResult_t incclCommAbort(incclComm_t comm);

INCCL_EXPORT incclResult_t incclCommCount(const incclComm_t comm, int* count);
INCCL_EXPORT incclResult_t incclCommUserRank(const incclComm_t comm, int* rank);
/* Always -1 on host memory. */
INCCL_EXPORT incclResult_t incclCommCuDevice(const incclComm_t comm, int* device);

/* Which plan an all-reduce, broadcast … of this size takes: transport, algorithm, protocol and plan
 * id, as "shm ring half 0123456789abcdef". `collective` is a name such as "all_reduce"; `bytes` is
 * the length that nccl-tests counts. Writes at most `length` characters, always terminated. */
INCCL_EXPORT incclResult_t incclCommGetPlan(const incclComm_t comm, const char* collective,
                                            size_t bytes, char* text, size_t length);
/* The plan id alone. The same id gives the same bits from run to run: it covers schedule, kernel
 * and slicing. For reductions it is that of a float sum; 0 for one rank, where nothing is computed.
 */
INCCL_EXPORT incclResult_t incclCommGetPlanId(const incclComm_t comm, const char* collective,
                                              size_t bytes, uint64_t* planId);

/* Memory that every zero-copy path likes best (shared between the processes of a host, page
 * aligned). To be freed with incclMemFree. */
INCCL_EXPORT incclResult_t incclMemAlloc(void** pointer, size_t size);
INCCL_EXPORT incclResult_t incclMemFree(void* pointer);

/* Says that memory will be used often on `comm`; local. Host memory needs no preparation here, so
 * nothing gets faster by it; programs that do it for other libraries run unchanged. */
INCCL_EXPORT incclResult_t incclCommRegister(const incclComm_t comm, void* buff, size_t size,
                                             void** handle);
INCCL_EXPORT incclResult_t incclCommDeregister(const incclComm_t comm, void* handle);

/* ---- Streams ------------------------------------------------------------------------------ */

/* A stream does the calls that name it in order, on a thread of its own; a call returns when its
 * arguments are checked. Its memory is the stream's until the stream is synchronized. Streams run
 * side by side, but the calls of one communicator run in the order of issue over all of them. The
 * calls of a group that name several streams are done together when all of these have come to them.
 * What failed in a stream is returned by the next Synchronize or Query, once. NULL is no stream:
 * Synchronize and Query have nothing to wait for. */
INCCL_EXPORT incclResult_t incclStreamCreate(incclStream_t* stream);
INCCL_EXPORT incclResult_t incclStreamSynchronize(incclStream_t stream);
/* incclSuccess when all is done, incclInProgress while it is not. */
INCCL_EXPORT incclResult_t incclStreamQuery(incclStream_t stream);
/* Does what was issued before, then goes. */
INCCL_EXPORT incclResult_t incclStreamDestroy(incclStream_t stream);

/* ---- Collectives and messages ------------------------------------------------------------- */

/* recvbuff = the reduction of all ranks' sendbuff, bitwise equal on all ranks. In place when
 * recvbuff == sendbuff; other overlaps are undefined. */
INCCL_EXPORT incclResult_t incclAllReduce(const void* sendbuff, void* recvbuff, size_t count,
                                          incclDataType_t datatype, incclRedOp_t op,
                                          incclComm_t comm, incclStream_t stream);

/* recvbuff = root's sendbuff on all ranks. sendbuff is read on the root only; in place there when
 * recvbuff == sendbuff. incclBcast is the in-place form. */
INCCL_EXPORT incclResult_t incclBroadcast(const void* sendbuff, void* recvbuff, size_t count,
                                          incclDataType_t datatype, int root, incclComm_t comm,
                                          incclStream_t stream);
INCCL_EXPORT incclResult_t incclBcast(void* buff, size_t count, incclDataType_t datatype, int root,
                                      incclComm_t comm, incclStream_t stream);

/* recvbuff[r * sendcount …] = rank r's sendbuff. In place when sendbuff == recvbuff + rank *
 * sendcount elements. */
INCCL_EXPORT incclResult_t incclAllGather(const void* sendbuff, void* recvbuff, size_t sendcount,
                                          incclDataType_t datatype, incclComm_t comm,
                                          incclStream_t stream);

/* recvbuff on the root = the reduction of all ranks' sendbuff; recvbuff is written on the root only
 * and may be NULL elsewhere. In place there when recvbuff == sendbuff. */
INCCL_EXPORT incclResult_t incclReduce(const void* sendbuff, void* recvbuff, size_t count,
                                       incclDataType_t datatype, incclRedOp_t op, int root,
                                       incclComm_t comm, incclStream_t stream);

/* recvbuff = block `rank` of the reduction of all ranks' sendbuff, which has as many blocks of
 * recvcount elements as there are ranks. In place when recvbuff == sendbuff + rank * recvcount
 * elements. */
INCCL_EXPORT incclResult_t incclReduceScatter(const void* sendbuff, void* recvbuff,
                                              size_t recvcount, incclDataType_t datatype,
                                              incclRedOp_t op, incclComm_t comm,
                                              incclStream_t stream);

/* Block r of recvbuff = block `rank` of rank r's sendbuff; blocks of `count` elements. There is no
 * in-place form. */
INCCL_EXPORT incclResult_t incclAlltoAll(const void* sendbuff, void* recvbuff, size_t count,
                                         incclDataType_t datatype, incclComm_t comm,
                                         incclStream_t stream);

/* Block r of the root's recvbuff = rank r's sendbuff; recvbuff may be NULL elsewhere. In place on
 * the root when sendbuff == recvbuff + root * count elements. */
INCCL_EXPORT incclResult_t incclGather(const void* sendbuff, void* recvbuff, size_t count,
                                       incclDataType_t datatype, int root, incclComm_t comm,
                                       incclStream_t stream);

/* recvbuff = block `rank` of the root's sendbuff, which may be NULL elsewhere. In place on the root
 * when recvbuff == sendbuff + root * count elements. */
INCCL_EXPORT incclResult_t incclScatter(const void* sendbuff, void* recvbuff, size_t count,
                                        incclDataType_t datatype, int root, incclComm_t comm,
                                        incclStream_t stream);

/* The same with blocks of different lengths; counts and displacements are in elements, arrays with
 * one entry for each rank, read before the call returns. NCCL has none of these. No two blocks may
 * overlap.
 * AllToAllv: sendcounts[p] elements go to rank p, which expects as many. A group of messages. */
INCCL_EXPORT incclResult_t incclAllToAllv(const void* sendbuff, const size_t sendcounts[],
                                          const size_t sdispls[], void* recvbuff,
                                          const size_t recvcounts[], const size_t rdispls[],
                                          incclDataType_t datatype, incclComm_t comm,
                                          incclStream_t stream);
/* recvcounts[r] elements from each rank r to rdispls[r]; sendcount is recvcounts[rank]. All ranks
 * must give the same recvcounts, or the call fails on all of them; rdispls are each rank's own. In
 * place when sendbuff == recvbuff + rdispls[rank] elements. */
INCCL_EXPORT incclResult_t incclAllGatherv(const void* sendbuff, size_t sendcount, void* recvbuff,
                                           const size_t recvcounts[], const size_t rdispls[],
                                           incclDataType_t datatype, incclComm_t comm,
                                           incclStream_t stream);
/* recvbuff = the reduction of recvcounts[rank] elements; sendbuff holds those of rank 0, rank 1 …
 * one after the other. All ranks must give the same recvcounts, as above. In place when recvbuff is
 * this rank's block of sendbuff. */
INCCL_EXPORT incclResult_t incclReduceScatterv(const void* sendbuff, void* recvbuff,
                                               const size_t recvcounts[], incclDataType_t datatype,
                                               incclRedOp_t op, incclComm_t comm,
                                               incclStream_t stream);

/* An operation that multiplies this rank's elements with *scalar and sums. The scalar, an element
 * of `datatype` in host memory, is read now. The operation counts for this communicator and type
 * until it is destroyed; ranks may use different scalars. */
INCCL_EXPORT incclResult_t incclRedOpCreatePreMulSum(incclRedOp_t* op, const void* scalar,
                                                     incclDataType_t datatype,
                                                     incclScalarResidence_t residence,
                                                     incclComm_t comm);
INCCL_EXPORT incclResult_t incclRedOpDestroy(incclRedOp_t op, incclComm_t comm);

/* One message to, or from, one peer; matched in order per pair of ranks, with equal count and type.
 * Sends and receives that need each other go into one group. A message to oneself needs a group. */
INCCL_EXPORT incclResult_t incclSend(const void* sendbuff, size_t count, incclDataType_t datatype,
                                     int peer, incclComm_t comm, incclStream_t stream);
INCCL_EXPORT incclResult_t incclRecv(void* recvbuff, size_t count, incclDataType_t datatype,
                                     int peer, incclComm_t comm, incclStream_t stream);

/* A message from whichever peer has one first; *source becomes its rank when the call (or its
 * group, or its stream) is over. Count and type must be those of the message. Not in one group with
 * receives from a certain peer. */
INCCL_EXPORT incclResult_t incclRecvAnySource(void* recvbuff, size_t count,
                                              incclDataType_t datatype, int* source,
                                              incclComm_t comm, incclStream_t stream);

/* Returns when every rank has called it. */
INCCL_EXPORT incclResult_t incclBarrier(incclComm_t comm, incclStream_t stream);

/* The same collectives with settings for one call; config NULL: none. All ranks must say the same.
 */
INCCL_EXPORT incclResult_t incclAllReduceConfig(const void* sendbuff, void* recvbuff, size_t count,
                                                incclDataType_t datatype, incclRedOp_t op,
                                                incclComm_t comm, incclStream_t stream,
                                                const incclCollConfig_t* config);
INCCL_EXPORT incclResult_t incclReduceConfig(const void* sendbuff, void* recvbuff, size_t count,
                                             incclDataType_t datatype, incclRedOp_t op, int root,
                                             incclComm_t comm, incclStream_t stream,
                                             const incclCollConfig_t* config);
INCCL_EXPORT incclResult_t incclBroadcastConfig(const void* sendbuff, void* recvbuff, size_t count,
                                                incclDataType_t datatype, int root,
                                                incclComm_t comm, incclStream_t stream,
                                                const incclCollConfig_t* config);
INCCL_EXPORT incclResult_t incclAllGatherConfig(const void* sendbuff, void* recvbuff,
                                                size_t sendcount, incclDataType_t datatype,
                                                incclComm_t comm, incclStream_t stream,
                                                const incclCollConfig_t* config);
INCCL_EXPORT incclResult_t incclReduceScatterConfig(const void* sendbuff, void* recvbuff,
                                                    size_t recvcount, incclDataType_t datatype,
                                                    incclRedOp_t op, incclComm_t comm,
                                                    incclStream_t stream,
                                                    const incclCollConfig_t* config);
INCCL_EXPORT incclResult_t incclAlltoAllConfig(const void* sendbuff, void* recvbuff, size_t count,
                                               incclDataType_t datatype, incclComm_t comm,
                                               incclStream_t stream,
                                               const incclCollConfig_t* config);
INCCL_EXPORT incclResult_t incclGatherConfig(const void* sendbuff, void* recvbuff, size_t count,
                                             incclDataType_t datatype, int root, incclComm_t comm,
                                             incclStream_t stream, const incclCollConfig_t* config);
INCCL_EXPORT incclResult_t incclScatterConfig(const void* sendbuff, void* recvbuff, size_t count,
                                              incclDataType_t datatype, int root, incclComm_t comm,
                                              incclStream_t stream,
                                              const incclCollConfig_t* config);

/* ---- Groups ------------------------------------------------------------------------------- */

/* Calls between the two are collected by this thread and driven together by the outermost
 * incclGroupEnd, which returns when all are done: several communicators of one thread, sends and
 * receives that need each other, many small all-reduces at once. So none may read what another one
 * writes, and all ranks group their all-reduces of a communicator alike. Groups nest. A call with
 * wrong arguments inside a group is refused at once and not part of it. Creations
 * (incclCommInitRank) come first, on all ranks; the calls run whatever became of them, and the
 * first failure is returned. */
INCCL_EXPORT incclResult_t incclGroupStart(void);
INCCL_EXPORT incclResult_t incclGroupEnd(void);

#ifdef __cplusplus
}
#endif

#endif /* INCCL_INCCL_H_ */
