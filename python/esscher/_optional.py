"""Packages that only some calls need."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def needed(module: str, by: str) -> Any:
    """`module`; where its package is not installed the error says so behind `by`, with the remedy."""
    try:
        return import_module(module)
    except ModuleNotFoundError as reason:
        package = module.partition(".")[0]
        if (reason.name or "").partition(".")[0] != package:
            raise  # of what it needs itself
        raise ModuleNotFoundError(
            f"{by} {package}, which is not installed: pip install {package}", name=package
        ) from None
