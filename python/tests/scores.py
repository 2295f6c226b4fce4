"""Scores with gold rewards, for tests of audits."""

from __future__ import annotations

import csv

import numpy as np


class Scores:
    """gold = z + 0.5 noise of 300 rows in 60 prompts; judge = z + 0.3 noise, and a coin."""

    def __init__(self, rows=300):
        rng = np.random.default_rng(3)
        z = rng.standard_normal(rows)
        self.judge = z + 0.3 * rng.standard_normal(rows)
        self.coin = rng.standard_normal(rows)
        self.human = z + 0.5 * rng.standard_normal(rows)
        self.policy = z - 0.5
        self.prompt = np.array([f"p{i // 5}" for i in range(rows)])
        self.family = np.arange(rows) // 10
        self.weight = np.where(np.arange(rows) % 7 == 0, 0, 1 + np.arange(rows) % 3)
        self.proxies = {"judge": self.judge, "coin": self.coin}

    def write(self, path, known=None, rows=slice(None), weight=True):
        """A table; gold rewards of `known` rows alone."""
        human = [f"{y!r}" for y in self.human.tolist()]
        if known is not None:
            human = [y if here else "" for y, here in zip(human, known, strict=True)]
        columns = [self.judge.tolist(), self.coin.tolist(), self.policy.tolist(), human,
                   self.prompt.tolist(), [f"f{c}" for c in self.family], self.weight.tolist()]
        with open(path, "w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["judge", "coin", "policy", "human", "prompt", "family", "weight"])
            out.writerows(list(zip(*columns, strict=True))[rows])
        return str(path)
