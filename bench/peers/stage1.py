"""Stage 1 beside PyTorch: spherical gradient descent on the exponentially weighted label.

All make fresh samples on the way, in float32, and take the same steps (mathematics, section 4).
Random numbers are not the same, so that what must agree is how far neurons have come: the mean of
|<w_j, theta*>|. PyTorch compiled starts as eager does and must end where it ends.
"""

import json
import logging
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from measure import compare, require

# That there is no CUDA.
logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)

WIDTH = 128
NOISE = 0.3
STEP_SCALE = 0.3
PROGRAM = str(Path(sys.executable).parent / "esscher")


def label_scale():
    """Root mean square of y exp(y), y = tanh(2 z) + noise, by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    y = np.tanh(2 * nodes)[:, None] + NOISE * nodes
    weights = np.outer(weights, weights) / weights.sum() ** 2
    return float(np.sqrt(np.sum(weights * (y * np.exp(y)) ** 2)))


def simulated(dim, batch, samples, seed):
    """Processor seconds of the command, and overlaps of the first layer."""
    before = processor_seconds()
    done = subprocess.run(
        [PROGRAM, "simulate", "--link", "tanh(2*z)", "--noise", f"gaussian:{NOISE}",
         "--dim", str(dim), "--width", str(WIDTH), "--feature-temperature", "1",
         "--engine", "direct", "--batch", str(batch), "--step-scale", str(STEP_SCALE),
         "--cooldown", "0", "--feature-samples", str(samples), "--use-all-samples",
         "--refine", "none", "--readout-samples", "500", "--weights", "uniform",
         "--deployment-temperature", "1", "--seed", str(seed), "--threads", "1", "--quiet",
         "--format", "json"],
        check=True, capture_output=True, text=True)
    return processor_seconds() - before, json.loads(done.stdout)["features"]["overlaps"]


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def step(rows, signs, biases, scale, eta, x, noise):
    y = torch.tanh(2 * x[:, 0]) + NOISE * noise
    label = y * torch.exp(y) / scale
    u = x @ rows.T
    c = label[:, None] * signs * (u + biases > 0) * (eta / len(x))
    rows.mul_(1 - (c * u).sum(0)[:, None]).addmm_(c.T, x)
    return rows.div_(torch.linalg.vector_norm(rows, dim=1, keepdim=True))


def train(take, dim, batch, samples, seed, scale):
    torch.manual_seed(seed)
    rows = torch.nn.functional.normalize(torch.randn(WIDTH, dim), dim=1)
    signs = torch.where(torch.rand(WIDTH) < 0.5, -1.0, 1.0)
    biases = torch.randn(WIDTH)
    eta = STEP_SCALE * batch / dim
    with torch.no_grad():
        for _ in range(samples // batch):
            # Samples are made outside of what is compiled, whose own normals are slower.
            x, noise = torch.randn(batch, dim), torch.randn(batch)
            rows = take(rows, signs, biases, scale, eta, x, noise)
    return rows[:, 0].numpy()


def main():
    scale = label_scale()
    compiled = torch.compile(step, dynamic=False)
    # Of eight or two seeds the mean varies by some 0.01 or 0.015.
    for dim, seeds, samples, within in ((1_000, 8, 100_000, 0.04), (10_000, 2, 10_000, 0.06)):
        for batch in (64, 1_000):
            size = f"d = {dim:,}, B = {batch:,}"
            ours, theirs = [], []
            for seed in range(1, seeds + 1):
                ours.append(np.mean(np.abs(simulated(dim, batch, 5 * dim, seed)[1])))
                theirs.append(np.mean(np.abs(train(step, dim, batch, 5 * dim, seed, scale))))
            a, b = np.mean(ours), np.mean(theirs)
            require(abs(a - b) < within, f"stage 1, {size}: mean overlap {a:.3f}, PyTorch {b:.3f}")
            eager = train(step, dim, batch, 5 * batch, 1, scale)
            apart = np.abs(eager - train(compiled, dim, batch, 5 * batch, 1, scale)).max()
            require(apart < 1e-4, f"stage 1, {size}: compiled {apart:g} from eager")
            # Of what the command does beside stage 1, on one batch.
            beside = min(simulated(dim, batch, batch, 1)[0] for _ in range(3))
            compare("stage 1", f"{size}, {samples:,} samples",
                    f"mean overlap after {5 * dim:,} samples {a:.3f}, peer {b:.3f}",
                    lambda: simulated(dim, batch, samples, 1)[0] - beside,
                    {name: lambda f=f: train(f, dim, batch, samples, 1, scale)
                     for name, f in (("PyTorch eager", step), ("PyTorch compiled", compiled))},
                    turns=3)
