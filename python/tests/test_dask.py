"""Arrays and data frames of Dask are as NumPy's of the same rows, and are never held whole."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import dask
import dask.array
import dask.dataframe
import numpy as np
import pandas
import pytest
from alone import printed_alone

import esscher
from esscher import TiltedRewardRegressor, audit, evaluate, tilt

NAMES = ["a", "b", "c", "d", "e"]
FAST = {"beta": 1, "rounds": 1, "bootstrap": 0}


@pytest.fixture
def frame(table):
    x, y = table
    prompts = [f"p{i // 7}" for i in range(len(y))]
    return pandas.DataFrame(x, columns=NAMES).assign(y=y, prompt=prompts)


def of_array(x, chunks):
    return dask.array.from_array(x, chunks=chunks)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int8", "int64", "bool"])
def test_any_blocks_give_the_bits_of_the_array(table, monkeypatch, dtype):
    monkeypatch.setattr("esscher._blocks._WINDOW_BYTES", 1000)  # some blocks at a time
    x, y = table
    x = x > 0 if dtype == "bool" else (8 * x).astype(dtype)
    expected = evaluate(x, y, **FAST).to_dict(arrays=False)
    model = TiltedRewardRegressor(beta=1, rounds=1).fit(x, y)
    for chunks in ((300, 5), (64, 5), (7, 2)):
        blocks = of_array(x, chunks)
        rewards = of_array(y, 100)
        assert evaluate(blocks, rewards, **FAST).to_dict(arrays=False) == expected, chunks
        again = TiltedRewardRegressor(beta=1, rounds=1).fit(blocks, rewards)
        np.testing.assert_array_equal(again.predict(blocks), model.predict(x), f"{chunks}")
        assert again.score(blocks, rewards) == model.score(x, y), chunks


def test_frames_go_by_name_whatever_is_known_of_their_blocks(frame, tmp_path):
    blocks = dask.dataframe.from_pandas(frame, npartitions=4)
    kept, known = blocks[blocks.a > 0], frame[frame.a > 0]  # of lengths that Dask does not know
    model = TiltedRewardRegressor(beta=1, rounds=1)
    model.fit(kept[NAMES], kept.y, groups=kept.prompt, sample_weight=kept.b.abs())
    assert list(model.feature_names_in_) == NAMES
    expected = TiltedRewardRegressor(beta=1, rounds=1).fit(
        known[NAMES], known.y, groups=known.prompt, sample_weight=known.b.abs()
    )
    np.testing.assert_array_equal(model.predict(kept[NAMES]), expected.predict(known[NAMES]))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(kept[NAMES[::-1]])
    model.report(tmp_path / "page.html")
    assert f"{len(known)} x 5" in (tmp_path / "page.html").read_text()

    def told(of, pool):
        return evaluate(
            of[NAMES], of.y, of.prompt, reference=pool[NAMES[::-1]], reference_groups=pool.prompt,
            **FAST,
        ).to_dict(arrays=False)

    assert told(kept, blocks) == told(known, frame)
    shapeless = kept[NAMES].to_dask_array()
    assert np.isnan(shapeless.shape[0])
    assert evaluate(shapeless, kept.y, **FAST).to_dict(arrays=False) == evaluate(
        known[NAMES].to_numpy(), known.y, **FAST
    ).to_dict(arrays=False)


def test_scores_and_labels_may_be_of_dask(frame):
    blocks = dask.dataframe.from_pandas(frame, npartitions=4)
    kept, known = blocks[blocks.b > 0], frame[frame.b > 0]

    def told(of):
        return audit(of[["a", "c"]], of.y, of.prompt, bootstrap=0).to_dict(arrays=False)

    assert told(kept) == told(known)
    np.testing.assert_array_equal(
        tilt(kept.a, 0.5, kept.prompt), tilt(known.a, 0.5, known.prompt)
    )


def test_each_block_is_computed_once(table):
    x, y = table
    seen = []

    def block(values, block_info):
        seen.append(block_info[0]["chunk-location"][0])
        return values

    counted = of_array(x, (60, 5)).map_blocks(block, dtype=x.dtype, meta=x[:0])
    with dask.config.set(scheduler="synchronous"):
        evaluate(counted, y, **FAST)
    assert sorted(seen) == [0, 1, 2, 3, 4]


def test_nothing_is_left_of_the_file(table, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    x, y = table
    model = TiltedRewardRegressor(beta=1, rounds=0).fit(of_array(x, 50), y)
    model.predict(of_array(x, 50))
    with pytest.raises(ValueError, match="must be finite"):
        model.predict(of_array(np.full((9, 5), np.nan), 2))
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_is_one_clear_line(table, monkeypatch):
    x, y = table

    class Full:
        name = "/dev/full"

        def __init__(self, **_):
            self._file = Path("/dev/full").open("wb", buffering=0)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._file.close()

        def tell(self):
            return 0

        def write(self, values):
            # The header of an empty table is taken, and its rows are not.
            return len(values) if isinstance(values, bytes) else self._file.write(values)

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", Full)
    with pytest.raises(OSError, match=r"X: its blocks do not fit into .* \(No space left on device\)"
                                      r"; name a folder on a larger disk by the variable TMPDIR$"):
        evaluate(of_array(x, 50), y, **FAST)


def delayed(*blocks):
    """An array of these blocks, of which Dask is told what the first one is."""
    return dask.array.concatenate([
        dask.array.from_delayed(dask.delayed(block), block.shape, blocks[0].dtype)
        for block in blocks
    ])


def frames(*blocks):
    return dask.dataframe.from_delayed(
        [dask.delayed(block) for block in blocks], meta=blocks[0], verify_meta=False
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: delayed(x[:99].astype("f4"), x[99:]),
         r"X: the block that begins at row 99 holds float64, and the first what fits into float32; "
         r"take X.astype\('float64'\)$"),
        (lambda x: frames(*(pandas.DataFrame(x[i:i + 9, :4 - i // 9]) for i in (0, 9))),
         "X: the block that begins at row 9 has 3 columns, and the first 4; give all of them"),
        (lambda x: frames(*(pandas.DataFrame(x[:9], columns=list(s)) for s in ("abcde", "abced"))),
         "X: the block that begins at row 9 has the columns .*, and the first .*; give all of them"),
        (lambda x: dask.dataframe.from_pandas(
            pandas.DataFrame({"a": ["u", "v"] * 9}), npartitions=2),
         "X: must hold numbers, not .*; encode text first"),
        (lambda x: of_array(x, 50)[:0], "X = 0 rows: its blocks are empty; give rows$"),
        (lambda x: of_array(x.reshape(-1, 3, 5), 50),
         "X: must be two-dimensional, not of 3 dimensions; reshape it$"),
        (lambda x: of_array(x, 50)[:, 0], r"X: must be two-dimensional, not of shape \(300,\)"),
        (lambda x: of_array(np.where(x == x[123, 4], np.inf, x), (50, 2)),
         r"X\[123, 4\] = inf: must be finite; drop the row, or impute it$"),
    ],
    ids=["types", "widths", "names", "text", "empty", "cube", "vector", "infinite"],
)
def test_blocks_that_do_not_serve_are_refused(table, monkeypatch, make, message):
    monkeypatch.setattr("esscher._blocks._WINDOW_BYTES", 1)  # each by itself
    x, y = table
    with pytest.raises((ValueError, TypeError), match="^" + message):
        evaluate(make(x), y, **FAST)


def test_labels_must_be_as_many_as_the_rows_of_all_blocks(table):
    x, y = table
    with pytest.raises(ValueError, match="^y = 299 entries: must be as many as rows, 300$"):
        evaluate(of_array(x, 50), of_array(y, 50)[1:], **FAST)
    with pytest.raises(ValueError, match="X has 4 features, but TiltedRewardRegressor is expecting 5"):
        TiltedRewardRegressor(rounds=0).fit(x, y).predict(of_array(x, 50)[:, 1:])


def test_dask_is_not_imported():
    code = "import sys, esscher, esscher._estimator; assert 'dask' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert esscher.__version__


@pytest.mark.parametrize("call", ["predict", "fit"])
def test_a_table_of_blocks_is_not_held(call):
    # In a process of its own, whose peak is that of this alone: 580 MiB of X. Of the file at most
    # 128 MiB of pages are held, and the blocks that are computed at a time are half as much; beside
    # them stand what the engine makes of the rows and their rewards.
    code = f"""
        import dask.array
        import numpy as np
        from esscher import TiltedRewardRegressor

        def table(rows, columns, of):
            zeros = dask.array.zeros((rows, columns), dtype=np.float32, chunks=(of, columns))
            return zeros.map_blocks(lambda block: np.resize(small[:, :columns], block.shape))

        rng = np.random.default_rng(0)
        small = rng.standard_normal((61, 1000), dtype=np.float32)
        options = dict(beta=0.5, rounds=0, folds=2, landmarks=4, weights="uniform", threads=2)
        if {call!r} == "predict":
            model = TiltedRewardRegressor(**options).fit(small, small[:, 0])
            model.predict(table(9_150, 1000, 3_050))
            before = peak()
            r = model.predict(table(152_500, 1000, 3_050))
            np.testing.assert_array_equal(r, np.resize(model.predict(small), len(r)))
        else:
            def fit(x):
                y = np.resize(small[:, 0], len(x))
                return TiltedRewardRegressor(**options).fit(x, y)
            fit(table(3_000, 50, 1_000))
            before = peak()
            fit(table(3_072_000, 50, 60_000))
        print(peak() - before)
    """
    assert int(printed_alone(code)) < 400_000  # KiB; X alone is 595703 and 600000
