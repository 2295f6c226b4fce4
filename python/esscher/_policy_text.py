"""Policies and best-of-n as rows of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._policy_results import Estimate, PolicyValue


def lines(rows: list[list[str]]) -> list[str]:
    """Aligned."""
    return ["  " + "  ".join(f"{text:>12}" for text in row) for row in rows]


def interval_text(low: float | None, high: float | None) -> str:
    """From end to end; a dash where there is none."""
    return "-" if low is None or high is None else f"[{low:.3g}, {high:.3g}]"


def _shown(records: list[dict[str, Any]], name: str) -> list[list[str]]:
    rows = [[name, "gold", "proxy", "KL", "gain", "all at once", "ESS", "reliable"]]
    for record in records:
        rows.append(
            [
                f"{record[name]:.4g}",
                f"{record['gold']['value']:.4g}",
                f"{record['proxy']['value']:.4g}",
                f"{record['kl']['value']:.3g}",
                f"{record['gain']['value']:.4g}",
                interval_text(*record["gain"]["simultaneous_interval"]),
                f"{record['ess']:.0f}",
                "yes" if record["reliable"] else "no",
            ]
        )
    return rows


def labelled(records: list[dict[str, Any]], name: str) -> list[list[str]]:
    """The gains that the labelled rows alone tell; no rows where they do not."""
    told = [(record[name], record["labelled_rows"]) for record in records if "labelled_rows" in record]
    if not told:
        return []
    rows = [[name, "gain", "all at once", "ESS", "by the labelled rows alone"]]
    for at, alone in told:
        gain = alone["gain"]
        interval = interval_text(*gain["simultaneous_interval"])
        rows.append([f"{at:.4g}", f"{gain['value']:.4g}", interval, f"{alone['ess']:.0f}"])
    return rows


def by_labelled(told: bool) -> str:
    """Behind a gain: whether it is one of those."""
    return "; told by the labelled rows alone" if told else ""


def tilts(proxy: dict[str, Any]) -> list[list[str]]:
    """Policies over temperatures."""
    return _shown(proxy["policies"], "beta")


def choices(proxy: dict[str, Any]) -> list[list[str]]:
    """Best-of-n over n."""
    return _shown(proxy["best_of_n"], "n")


def figures(estimates: list[tuple[str, Estimate]]) -> list[list[str]]:
    """One policy's, by name."""
    rows = [["", "value", "standard error", "interval"]]
    for name, estimate in estimates:
        error = estimate.standard_error
        rows.append(
            [
                name.replace("_", "-"),
                f"{estimate.value:.4g}",
                "-" if error is None else f"{error:.2g}",
                interval_text(estimate.low, estimate.high),
            ]
        )
    return rows


def temperatures(policies: Iterable[PolicyValue]) -> list[list[str]]:
    """Policies, each with an interval of its own."""
    rows = [["beta", "gold", "proxy", "KL", "gain", "95 %", "ESS", "reliable"]]
    for policy in policies:
        rows.append(
            [
                f"{policy.beta:.4g}",
                f"{policy.gold.value:.4g}",
                f"{policy.proxy.value:.4g}",
                f"{policy.kl.value:.3g}",
                f"{policy.gain.value:.4g}",
                interval_text(policy.gain.low, policy.gain.high),
                f"{policy.ess:.0f}",
                "yes" if policy.reliable else "no",
            ]
        )
    return rows
