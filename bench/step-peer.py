"""The peers of bench/step.mjs: one long-lived process that times training steps of a framework when it is asked.

Each line of stdin is a JSON request {"framework", "model", "batch", "threads", "mode", "steps"}; each line of stdout the answer
{"ms": [one time a step]}, or {"failed": "..."} . The first line of stdout names the versions.
framework: torch | torch-channels-last | tensorflow; mode: train (SGD step included) | predict.
"""
import importlib.metadata
import json
import os
import sys
import time

import numpy as np

framework, threads = sys.argv[1], int(sys.argv[2])


def data(model, batch):
    rng = np.random.default_rng(1)
    shape = (batch, 784) if model == "mlp" else (batch, 28, 28, 1)
    return rng.random(shape, dtype=np.float32), rng.integers(0, 10, batch)


def torch_step(model, batch, mode):
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    last = framework == "torch-channels-last"
    if model == "mlp":
        net = nn.Sequential(nn.Linear(784, 1000), nn.ReLU(), nn.Linear(1000, 250), nn.ReLU(), nn.Linear(250, 10))
    else:
        net = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                            nn.Linear(4608, 225), nn.ReLU(), nn.Linear(225, 10))
    x, y = data(model, batch)
    x = torch.from_numpy(x)
    if model == "cnn":
        x = x.permute(0, 3, 1, 2).contiguous()
        if last:
            net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    y = torch.from_numpy(y)
    loss = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)

    def train():
        optimizer.zero_grad(set_to_none=True)
        value = loss(net(x), y)
        value.backward()
        optimizer.step()
        return value.item()

    def predict():
        with torch.inference_mode():
            return net(x).sum().item()

    return train if mode == "train" else predict


def tensorflow_step(model, batch, mode):
    import tensorflow as tf

    rng = np.random.default_rng(1)

    def weight(*shape):
        fan = np.prod(shape[:-1])
        return tf.Variable((rng.random(shape, dtype=np.float32) * 2 - 1) / np.sqrt(fan).astype(np.float32))

    x, y = data(model, batch)
    x, y = tf.constant(x), tf.constant(y)
    if model == "mlp":
        w = [weight(784, 1000), weight(1000), weight(1000, 250), weight(250), weight(250, 10), weight(10)]

        def forward(h):
            h = tf.nn.relu(tf.matmul(h, w[0]) + w[1])
            h = tf.nn.relu(tf.matmul(h, w[2]) + w[3])
            return tf.matmul(h, w[4]) + w[5]
    else:
        w = [weight(3, 3, 1, 32), weight(32), weight(3, 3, 32, 32), weight(32), weight(4608, 225), weight(225), weight(225, 10), weight(10)]

        def forward(h):
            h = tf.nn.relu(tf.nn.conv2d(h, w[0], 1, "VALID") + w[1])
            h = tf.nn.relu(tf.nn.conv2d(h, w[2], 1, "VALID") + w[3])
            h = tf.reshape(tf.nn.max_pool2d(h, 2, 2, "VALID"), [batch, 4608])
            h = tf.nn.relu(tf.matmul(h, w[4]) + w[5])
            return tf.matmul(h, w[6]) + w[7]

    @tf.function
    def train_graph():
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, forward(x)))
        for v, g in zip(w, tape.gradient(value, w)):
            v.assign_sub(0.01 * g)
        return value

    @tf.function
    def predict_graph():
        return tf.reduce_sum(forward(x))

    graph = train_graph if mode == "train" else predict_graph
    return lambda: graph().numpy()


if framework == "tensorflow":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    version = importlib.metadata.version("tensorflow-cpu")
else:
    os.environ["OMP_NUM_THREADS"] = str(threads)
    version = importlib.metadata.version("torch")
print(json.dumps({"framework": framework, "version": version}), flush=True)

ready = {}
for line in sys.stdin:
    try:
        ask = json.loads(line)
        key = (ask["model"], ask["batch"], ask["mode"])
        if key not in ready:
            make = tensorflow_step if framework == "tensorflow" else torch_step
            ready[key] = make(*key)
            for _ in range(5):
                ready[key]()
        times = []
        for _ in range(ask["steps"]):
            start = time.perf_counter()
            ready[key]()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"ms": times}), flush=True)
    except Exception as error:
        print(json.dumps({"failed": str(error)}), flush=True)
