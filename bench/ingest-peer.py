# A peer of bench/ingest.mjs: a pool of processes that decode JPEG files into shared memory, which is then saved as .npy.
# usage: ingest-peer.py pillow|torchvision PROCESSES; requests and answers are lines of JSON
import json
import sys
import time
from multiprocessing import Pool, shared_memory

import numpy as np

CHUNK = 32
library = sys.argv[1]


def with_pillow(path, side, channels):
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        mode = "L" if channels == 1 else "RGB"
        # Shrinks while decoding, as weft does.
        image.draft(mode, (side, side))
        image = image.convert(mode)
        if image.size != (side, side):
            image = ImageOps.fit(image, (side, side), Image.Resampling.BICUBIC)
        return np.asarray(image).reshape(side, side, channels)


def with_torchvision(path, side, channels):
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg, read_file
    from torchvision.transforms.v2 import functional

    torch.set_num_threads(1)
    mode = ImageReadMode.GRAY if channels == 1 else ImageReadMode.RGB
    image = decode_jpeg(read_file(path), mode=mode)
    if tuple(image.shape[1:]) != (side, side):
        image = functional.center_crop(functional.resize(image, side, antialias=True), side)
    return image.permute(1, 2, 0).numpy()


decode = with_pillow if library == "pillow" else with_torchvision


def work(job):
    name, shape, start, paths = job
    memory = shared_memory.SharedMemory(name)
    out = np.ndarray(shape, np.uint8, memory.buf)
    for i, path in enumerate(paths):
        out[start + i] = decode(path, shape[1], shape[3])
    del out
    memory.close()


def version():
    if library == "pillow":
        import PIL

        return PIL.__version__
    import torchvision

    return torchvision.__version__


def answer(value):
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    try:
        found = version()
    except ImportError as error:
        answer({"failed": f"not installed: {error}"})
        sys.exit(1)
    with Pool(int(sys.argv[2])) as pool:
        answer({"version": found})
        for line in sys.stdin:
            request = json.loads(line)
            files, side, channels = request["files"], request["side"], request["channels"]
            started = time.perf_counter()
            shape = (len(files), side, side, channels)
            memory = shared_memory.SharedMemory(create=True, size=int(np.prod(shape)))
            try:
                jobs = [(memory.name, shape, i, files[i : i + CHUNK]) for i in range(0, len(files), CHUNK)]
                pool.map(work, jobs, chunksize=1)
                images = np.ndarray(shape, np.uint8, memory.buf)
                np.save(request["out"] + ".npy", images)
                del images
                answer({"rate": len(files) / (time.perf_counter() - started)})
            finally:
                memory.close()
                memory.unlink()
