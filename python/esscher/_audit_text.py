"""Audits in words, and as rows of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._policy_text import by_labelled, interval_text

if TYPE_CHECKING:
    from ._audit_results import Audit, PolicyAudit


def frame_row(name: str, kind: str, record: dict[str, Any]) -> dict[str, Any]:
    """A row of policies.csv."""
    gain = record.get("gain", {})
    rise = record.get("rise", gain)  # of best-of-n they are one
    low, high = gain.get("simultaneous_interval", (None, None))
    return {
        "score": name,
        "kind": kind,
        "beta": record.get("beta"),
        "price": record.get("price"),
        "n": record.get("n"),
        "gold": record["gold"]["value"],
        "gold_se": record["gold"]["standard_error"],
        "rise": rise["value"],
        "rise_se": rise["standard_error"],
        "proxy": record["proxy"]["value"] if "proxy" in record else None,
        "kl": record["kl"]["value"],
        "gain": gain.get("value"),
        "gain_se": gain.get("standard_error"),
        "gain_low": low,
        "gain_high": high,
        "ess": record["ess"],
        "reliable": record["reliable"],
    }


def tilt_verdict(audit: Audit) -> str:
    """Which proxy to tilt by, and how far."""
    gain = audit.recommendation.gain
    if audit.recommended is None or gain is None:
        return (
            "Recommendation: no tilt. No policy of any proxy here has a gain that can be told from "
            "zero."
        )
    text = (
        f"Recommendation: tilt by {audit.recommended!r} at beta {audit.recommendation.beta:.4g}, "
        f"with a gain of at least {gain.low:.3g} over the reference, KL counted (estimate "
        f"{gain.value:.3g}{by_labelled(audit.recommendation.told_by_labelled_rows)})."
    )
    labels_to_halve = audit.recommendation.labels_to_halve
    if labels_to_halve is not None:
        text += (
            f" Some {labels_to_halve} more gold labels of rows drawn from that policy, averaged "
            "apart from these, would halve the interval."
        )
    return text


def best_of_n_verdict(audit: Audit) -> str:
    """Which proxy to choose by, among how many."""
    gain = audit.best_of_n_recommendation.gain
    if audit.recommended_best_of_n is None or gain is None:
        return "Best-of-n: by none of them."
    return (
        f"Best-of-n: by {audit.recommended_best_of_n!r}, the best of "
        f"{audit.best_of_n_recommendation.n:.4g}, with a gain of at least {gain.low:.3g} (estimate "
        f"{gain.value:.3g}{by_labelled(audit.best_of_n_recommendation.told_by_labelled_rows)})."
    )


def trained(policies: tuple[PolicyAudit, ...]) -> list[list[str]]:
    """Trained policies."""
    headings = "log-ratio,gold,rise,all at once,KL,worth,mean ratio,ESS,reliable"
    rows = [headings.split(",")]
    for policy in policies:
        rows.append(
            [
                policy.name,
                f"{policy.gold.value:.4g}",
                f"{policy.rise.value:.4g}",
                interval_text(policy.rise.low, policy.rise.high),
                f"{policy.kl.value:.3g}",
                "-" if policy.worth is None else f"{policy.worth:.3g}",
                f"{policy.mean_ratio.value:.3g}",
                f"{policy.ess:.0f}",
                "yes" if policy.reliable else "no",
            ]
        )
    return rows
