/* The smallest whole program: every rank contributes its vector, every rank gets the sum.
 *
 *   example_all_reduce 4                                  four processes, made by this one
 *   torchrun --nproc-per-node 4 --no-python example_all_reduce
 *   mpirun -np 4 example_all_reduce                       one process per rank, made by a launcher
 *
 * Under a launcher the environment says who is who. Without one, ranks must be told how to find
 * each other: rank 0 makes a unique id, 128 bytes, and hands it to the others by any means; here by
 * a pipe. The processes are forked first, since communicators do not survive a fork.
 */
#define _POSIX_C_SOURCE 200809L
#include <inccl/inccl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kCount = 1000, kMaxRanks = 64 };

/* Ends the program when a call failed, with the library's own sentence about it. */
static void check(incclResult_t result, const char* call, incclComm_t comm) {
  if (result == incclSuccess) return;
  fprintf(stderr, "%s: %s: %s\n", call, incclGetErrorString(result), incclGetLastError(comm));
  exit(1);
}

/* One rank's life, from the id to the goodbye. */
static void runRank(incclUniqueId id, int rankCount, int rank) {
  static double send[kCount], recv[kCount];
  incclComm_t comm = INCCL_COMM_NULL;
  int i, wrong = 0;

  check(incclCommInitRank(&comm, rankCount, id, rank), "incclCommInitRank", NULL);
  for (i = 0; i < kCount; ++i) send[i] = rank + 0.5 * i;
  check(incclAllReduce(send, recv, kCount, incclFloat64, incclSum, comm, NULL), "incclAllReduce",
        comm);

  /* The ranks' numbers sum to n(n-1)/2; all terms are small multiples of 1/2, so sums are exact. */
  for (i = 0; i < kCount; ++i) {
    const double expected = rankCount * (rankCount - 1) / 2 + rankCount * (0.5 * i);
    if (recv[i] != expected) ++wrong;
  }
  printf("rank %d of %d: recv[1] = %g, %d of %d elements wrong\n", rank, rankCount, recv[1], wrong,
         kCount);
  check(incclCommDestroy(comm), "incclCommDestroy", NULL);
  if (wrong != 0) exit(1);
}

static int readId(int fd, incclUniqueId* id) {
  size_t got = 0;
  while (got < sizeof(*id)) {
    const ssize_t n = read(fd, (char*)id + got, sizeof(*id) - got);
    if (n <= 0) return 0; /* rank 0 is gone */
    got += (size_t)n;
  }
  return 1;
}

/* Makes ranks 1 … n-1 as children, each with the reading end of one pipe; returns their number's
 * pipe ends. In a child it does not return. */
static void forkRanks(int rankCount, int* writeEnds) {
  int rank;
  for (rank = 1; rank < rankCount; ++rank) {
    int ends[2];
    pid_t child;
    if (pipe(ends) != 0 || (child = fork()) < 0) {
      perror("pipe or fork");
      exit(1);
    }
    if (child == 0) {
      incclUniqueId id;
      close(ends[1]);
      if (!readId(ends[0], &id)) exit(1);
      runRank(id, rankCount, rank);
      exit(0);
    }
    close(ends[0]);
    writeEnds[rank] = ends[1];
  }
}

static int runLocally(int rankCount) {
  int writeEnds[kMaxRanks], rank, status, failures = 0;
  incclUniqueId id;

  forkRanks(rankCount, writeEnds);
  check(incclGetUniqueId(&id), "incclGetUniqueId", NULL);
  for (rank = 1; rank < rankCount; ++rank) {
    if (write(writeEnds[rank], &id, sizeof(id)) != (ssize_t)sizeof(id)) ++failures;
    close(writeEnds[rank]);
  }
  runRank(id, rankCount, 0);
  for (rank = 1; rank < rankCount; ++rank) {
    if (wait(&status) < 0 || status != 0) ++failures;
  }
  return failures == 0 ? 0 : 1;
}

int main(int argc, char** argv) {
  incclUniqueId id;
  int rankCount, rank;
  if (argc == 2) {
    rankCount = atoi(argv[1]);
    if (rankCount < 1 || rankCount > kMaxRanks) {
      fprintf(stderr, "usage: %s [processes, 1 to %d]   (none under a launcher)\n", argv[0],
              kMaxRanks);
      return 2;
    }
    return runLocally(rankCount);
  }
  check(incclGetUniqueIdFromLauncher(&id, &rankCount, &rank), "incclGetUniqueIdFromLauncher", NULL);
  runRank(id, rankCount, rank);
  return 0;
}
