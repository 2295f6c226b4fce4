"""What a call from Python costs beside its work: microseconds on four rows, and with its work on the
fewest that have a thread of their own. The least of seven series, since everything else on the
machine only adds to it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

import esscher

SERIES = 7


def microseconds(call: Callable[[], object], times: int) -> float:
    """Of one call, the least mean of the series."""
    found = []
    for _ in range(SERIES):
        begin = time.perf_counter()
        for _ in range(times):
            call()
        found.append((time.perf_counter() - begin) / times * 1e6)
    return min(found)


def main() -> None:
    r = np.arange(4.0)
    groups = np.array([0, 0, 1, 1])
    x = np.random.default_rng(0).standard_normal((60, 3))
    model = esscher.TiltedRewardRegressor(beta=1, rounds=0, threads=1).fit(x, x[:, 0])
    link = esscher.link("tanh")
    direct: dict[str, Callable[[], object]] = {
        "link(z)": lambda: link(r),
        "hermite": lambda: esscher.hermite(3, r),
        "tilt": lambda: esscher.tilt(r, 1.0),
        "tilt, groups": lambda: esscher.tilt(r, 1.0, groups),
        "best_of_n": lambda: esscher.best_of_n(r, 2, size=1),
        "resample": lambda: esscher.resample(r, 1.0, 1),
        "pareto_smooth": lambda: esscher.pareto_smooth(r),
        "policy_value": lambda: esscher.policy_value(r, r, 1.0, bootstrap=0),
        "best_of_n_value": lambda: esscher.best_of_n_value(r, r, 2),
        "predict": lambda: model.predict(x[:1]),
    }
    many, label = np.random.default_rng(1).standard_normal((2, 20_001))
    threaded: dict[str, Callable[[], object]] = {
        "policy_value of 20,001 rows": lambda: esscher.policy_value(many, label, 1.0, bootstrap=0),
    }
    for title, calls, times in (
        ("on the calling thread", direct, 2000),
        ("on a thread of its own", threaded, 20),
    ):
        print(f"{title}:")
        for name, call in calls.items():
            print(f"  {name:<28}{microseconds(call, times):8.1f} us")


main()
