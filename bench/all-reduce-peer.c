/* All-reduce by Open MPI, timed as osu_allreduce does: a barrier, the call, the slowest rank's time. One line a size:
 * bytes, then microseconds of each repetition. Arguments: pairs of bytes and repetitions. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
  int rank;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (int a = 1; a + 1 < argc; a += 2) {
    const size_t bytes = strtoul(argv[a], 0, 10), n = bytes / sizeof(float);
    const int repetitions = atoi(argv[a + 1]);
    float* x = malloc(bytes);
    for (size_t i = 0; i < n; i++) x[i] = 0;
    if (rank == 0) printf("%zu", bytes);
    for (int k = -2; k < repetitions; k++) { /* two to warm up */
      MPI_Barrier(MPI_COMM_WORLD);
      double slowest, time = MPI_Wtime();
      MPI_Allreduce(MPI_IN_PLACE, x, (int)n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
      time = MPI_Wtime() - time;
      MPI_Allreduce(&time, &slowest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
      if (rank == 0 && k >= 0) printf(" %.3f", slowest * 1e6);
    }
    if (rank == 0) printf("\n");
    free(x);
  }
  MPI_Finalize();
  return 0;
}
