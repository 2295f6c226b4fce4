"""How good the learned reward is on rows that it has not seen, beside peers on the same rows.

    accuracy.py PROGRAM [SEEDS = 5] [SIZES = 64,384,5%,20%] [TABLES = all | ordinary | NAME,...]

prints Markdown: R^2, and the efficiency of the tilted policy at 0.5, 0.25 and 0.125 standard
deviations of the reward, (J(pi_r) - J(pi_0)) / (J(pi_y) - J(pi_0)), J = E y - beta KL, over the
unseen rows (at most 4000, all of a landscape weigh the same; within groups the mean over prompts).
Peers take scikit-learn's or LightGBM's usual settings, and xRFM's where it is installed (it takes
6 GB of PyTorch: build/bench-peers/bin/python of `make peers` has it); their one-hot columns are as
they are, other columns are standardised and cut off at 10 deviations, and with groups rewards are
about their prompt's mean. `ordinary` are tables on which nothing was chosen; they are not among all.
`make accuracy` runs it.
"""

import contextlib
import io
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import RidgeCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from tables import ORDINARY, TABLES

try:
    from xrfm import xRFM
except ImportError:
    xRFM = None

BETAS = (0.5, 0.25, 0.125)
MOST_UNSEEN = 4000
PENALTIES = np.logspace(-2, 5, 15)
PEERS = ("boosted trees", "MLP", "GP", "xRFM", "ridge with pairs", "ridge")
OURS = ("auto", "uniform", "linear")


def split(table, size, seed):
    """Training and unseen rows; prompts stay whole."""
    random = np.random.default_rng(seed)
    n = len(table.y)
    count = max(64, round(n * float(size[:-1]) / 100)) if size.endswith("%") else int(size)
    count = min(count, n - 50)
    if table.groups is None:
        order = random.permutation(n)
        return order[:count], order[count : count + MOST_UNSEEN]
    prompts = random.permutation(table.groups.max() + 1)
    rows = n / len(prompts)
    cut = round(count / rows)
    chosen = np.isin(table.groups, prompts[:cut])
    unseen = np.isin(table.groups, prompts[cut : cut + round(MOST_UNSEEN / rows)])
    return np.flatnonzero(chosen), np.flatnonzero(unseen)


def about_mean(values, groups):
    return values - (np.bincount(groups, values) / np.bincount(groups))[groups]


def policy_gain(r, y, beta):
    w = np.exp((r - r.max()) / beta)
    w /= w.sum()
    kept = w > 0
    return w @ (y - y.mean()) - beta * (w[kept] @ np.log(w[kept] * len(y)))


def scores(r, y, sd, groups):
    """R^2 and efficiencies."""
    if groups is None:
        cells = [np.arange(len(y))]
        r2 = 1 - np.mean((y - r) ** 2) / y.var()
    else:
        cells = [np.flatnonzero(groups == g) for g in range(groups.max() + 1)]
        centred = about_mean(y, groups)
        r2 = 1 - np.mean((centred - about_mean(r, groups)) ** 2) / np.mean(centred**2)
    efficiencies = []
    for beta in BETAS:
        got = sum(policy_gain(r[c], y[c], beta * sd) for c in cells)
        best = sum(policy_gain(y[c], y[c], beta * sd) for c in cells)
        efficiencies.append(got / best)
    return [r2, *efficiencies]


class RecursiveFeatureMachine:
    """xRFM as it comes; a fifth of the rows choose among its iterations."""

    def __init__(self, seed):
        self.seed = seed
        self.model = xRFM(device="cpu", n_threads=1, random_state=seed, verbose=False)

    def fit(self, x, y):
        order = np.random.default_rng(self.seed).permutation(len(y))
        kept, others = order[len(y) // 5 :], order[: len(y) // 5]
        x, y = x.astype(np.float32), y.astype(np.float32)
        with contextlib.redirect_stdout(io.StringIO()):
            self.model.fit(x[kept], y[kept], x[others], y[others])

    def predict(self, x):
        return np.asarray(self.model.predict(x.astype(np.float32)), dtype=float).ravel()


def peers(n, columns, design, seed):
    leaves, least = (15, 5) if n < 1000 else (31, 20)
    yield "boosted trees", lightgbm.LGBMRegressor(
        n_estimators=400, learning_rate=0.05, num_leaves=leaves, min_child_samples=least,
        subsample=0.8, subsample_freq=1, colsample_bytree=0.8, random_state=seed, verbose=-1)
    yield "MLP", MLPRegressor(
        hidden_layer_sizes=(128, 128), early_stopping=n >= 200, alpha=1e-3, max_iter=300, random_state=seed)
    if n <= 2000:
        yield "GP", GaussianProcessRegressor(1.0 * RBF(columns**0.5) + WhiteKernel(0.1))
    if xRFM is not None:
        yield "xRFM", RecursiveFeatureMachine(seed)
    if columns <= 90 and n <= 4000:
        yield "ridge with pairs", make_pipeline(
            PolynomialFeatures(2, interaction_only=design, include_bias=False), StandardScaler(),
            RidgeCV(PENALTIES))
    yield "ridge", RidgeCV(PENALTIES)


def run_peers(table, seen, unseen, seed):
    x, z = table.x[seen], table.x[unseen]
    varies = x.std(0) > 0
    x, z = x[:, varies], z[:, varies]
    if not table.design:
        mean, deviation = x.mean(0), x.std(0)
        x = np.clip((x - mean) / deviation, -10, 10)
        z = np.clip((z - mean) / deviation, -10, 10)
    y = table.y[seen]
    if table.groups is not None:
        prompts = pd.factorize(table.groups[seen])[0]
        y = about_mean(y, prompts)
    mean, sd = y.mean(), y.std()
    for name, model in peers(len(y), x.shape[1], table.design, seed):
        begin = time.perf_counter()
        features = x
        if name == "ridge" and table.groups is not None:
            features = np.column_stack([about_mean(column, prompts) for column in x.T])
        model.fit(features, (y - mean) / sd)
        seconds = time.perf_counter() - begin
        yield name, mean + sd * model.predict(z), seconds


def run_ours(program, table, seen, unseen, folder):
    columns = [f"x{k}" for k in range(table.x.shape[1])]
    for name, rows in (("seen", seen), ("unseen", unseen)):
        data = pd.DataFrame(table.x[rows], columns=columns)
        data["y"] = table.y[rows]
        if table.groups is not None:
            data["prompt"] = [f"p{g}" for g in table.groups[rows]]
        data.to_csv(folder / f"{name}.csv", index=False)
    model = folder / "model.safetensors"
    fit = [program, "fit", folder / "seen.csv", "--features", ",".join(columns), "--reward", "y",
           "--weights", "auto,uniform", "--beta", ",".join(map(str, BETAS)), "--beta-unit", "sd", "-o", model]
    if table.groups is not None:
        fit += ["--group", "prompt"]
    begin = time.perf_counter()
    report = subprocess.run(fit, check=True, capture_output=True, text=True).stdout
    seconds = time.perf_counter() - begin
    betas = [line.split()[0] for line in report.splitlines() if line.split()[2:3] == ["auto"]]
    for weights in OURS:
        predictions = []
        for beta in betas:
            command = [program, "predict", model, folder / "unseen.csv", "--weights", weights,
                       "-o", folder / "r.npy"]
            if weights != "linear":
                command += ["--beta", beta]
            subprocess.run(command, check=True, capture_output=True)
            predictions.append(np.load(folder / "r.npy").ravel())
        yield weights, predictions, seconds


def measure(program, table, size, seed):
    """Scores and seconds by method."""
    seen, unseen = split(table, size, seed)
    y = table.y[unseen]
    groups = None if table.groups is None else pd.factorize(table.groups[unseen])[0]
    own = table.y[seen]
    if table.groups is not None:
        own = about_mean(own, pd.factorize(table.groups[seen])[0])
    sd = own.std()
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, predictions, seconds in run_ours(program, table, seen, unseen, Path(folder)):
            # Each temperature has a reward of its own; R^2 is that of the mildest.
            each = [scores(r, y, sd, groups) for r in predictions]
            result[name] = [each[0][0], *(each[b][1 + b] for b in range(len(BETAS))), seconds]
    for name, r, seconds in run_peers(table, seen, unseen, seed):
        result[name] = [*scores(r, y, sd, groups), seconds]
    return len(seen), result


def row(name, size, rows, results):
    """A line of the table, our lead over the best peer, by score, and over uniform weights."""
    mean = {m: np.mean([r[m] for r in results], axis=0) for m in results[0]}
    best = {}
    for k in range(4):
        best[k] = max((m for m in PEERS if m in mean), key=lambda m: mean[m][k])
    cells = [name, size, str(rows)]
    for k in range(4):
        ours = "auto" if k else "uniform"
        cells.append(f"{mean[ours][k]:.3f}, {mean[best[k]][k]:.3f} {best[k]}")
    fastest = mean[best[0]][4]
    cells.append(f"{mean['auto'][4]:.1f}, {fastest:.1f}")
    leads = [mean["auto" if k else "uniform"][k] - mean[best[k]][k] for k in range(4)]
    over_uniform = [mean["auto"][k] - mean["uniform"][k] for k in range(1, 4)]
    over_linear = mean["uniform"][0] - max(0.0, mean["linear"][0])
    return "| " + " | ".join(cells) + " |", leads, over_uniform, over_linear


def main():
    warnings.filterwarnings("ignore")
    program = sys.argv[1]
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    sizes = (sys.argv[3] if len(sys.argv) > 3 else "64,384,5%,20%").split(",")
    tables = {"all": TABLES, "ordinary": ORDINARY}.get(sys.argv[4] if len(sys.argv) > 4 else "all")
    if tables is None:
        tables = {name: (TABLES | ORDINARY)[name] for name in sys.argv[4].split(",")}
    print("| table | size | rows | R2 | efficiency at 0.5 sd | 0.25 sd | 0.125 sd | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    leads, over_uniform, over_linear = [], [], []
    for load in tables.values():
        table = load()
        for size in sizes:
            results = [measure(program, table, size, seed) for seed in range(seeds)]
            line, lead, uniform, linear = row(table.name, size, results[0][0], [r for _, r in results])
            print(line, flush=True)
            leads.append(lead)
            over_uniform.append(uniform)
            over_linear.append(linear)
    leads = np.array(leads)
    print(f"\nOver {len(leads)} cells, means over {seeds} seeds, less the best peer of each cell and score: "
          f"R2 {leads[:, 0].mean():+.3f} on average, {leads[:, 0].min():+.3f} at worst; efficiency "
          f"{leads[:, 1:].mean():+.3f}, {leads[:, 1:].min():+.3f}. Automatic less uniform weights: efficiency "
          f"{np.mean(over_uniform):+.3f} on average, {np.min(over_uniform):+.3f} at worst. R2 less the better of "
          f"the linear ridge and the mean: {np.min(over_linear):+.3f} at worst.")


if __name__ == "__main__":
    main()
