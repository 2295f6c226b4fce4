"""Policies and best-of-n as rows of text."""

from __future__ import annotations

from typing import Any


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


def tilts(proxy: dict[str, Any]) -> list[list[str]]:
    """Policies over temperatures."""
    return _shown(proxy["policies"], "beta")


def choices(proxy: dict[str, Any]) -> list[list[str]]:
    """Best-of-n over n."""
    return _shown(proxy["best_of_n"], "n")
