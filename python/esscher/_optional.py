"""Packages that only some calls need."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def needed(module: str, by: str) -> Any:
    """`module`; where its package is not installed the error says so behind `by`, with the remedy."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        package = module.partition(".")[0]
        raise ImportError(
            f"{by} {package}, which is not installed: pip install {package}"
        ) from None
