"""The tables of accuracy.py: development landscapes from ESSCHER_SHARED, scikit-learn's own, made-up
rewards of several directions, of a few of many columns, or of steps, and ordinary ones."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets

from ordinary import SOURCES, ordinary

SHARED = Path(os.environ.get("ESSCHER_SHARED", "../shared")) / "data"


@dataclass
class Table:
    name: str
    x: np.ndarray  # n x d
    y: np.ndarray  # n
    design: bool  # one-hot columns, which peers take as they are
    groups: np.ndarray | None = None  # prompts, 0, 1, ...


def one_hot(sequences):
    """One column for each letter of a position; one for a position of two letters."""
    letters = np.array([list(s) for s in sequences])
    columns = []
    for position in letters.T:
        levels = sorted(set(position))
        for level in levels[1:] if len(levels) == 2 else levels:
            columns.append((position == level).astype(float))
    return np.array(columns).T


def landscape(name, file, reward, logarithm=False):
    data = pd.read_csv(SHARED / file, dtype={"seq": str})
    data = data[data[reward].notna()]
    y = data[reward].to_numpy()
    return Table(name, one_hot(data.seq), np.log(y + 0.01) if logarithm else y, True)


def hanna():
    metrics = pd.read_csv(SHARED / "hanna/metrics.csv")
    human = pd.read_csv(SHARED / "hanna/human.csv")
    kept = (metrics.system != "Human").to_numpy()  # the reference itself
    prompts = pd.factorize(metrics.prompt_id.to_numpy()[kept])[0]
    x = metrics.drop(columns=["prompt_id", "system"]).to_numpy()[kept]
    return Table("hanna, within groups", x, human.y.to_numpy()[kept], False, prompts)


def wmt():
    data = pd.read_csv(SHARED / "wmt_ted_zhen/data.csv")
    x = np.load(SHARED / "wmt_ted_zhen/features.npy").astype(float)
    kept = (data.system != "refB").to_numpy()
    prompts = pd.factorize(data.prompt_id.to_numpy()[kept])[0]
    return Table("wmt, within groups", x[kept], data.y.to_numpy()[kept], False, prompts)


def generated(name, noise):
    x, y = getattr(datasets, "make_" + name)(n_samples=20000, noise=noise, random_state=3)
    return Table(name, x, y, False)


def directions(name, columns, reward):
    """Normal columns; a reward of coordinates z in a turned frame, with noise of 0.3 of its sd."""
    random = np.random.default_rng(5)
    x = random.standard_normal((6000, columns))
    frame = np.linalg.qr(random.standard_normal((columns, columns)))[0]
    y = reward((x @ frame).T)
    return Table(name, x, y / y.std() + 0.3 * random.standard_normal(len(y)), False)


def columns(name, count, noise, reward, draw):
    """A reward of single columns, with noise in its standard deviations."""
    random = np.random.default_rng(7)
    x = draw(random, (6000, count))
    y = reward(x.T)
    return Table(name, x, y / y.std() + noise * random.standard_normal(len(y)), False)


def diabetes():
    data = datasets.load_diabetes()
    return Table("diabetes", data.data, data.target, False)


TABLES = {
    "eqfp611": lambda: landscape("eqfp611", "eqfp611/data.csv", "y"),
    "ParE3": lambda: landscape("pard3 ParE3", "pard3/data.csv", "y_ParE3"),
    "ParE2": lambda: landscape("pard3 ParE2", "pard3/data.csv", "y_ParE2"),
    "ACE2": lambda: landscape("omicron ACE2", "omicron_rbd/data.csv", "y_ACE2"),
    "CB6": lambda: landscape("omicron CB6", "omicron_rbd/data.csv", "y_CB6"),
    "CoV555": lambda: landscape("omicron CoV555", "omicron_rbd/data.csv", "y_CoV555"),
    "REGN10987": lambda: landscape("omicron REGN10987", "omicron_rbd/data.csv", "y_REGN10987"),
    "S309": lambda: landscape("omicron S309", "omicron_rbd/data.csv", "y_S309"),
    "gb1": lambda: landscape("gb1 log(y + 0.01)", "gb1/data.csv", "y", logarithm=True),
    "hanna": hanna,
    "wmt": wmt,
    "diabetes": diabetes,
    "friedman1": lambda: generated("friedman1", 1.0),
    "friedman2": lambda: generated("friedman2", 125.0),
    "friedman3": lambda: generated("friedman3", 0.1),
    "square": lambda: directions("z1^2 of 20 columns", 20, lambda z: z[0] ** 2),
    "three": lambda: directions(
        "tanh z1 + z2 z3 / 2 of 30 columns", 30, lambda z: np.tanh(z[0]) + z[1] * z[2] / 2),
    "ten": lambda: directions(
        "tanh z1 + ... + tanh z10 + z1 z2 of 30 columns", 30,
        lambda z: np.tanh(z[:10]).sum(0) + z[0] * z[1]),
    "few": lambda: columns(
        "sin 2 x1 + x2 [x3 > 0] of 100 columns", 100, 0.3,
        lambda x: np.sin(2 * x[0]) + x[1] * (x[2] > 0),
        lambda random, shape: random.standard_normal(shape)),
    "steps": lambda: columns(
        "steps in 5 of 15 columns", 15, 0.2,
        lambda x: (x[0] > 0.6) * (x[1] > 0.4) + 0.7 * (x[2] < 0.3) - 0.5 * (x[3] > 0.5) * (x[4] > 0.5),
        lambda random, shape: random.random(shape)),
}

ORDINARY = {name: lambda name=name: Table(name, *ordinary(name), False) for name in SOURCES}
