"""Pareto-smoothed importance sampling beside arviz-stats."""

import numpy as np
from arviz_stats.base import array_stats

import esscher
from measure import compare, require


def main():
    rng = np.random.default_rng(0)
    for n in (1_000, 30_000, 1_000_000):
        log_w = 0.5 * rng.exponential(size=n)

        def ours():
            esscher.pareto_smooth(log_w)

        def theirs():
            return array_stats.psislw(-log_w)  # takes log-likelihoods

        smoothed = esscher.pareto_smooth(log_w)
        logs, k = theirs()
        logs = logs - np.logaddexp.reduce(logs)
        worst = max(abs(smoothed.k - float(k)), np.abs(smoothed.log_weights - logs).max())
        require(worst < 1e-6, f"PSIS of {n} weights: {worst:g} apart")
        compare("Pareto smoothing", f"{n:,} weights", f"k and log-weights to {worst:.0e}", ours,
                {"arviz-stats": theirs})
