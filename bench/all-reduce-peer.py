"""All-reduce by torch.distributed's gloo, one rank. A line on standard input (bytes and repetitions, pairs) is one round;
rank 0 answers with JSON: {bytes: [microseconds of the slowest rank]}. Arguments: rank, ranks, port."""
import json
import os
import sys
import time

import torch
import torch.distributed as dist

rank, size = int(sys.argv[1]), int(sys.argv[2])
os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=sys.argv[3], GLOO_SOCKET_IFNAME="lo")
torch.set_num_threads(1)
dist.init_process_group("gloo", rank=rank, world_size=size)
if rank == 0:
    print(torch.__version__, flush=True)
for line in sys.stdin:
    words = [int(word) for word in line.split()]
    times = {}
    for count, repetitions in zip(words[::2], words[1::2]):
        x = torch.zeros(count // 4)
        times[count] = []
        for k in range(-2, repetitions):
            dist.barrier()
            start = time.perf_counter()
            dist.all_reduce(x)
            slowest = torch.tensor([(time.perf_counter() - start) * 1e6])
            dist.all_reduce(slowest, op=dist.ReduceOp.MAX)
            if k >= 0:
                times[count].append(slowest.item())
    if rank == 0:
        print(json.dumps(times), flush=True)
dist.destroy_process_group()
