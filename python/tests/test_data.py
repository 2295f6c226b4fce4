"""Arrays are read where they lie; data frames by name."""

from __future__ import annotations

import functools

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from alone import printed_alone

from esscher import TiltedRewardRegressor, audit, evaluate, policy_value, tilt

NAMES = ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_layout_gives_the_same_bits(table, dtype):
    x, y = table
    x = x.astype(dtype)
    wide = np.zeros((len(x), 10), dtype)
    wide[:, ::2] = x
    first = TiltedRewardRegressor(beta=0.5, rounds=1).fit(x, y).predict(x)
    for other in (np.asfortranarray(x), wide[:, ::2], x[::-1][::-1]):
        model = TiltedRewardRegressor(beta=0.5, rounds=1).fit(other, y)
        np.testing.assert_array_equal(model.predict(other), first)


def test_whole_numbers_and_halves_are_numbers():
    rng = np.random.default_rng(0)
    x = rng.integers(-5, 6, (200, 3))
    y = x[:, 0] / 3 + 0.1 * rng.standard_normal(200)
    reference = evaluate(x.astype(float), y, beta=1, rounds=1).to_dict(arrays=False)
    for dtype in (np.int8, np.int32, np.int64, np.float16):
        assert evaluate(x.astype(dtype), y, beta=1, rounds=1).to_dict(arrays=False) == reference


class Capsules:
    """Offers Arrow's interface and nothing else, once, as streams of nanoarrow do."""

    def __init__(self, values):
        self._values = values

    def __arrow_c_stream__(self, requested_schema=None):
        values, self._values = self._values, None
        if values is None:
            raise RuntimeError("asked a second time")
        return values.__arrow_c_stream__(requested_schema)


ARROW_ALONE = {
    "capsules": Capsules,
    "reader": lambda table: table.to_reader(),
    "batch": lambda table: table.combine_chunks().to_batches()[0],
}


@pytest.mark.parametrize("kind", ARROW_ALONE)
def test_what_speaks_arrow_alone_is_a_table(kind, table):
    x, y = table
    names = [f"c{j}" for j in range(x.shape[1])]
    held = pyarrow.table(dict(zip(names, x.T, strict=True)))

    def given():
        return ARROW_ALONE[kind](held)

    def column():
        return Capsules(pyarrow.chunked_array([y]))

    options = {"beta": 1, "rounds": 0}
    model = TiltedRewardRegressor(**options).fit(given(), column())
    assert list(model.feature_names_in_) == names
    plain = TiltedRewardRegressor(**options).fit(held, y)
    np.testing.assert_array_equal(model.predict(given()), plain.predict(held))
    assert model.score(given(), column()) == plain.score(held, y)
    told = functools.partial(evaluate, bootstrap=0, **options)
    swapped = ARROW_ALONE[kind](held.select(names[::-1]))  # taken by name
    assert told(given(), column(), reference=swapped).to_dict() == (
        told(held, y, reference=held).to_dict())
    np.testing.assert_array_equal(tilt(column(), 1), tilt(y, 1))
    groups = np.repeat(["a", "b"], [100, 200])
    of_arrow = Capsules(pyarrow.chunked_array([groups.tolist()]))
    np.testing.assert_array_equal(
        tilt(column(), 1, groups=of_arrow), tilt(y, 1, groups=groups))
    query = Capsules(pyarrow.table({"y": y}))  # of one column
    assert told(given(), query).to_dict(arrays=False)["rewards"] == (
        told(held, y).to_dict(arrays=False)["rewards"])
    query = Capsules(pyarrow.table({"y": y}))
    fitted = TiltedRewardRegressor(**options).fit(given(), query)
    np.testing.assert_array_equal(fitted.predict(held), plain.predict(held))


@pytest.mark.parametrize("name", [None, "prompt", "a"])
@pytest.mark.parametrize("make", [lambda table: table, ARROW_ALONE["reader"], ARROW_ALONE["batch"]])
def test_the_index_of_a_data_frame_is_no_feature_of_a_table_of_arrow(table, name, make):
    x, y = table
    index = pandas.Index(np.arange(len(y))[::-1], name=name)
    frame = pandas.DataFrame(x, columns=NAMES, index=index)
    held = pyarrow.Table.from_pandas(frame)
    assert held.num_columns == 6
    model = TiltedRewardRegressor(beta=1, rounds=0).fit(make(held), y)
    assert list(model.feature_names_in_) == NAMES
    expected = TiltedRewardRegressor(beta=1, rounds=0).fit(frame, y).predict(frame)
    for given in (frame, make(held)):
        np.testing.assert_array_equal(model.predict(given), expected)
    told = functools.partial(evaluate, y=y, beta=1, rounds=0, bootstrap=0)
    assert told(make(held), reference=make(held)).to_dict() == told(frame, reference=frame).to_dict()


def test_what_a_stream_of_arrow_raises_comes_out():
    def batches():
        yield pyarrow.record_batch({"a": [1.0, 2.0]})
        raise pyarrow.ArrowInvalid("page 2 is corrupt")

    schema = pyarrow.schema({"a": pyarrow.float64()})
    reader = pyarrow.RecordBatchReader.from_batches(schema, batches())
    with pytest.raises(pyarrow.ArrowInvalid, match="page 2 is corrupt") as error:
        evaluate(reader, [1.0, 2.0])
    assert error.value.__notes__ == ["X: what it holds was asked for by Arrow's interface"]


@pytest.mark.parametrize("make", [pandas.DataFrame, polars.DataFrame, pyarrow.table])
def test_dates_are_no_features(make, table):
    x, y = table
    days = np.arange(len(y)).astype("datetime64[ms]")
    frame = make({"a": x[:, 0], "day": days})
    for call in (evaluate, TiltedRewardRegressor().fit):
        with pytest.raises(TypeError, match="^X: must hold numbers, not .*; encode times first$"):
            call(frame, y)


def test_dates_are_no_rewards(table):
    x, y = table
    days = pyarrow.array(np.arange(len(y)), pyarrow.timestamp("s"))
    for given in (days, pyarrow.chunked_array([days]), pyarrow.table({"y": days})):
        with pytest.raises(TypeError, match="^y: must hold numbers, not"):
            TiltedRewardRegressor().fit(x, given)
    with pytest.raises(TypeError, match="^X: must hold numbers, not dictionary"):
        TiltedRewardRegressor().fit(pyarrow.table({"a": days.dictionary_encode()}), y)
    # A column may have any name.
    frame = pandas.DataFrame(x[:, :3], columns=["dtype", "schema", "column_names"],
                             index=[f"date{i}" for i in range(len(x))])
    names = list(TiltedRewardRegressor(beta=1, rounds=0).fit(frame, y).feature_names_in_)
    assert names == ["dtype", "schema", "column_names"]


@pytest.mark.parametrize("make", [pandas.DataFrame, polars.DataFrame, pyarrow.table])
def test_frames_are_taken_by_name(table, make):
    x, y = table
    frame = make({name: x[:, j] for j, name in enumerate(NAMES)})
    model = TiltedRewardRegressor(beta=0.5).fit(frame, y)
    assert list(model.feature_names_in_) == NAMES
    expected = TiltedRewardRegressor(beta=0.5).fit(x, y).predict(x)
    np.testing.assert_array_equal(model.predict(frame), expected)
    if make is pandas.DataFrame:
        with pytest.raises(ValueError, match="feature names"):
            model.predict(frame[NAMES[::-1]])


class Tensor:
    """All that esscher and scikit-learn ask of a tensor of PyTorch on the CPU.

    PyTorch itself would be gigabytes for these tests. Its tensors give their numbers by the same
    method, which shares memory with them, and refuse with these errors and words where they need a
    gradient or are of bfloat16, which NumPy does not have.
    """

    def __init__(self, values, dtype="torch.float32", requires_grad=False):
        self._values = values
        self.dtype = dtype
        self.requires_grad = requires_grad
        self.asked = 0

    def __array__(self, dtype=None, copy=None):
        self.asked += 1
        if self.requires_grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        if self.dtype == "torch.bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return np.asarray(self._values, dtype=dtype)

    def detach(self):
        return Tensor(self._values, self.dtype)

    def __len__(self):
        return len(self._values)

    @property
    def shape(self):
        return self._values.shape


def test_tensors_are_arrays(table):
    x, y = table
    tensor = Tensor(x)
    model = TiltedRewardRegressor(beta=0.5).fit(tensor, Tensor(y))
    assert tensor.asked
    reference = TiltedRewardRegressor(beta=0.5).fit(x, y).predict(x)
    np.testing.assert_array_equal(model.predict(Tensor(x)), reference)
    weights = tilt(Tensor(y), 0.5, Tensor(np.arange(len(y)) // 5))
    np.testing.assert_array_equal(weights, tilt(y, 0.5, np.arange(len(y)) // 5))
    told = evaluate(Tensor(x), Tensor(y), beta=1, rounds=0, bootstrap=0).to_dict(arrays=False)
    assert told == evaluate(x, y, beta=1, rounds=0, bootstrap=0).to_dict(arrays=False)


def test_scores_and_labels_may_be_tensors(table):
    x, y = table
    prompts = np.arange(len(y)) // 5
    expected = audit(x[:, 0], y, prompts, bootstrap=0).to_dict(arrays=False)
    told = audit(Tensor(x[:, 0]), Tensor(y), Tensor(prompts), bootstrap=0)
    assert told.to_dict(arrays=False) == expected
    scores = {"net": Tensor(x[:, 0], requires_grad=True).detach()}
    assert audit(scores, Tensor(y), bootstrap=0)["net"].correlation == pytest.approx(
        np.corrcoef(x[:, 0], y)[0, 1], rel=1e-9
    )


@pytest.mark.parametrize(
    ("tensor", "reason", "remedy"),
    [
        (dict(requires_grad=True), "requires grad", r"\.detach\(\)\.cpu\(\)\.numpy\(\)"),
        (dict(dtype="torch.bfloat16"), "BFloat16", r"\.detach\(\)\.float\(\)\.cpu\(\)\.numpy\(\)"),
    ],
)
def test_a_tensor_without_an_array_is_refused_by_name_with_the_remedy(table, tensor, reason, remedy):
    x, y = table
    good, bad, worse = x[:, 0], Tensor(x[:, 0], **tensor), Tensor(x, **tensor)
    model = TiltedRewardRegressor(beta=0.5, rounds=0).fit(x, y)
    for name, call in (
        ("proxy", lambda: audit(bad, y)),
        (r"proxy\['net'\]", lambda: audit({"net": bad}, y)),
        ("gold", lambda: audit(good, bad)),
        ("groups", lambda: audit(good, y, bad)),
        ("sample_weight", lambda: audit(good, y, sample_weight=bad)),
        ("X", lambda: evaluate(worse, y, beta=1, rounds=0)),
        ("y", lambda: evaluate(x, bad, beta=1, rounds=0)),
        ("reference", lambda: evaluate(x, y, beta=1, rounds=0, reference=worse)),
        ("r", lambda: tilt(bad, 0.5)),
        ("X", lambda: TiltedRewardRegressor().fit(worse, y)),
        ("y", lambda: TiltedRewardRegressor().fit(x, bad)),
        ("X", lambda: model.predict(worse)),
    ):
        with pytest.raises(TypeError, match=rf"^{name}: Tensor of .*{reason}.*; .*{remedy}$"):
            call()


@pytest.mark.parametrize("order", ["C", "F"])
def test_predictions_do_not_copy_x(order):
    # In a process of its own, whose peak is that of this alone: 200 MB of X, and room for the
    # threads' blocks.
    code = f"""
        import numpy as np
        from esscher import TiltedRewardRegressor

        rng = np.random.default_rng(0)
        small = rng.standard_normal((60, 200), dtype=np.float32)
        model = TiltedRewardRegressor(beta=0.5, rounds=0, threads=2).fit(small, small[:, 0])
        x = np.zeros((250_000, 200), np.float32, order={order!r})
        x[:] = small[0]
        before = peak()
        model.predict(x)
        print(peak() - before)
    """
    assert int(printed_alone(code)) < 100_000  # KiB; a copy would be 195313


def test_data_that_do_not_serve_are_refused_by_name(table):
    x, y = table
    with pytest.raises(ValueError, match=r"^X\[2, 1\] = nan: must be finite; drop the row"):
        broken = x.copy()
        broken[2, 1] = np.nan
        evaluate(broken, y)
    with pytest.raises(TypeError, match=r"^X: must hold numbers, not complex128; "):
        evaluate(x + 1j, y)
    with pytest.raises(TypeError, match=r"^X: must hold numbers, not object; encode text first"):
        evaluate(np.array([["a"], ["b"]], dtype=object), [1, 2])
    with pytest.raises(ValueError, match=r"^X: must be two-dimensional, not of shape \(300,\)"):
        evaluate(x[:, 0], y)
    with pytest.raises(ValueError, match=r"^y = 10 entries: must be as many as rows, 300$"):
        evaluate(x, y[:10])
    with pytest.raises(ValueError, match=r"^groups = 10 entries: must be as many as rows, 300$"):
        evaluate(x, y, groups=y[:10])
    with pytest.raises(ValueError, match=r"^clusters = 10 entries: must be as many as rows, 300$"):
        evaluate(x, y, clusters=y[:10], sample_weight=np.arange(len(y)))
    with pytest.raises(ValueError, match=r"^sample_weight\[3\] = -1.0: must be finite and not neg"):
        weights = np.ones(len(y))
        weights[3] = -1
        evaluate(x, y, sample_weight=weights)
    with pytest.raises(TypeError, match=r"^y: must be numbers, not list$"):
        evaluate(x, ["a"] * len(y))


MISSING = {
    "None": [1, 2, None],
    "None among text": ["a", "b", None],
    "NaN": [1, 2, np.nan],
    "NaN among text": ["a", "b", np.nan],
    "NaN of an array": np.array([1, 2, np.nan]),
    "NaN of objects": np.array(["a", 2, np.nan], dtype=object),
    "NaT": np.array(["2026-01-01", "2026-01-02", "NaT"], dtype="datetime64[D]"),
    "masked": np.ma.array([1, 2, 3], mask=[False, False, True]),
    "pandas, numbers": pandas.Series([1, 2, None], dtype="Int64"),
    "pandas, text": pandas.Series(["a", "b", pandas.NA], dtype="string"),
    "pandas, categories": pandas.Categorical(["a", "b", None]),
    "polars": polars.Series(["a", "b", None]),
    "pyarrow": pyarrow.array([1, 2, None]),
}


@pytest.mark.parametrize("name", MISSING)
def test_missing_labels_are_refused_by_entry(name):
    r = [1.0, 2.0, 3.0]
    for parameter in ("groups", "clusters"):
        with pytest.raises(ValueError, match=rf"^{parameter}\[2\] = .*: a label is missing; give"):
            policy_value(r, r, 1.0, bootstrap=0, **{parameter: MISSING[name]})


@pytest.mark.parametrize("values", [[1, "1", 1], np.array([1, "1", 1], dtype=object)])
def test_a_number_and_its_text_are_two_labels(values):
    np.testing.assert_allclose(tilt([0, 0, 0], 1, values), [0.5, 1, 0.5])
    with pytest.raises(TypeError, match="^groups: labels must be text, numbers or the like$"):
        tilt([0, 0], 1, np.array([{}, {}]))
