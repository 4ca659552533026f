/* A C99 program against the installed header: version, then an all-reduce of one rank, whose result
 * is its input. Prints the version; exit status 0 when everything was right. */
#include <inccl/inccl.h>
#include <stdio.h>
#include <string.h>

static int failed(const char* what, incclResult_t result, incclComm_t comm) {
  if (result == incclSuccess) return 0;
  fprintf(stderr, "%s: %s: %s\n", what, incclGetErrorString(result), incclGetLastError(comm));
  return 1;
}

int main(void) {
  const float send[5] = {1, -2, 3.5f, 0, 1e30f};
  float recv[5] = {0};
  int version = 0;
  incclUniqueId id;
  incclComm_t comm = INCCL_COMM_NULL;

  if (failed("incclGetVersion", incclGetVersion(&version), NULL)) return 1;
  if (version != INCCL_VERSION(INCCL_MAJOR, INCCL_MINOR, INCCL_PATCH)) {
    fprintf(stderr, "library %d, header %d\n", version, INCCL_VERSION_CODE);
    return 1;
  }
  if (failed("incclGetUniqueId", incclGetUniqueId(&id), NULL)) return 1;
  if (failed("incclCommInitRank", incclCommInitRank(&comm, 1, id, 0), NULL)) return 1;
  if (failed("incclAllReduce", incclAllReduce(send, recv, 5, incclFloat32, incclSum, comm, NULL),
             comm))
    return 1;
  if (memcmp(send, recv, sizeof(send)) != 0) {
    fprintf(stderr, "the sum over one rank is not its input\n");
    return 1;
  }
  if (failed("incclCommDestroy", incclCommDestroy(comm), NULL)) return 1;
  printf("inccl %d\n", version);
  return 0;
}
