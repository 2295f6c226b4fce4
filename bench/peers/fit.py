"""A learned reward beside boosted trees, recursive feature machines and a network.

These are different regressions of one table: what must agree is that each has learned, and the table
tells how well each predicts rows that it has not seen.
"""

import contextlib
import io

import lightgbm
import numpy as np
import torch
from sklearn.datasets import make_friedman1
from sklearn.metrics import r2_score
from xrfm import xRFM

import esscher
from measure import compare, require

COLUMNS = 20


def trees(x, y, _):
    leaves, least = (15, 5) if len(y) < 1000 else (31, 20)
    model = lightgbm.LGBMRegressor(
        n_estimators=400, learning_rate=0.05, num_leaves=leaves, min_child_samples=least,
        subsample=0.8, subsample_freq=1, colsample_bytree=0.8, n_jobs=1, verbose=-1)
    return model.fit(x, y).predict


def recursive(x, y, seed):
    """xrfm as it comes; a fifth of the rows choose among its iterations."""
    cut = len(y) // 5
    model = xRFM(device="cpu", n_threads=1, random_state=seed, verbose=False)
    with contextlib.redirect_stdout(io.StringIO()):
        model.fit(x[cut:], y[cut:], x[:cut], y[:cut])
    return lambda z: np.asarray(model.predict(z)).ravel()


def network(x, y, seed):
    """128-128 by Adam in batches of 128; a tenth of the rows stop it."""
    torch.manual_seed(seed)
    cut = len(y) // 10
    x, y = torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(y, dtype=torch.float32)
    layers = torch.nn.Sequential(
        torch.nn.Linear(COLUMNS, 128), torch.nn.ReLU(), torch.nn.Linear(128, 128), torch.nn.ReLU(),
        torch.nn.Linear(128, 1))
    optimiser = torch.optim.Adam(layers.parameters(), lr=2e-3, weight_decay=1e-4)
    best, kept, waited = np.inf, None, 0
    for _ in range(300):
        for some in torch.randperm(len(y) - cut).split(128):
            optimiser.zero_grad()
            torch.mean((layers(x[cut + some]).ravel() - y[cut + some]) ** 2).backward()
            optimiser.step()
        with torch.no_grad():
            error = float(torch.mean((layers(x[:cut]).ravel() - y[:cut]) ** 2))
        waited += 1
        if error < best:
            best, waited = error, 0
            kept = {name: value.clone() for name, value in layers.state_dict().items()}
        if waited == 20:
            break
    layers.load_state_dict(kept)
    return lambda z: layers(torch.as_tensor(z, dtype=torch.float32)).detach().numpy().ravel()


PEERS = {"LightGBM": trees, "xrfm": recursive, "PyTorch network": network}


def main():
    for n in (300, 1_000, 2_000):
        x, y = make_friedman1(n + 4_000, COLUMNS, noise=1.0, random_state=0)
        x, z = 2 * np.sqrt(3) * (x[:n] - 0.5), 2 * np.sqrt(3) * (x[n:] - 0.5)
        mean, sd = y[:n].mean(), y[:n].std()
        y, unseen = (y[:n] - mean) / sd, (y[n:] - mean) / sd

        def ours():
            model = esscher.TiltedRewardRegressor(beta=0.5, threads=1)
            return model.fit(x, y)

        own = r2_score(unseen, ours().predict(z, beta=0.5, weights="auto"))
        said = {}
        for name, fit in PEERS.items():
            r2 = r2_score(unseen, fit(x, y, 0)(z))
            require(own > 0.5 and r2 > 0.5, f"fit of {n} rows: R2 {own:.3f}, {name} {r2:.3f}")
            said[name] = f"R2 on unseen rows {own:.3f}, peer {r2:.3f}"
        compare("fit", f"{n:,} x {COLUMNS}", said, ours,
                {name: lambda fit=fit: fit(x, y, 0) for name, fit in PEERS.items()}, turns=3)
