"""Records of ours beside those that the command tells."""

from __future__ import annotations

import json
import re
from typing import Any


def as_told(record: dict[str, Any]) -> dict[str, Any]:
    """A record without what ours has beside the command's, and without how it was asked for."""
    others = ("command", "options", "data_remarks")
    return {key: _as_told(value) for key, value in record.items() if key not in others}


def _as_told(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_told(each) for each in value]
    if not isinstance(value, dict):
        return value
    ours: tuple[str, ...] = ()
    if "standard_error" in value:
        ours = ("low", "high")
    elif "limit" in value:
        ours = ("labels_to_halve",)
    return {key: _as_told(each) for key, each in value.items() if key not in ours}


def part(page: str, name: str) -> Any:
    """What a page holds as data."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.S)
    assert found, name
    return json.loads(found[1])
