"""JSON lines that memory does not hold, which pyarrow reads: as the command reads them, or refused."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

import esscher


def json_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize("ending", ["jsonl", "ndjson.gz", "packed.jsonl"])
def test_json_lines_on_the_disk_give_the_same_bits(tmp_path, monkeypatch, ending):
    # So that numbers are whole in the first lines that are parsed, and texts look like times.
    monkeypatch.setattr("esscher._arrow_files._PARSED", 1 << 10)
    monkeypatch.setattr("esscher._arrow._BATCH_ROWS", 7)
    rng = np.random.default_rng(8)
    rows = [
        {"v": rng.standard_normal(3).tolist(), "length": i if i < 100 else i / 3,
         "prompt": i // 4, "day": f"2026-11-{1 + i % 30:02}", "source": None if i < 90 else "web",
         "y": 1 if i < 60 else float(rng.standard_normal()),
         "meta": {"k": 1 if i < 90 else "none"}}
        for i in range(120)
    ]
    rows[100]["y"] = None
    text = json_lines(rows).replace("\n", "\n\n", 3)
    path = tmp_path / f"t.{ending}"
    path.write_bytes(text.encode() if ending == "jsonl" else gzip.compress(text.encode()))
    options = {"y": "y", "groups": "prompt", "clusters": "day", "features": "v*,length"}
    held = esscher.read(path, **options)
    stored = esscher.read(path, on_disk=True, **options)
    assert repr(stored) == repr(held) == "Table(119 rows, 4 features in float64, y, groups, clusters)"
    assert stored.names == held.names and stored.group_names == held.group_names
    for name in ("y", "groups", "clusters"):
        np.testing.assert_array_equal(getattr(stored, name), getattr(held, name))
    assert stored.remarks == (f"{path}: 1 of 120 rows are left out, without a reward",)
    model = esscher.TiltedRewardRegressor(beta=1, rounds=0).fit(held.X, held.y)
    np.testing.assert_array_equal(model.predict(stored.X), model.predict(held.X))


def test_json_lines_that_do_not_serve_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "t.jsonl"

    def refused(rows, message, **options):
        path.write_text(rows if isinstance(rows, str) else json_lines(rows))
        with pytest.raises(ValueError, match=message) as refusal:
            esscher.read(path, y="y", on_disk=True, **options)
        assert str(path) in str(refusal.value) or "one_hot" in str(refusal.value)

    refused([{"v": [1, 2], "y": 1}, {"v": [1], "y": 2}], "row 2, column v: must hold 2 numbers")
    refused([{"x": 1, "y": 1}, {"y": 2}], "row 2, column x: must be finite; drop the row")
    refused([{"x": 1, "y": 1}, {"x": "a", "y": 2}], "cannot be read on the disk: .*x")
    refused('{"x": 1, "y": 2}\n{"x": 1,', "cannot be read on the disk: ")
    refused([{"x": 1, "y": 1, "g": 2**64 - 1}], "column g: labels must be text, or", groups="g")
    refused([{"x": 1, "y": 1, "g": 1.5}], "column g: labels must be text, or whole", groups="g")
    refused([{"v[0]": 1, "v": [3], "y": 1}], r"two features are called 'v\[0\]'; rename one")
    refused('{"x": 1, "y": 2}{"x": 1, "y": 2}{"x": 1, "y": 2}', "more objects than lines; write one")
    refused([{"s": "AC", "y": 1}], "features: no column of numbers")
    refused([{"s": "AC", "y": 1}], "^one_hot: of tables of text", one_hot="s")
    refused("", "cannot be read on the disk: ")
    monkeypatch.setattr("esscher._arrow_files._PARSED", 1 << 10)
    many = [{"x": i, "y": i} for i in range(100)]
    refused([*many, {"x": 1, "y": 1, "late": 2}], "cannot be read on the disk: .*unexpected field")
    refused([*({**row, "g": 1} for row in many), {"x": 1, "y": 1, "g": 1.5}],
            "on the disk: Failed to convert JSON to int64, couldn.t parse:1.5", groups="g")
