"""Means of a gold reward over a pool where few rows have labels, beside ppi-python.

One estimand: the mean of the gold reward over candidates of which n are labelled and N are not, all
with a proxy. `esscher.audit` at an endless temperature, where the policy is the reference, and the
power-tuned ppi_mean_ci both regress on the proxy. At temperature 1 the policy weighs rows with
exp(proxy), which ppi_mean_ci takes as known weights. At the least size it is counted, too, how often
intervals of 95 % hold the truth, which is known here.
"""

import numpy as np
from ppi_py import ppi_mean_ci

import esscher
from measure import compare, require

ALPHA = 0.05
DRAWS = 400
# The gold reward is p + p^2 / 5 and noise, p the proxy, normal: the mean, and that under exp(p).
POLICIES = (("mean over a pool", 1e9, 0.2), ("mean under exp(proxy)", 1.0, 1.4))


def problem(labelled, pool, seed):
    rng = np.random.default_rng(seed)
    proxy = rng.standard_normal(labelled + pool)
    gold = proxy + 0.2 * proxy**2 + 0.5 * rng.standard_normal(len(proxy))
    return proxy[:labelled], gold[:labelled], proxy[labelled:]


def ours(proxy, gold, others, beta):
    """Ends of the interval."""
    audit = esscher.audit(proxy, gold, reference=others, beta=beta, bootstrap=0, best_of=[2],
                          alpha=ALPHA, threads=1)
    found = audit.to_dict(arrays=False)["rewards"][0]["policies"][0]["gold"]
    return np.array([found["low"], found["high"]])


def theirs(proxy, gold, others, beta):
    low, high = ppi_mean_ci(gold, proxy, others, alpha=ALPHA, w=np.exp(proxy / beta),
                            w_unlabeled=np.exp(others / beta))
    return np.array([low.item(), high.item()])


def held(interval, n, pool, beta, truth):
    """In how many of a hundred problems the interval holds the truth."""
    count = 0
    for seed in range(DRAWS):
        low, high = interval(*problem(n, pool, seed + 1), beta)
        count += low <= truth <= high
    return 100 * count / DRAWS


def main():
    sizes = ((300, 3_000), (3_000, 30_000), (30_000, 300_000))
    for n, pool in sizes:
        data = problem(n, pool, 0)
        for name, beta, truth in POLICIES:
            a, b = ours(*data, beta), theirs(*data, beta)
            half, peer_half = np.ptp(a) / 2, np.ptp(b) / 2
            # The same rows, so that both err alike; half or twice as wide would not be one interval.
            require(abs(a.mean() - b.mean()) < 0.5 * peer_half and 0.5 < half / peer_half < 2,
                    f"{name}, n = {n}: {a.mean():g} +- {half:g}, and {b.mean():g} +- {peer_half:g}")
            said = f"{a.mean():.4f} +- {half:.4f}, peer {b.mean():.4f} +- {peer_half:.4f}"
            if n == sizes[0][0]:
                said += (f"; of {DRAWS} intervals {held(ours, n, pool, beta, truth):.1f} % hold the "
                         f"truth, peer {held(theirs, n, pool, beta, truth):.1f} %")
            compare(name, f"{n:,} labelled of {n + pool:,}", said, lambda: ours(*data, beta),
                    {"ppi-python": lambda: theirs(*data, beta)})
