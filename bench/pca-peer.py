"""The peers of bench/pca.mjs: one process for one method and one matrix, which fits when it is asked.

Arguments: method, file of uint8 values, rows, features, components, threads. Each line of stdin is a request, each line of stdout the answer:
"fit" -> {"seconds", "peakMb"}; "error PATH" -> {"error"}: the share of variance that k orthonormal rows (float32) in a file do not explain;
"own" -> {"error"} of the last fit. The first line of stdout names the versions.
method: randomized | covariance_eigh | incremental (scikit-learn), pca_lowrank (torch), error (fits nothing)
"""
import importlib.metadata
import json
import os
import resource
import sys
import time

method, path, n, d, k, threads = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:7])
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(threads)
import numpy as np

x = np.fromfile(path, np.uint8, count=n * d).reshape(n, d).astype(np.float32)
if method == "pca_lowrank":
    import torch

    torch.set_num_threads(threads)
    data = torch.from_numpy(x)
    versions = {"torch": importlib.metadata.version("torch")}
elif method == "error":
    versions = {"numpy": importlib.metadata.version("numpy")}
else:
    from sklearn.decomposition import PCA, IncrementalPCA

    versions = {name: importlib.metadata.version(name) for name in ("scikit-learn", "numpy")}
    if method == "incremental":
        # Its default, five times the features, is no batch any more where they are many.
        model = IncrementalPCA(k, batch_size=min(5 * d, 4000))
    else:
        model = PCA(k, svd_solver=method, random_state=0)


def fit():
    if method == "pca_lowrank":
        torch.manual_seed(0)
        return torch.pca_lowrank(data, q=k)[2].numpy().T
    return model.fit(x).components_


def error(v):
    centred = x - x.mean(0, dtype=np.float64).astype(np.float32)
    total = np.einsum("ij,ij->", centred, centred, dtype=np.float64)
    v = np.linalg.qr(v.T.astype(np.float64))[0].astype(np.float32)
    scores = centred @ v
    return 1 - np.einsum("ij,ij->", scores, scores, dtype=np.float64) / total


print(json.dumps({"versions": versions}), flush=True)
components = None
for line in sys.stdin:
    ask = line.split()
    try:
        if ask[0] == "fit":
            start = time.perf_counter()
            components = fit()
            seconds = time.perf_counter() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps({"seconds": seconds, "peakMb": peak}), flush=True)
        else:
            v = components if ask[0] == "own" else np.fromfile(ask[1], np.float32).reshape(-1, d)
            print(json.dumps({"error": float(error(v))}), flush=True)
    except Exception as problem:
        print(json.dumps({"failed": str(problem)}), flush=True)
