"""Files become arrays: the same numbers, whatever kind of file holds them."""

from __future__ import annotations

import gzip
import json
import sys

import numpy as np
import pyarrow
import pytest
from alone import printed_alone
from pyarrow import feather, ipc, parquet

import esscher


def stream(table, path, **options):
    with ipc.new_stream(path, table.schema, **options) as writer:
        writer.write_table(table, max_chunksize=7)


def saved_data_set(table, path):
    """As datasets.Dataset.save_to_disk() lays it out, in two shards."""
    path.mkdir()
    half = table.num_rows // 2
    names = [f"data-0000{i}-of-00002.arrow" for i in range(2)]
    stream(table.slice(0, half), path / names[0])
    stream(table.slice(half), path / names[1])
    state = {"_data_files": [{"filename": name} for name in names], "_split": None}
    (path / "state.json").write_text(json.dumps(state))
    (path / "dataset_info.json").write_text("{}")


def two_parts(table, path):
    path.mkdir()
    half = table.num_rows // 2
    parquet.write_table(table.slice(half), path / "b.parquet")
    parquet.write_table(table.slice(0, half), path / "a.parquet")


KINDS = {
    "parquet": lambda table, path: parquet.write_table(table, path, row_group_size=9),
    "feather": lambda table, path: feather.write_feather(table, path, compression="zstd"),
    "arrow stream": stream,
    "saved data set": saved_data_set,
    "folder of parquet": two_parts,
}


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(4)
    return {
        "embedding": rng.standard_normal((40, 3), dtype=np.float32),
        "length": rng.integers(1, 9, 40).astype(np.int16),
        "prompt": [f"p{i // 4}" for i in range(40)],
        "score": rng.standard_normal(40),
        "source": ["web"] * 40,
    }


def table_of(columns, vectors):
    flat = pyarrow.array(columns["embedding"].ravel())
    arrays = {name: pyarrow.array(columns[name]) for name in list(columns)[1:]}
    lists = {
        "fixed": pyarrow.FixedSizeListArray.from_arrays(flat, 3),
        "lists": pyarrow.ListArray.from_arrays(np.arange(0, 121, 3, dtype=np.int32), flat),
        "large lists": pyarrow.LargeListArray.from_arrays(np.arange(0, 121, 3), flat),
        "tensors": pyarrow.FixedShapeTensorArray.from_numpy_ndarray(columns["embedding"]),
    }
    return pyarrow.table({"embedding": lists[vectors], **arrays})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("vectors", ["fixed", "lists", "large lists", "tensors"])
def test_all_kinds_of_files_give_the_same_arrays(columns, tmp_path, monkeypatch, kind, vectors):
    monkeypatch.setattr("esscher._arrow._BATCH_ROWS", 5)
    KINDS[kind](table_of(columns, vectors), tmp_path / "t")
    read = esscher.read(tmp_path / "t", y="score", groups="prompt")
    assert read.names == ("embedding[0]", "embedding[1]", "embedding[2]", "length")
    assert read.X.dtype == np.float32
    np.testing.assert_array_equal(read.X[:, :3], columns["embedding"])
    np.testing.assert_array_equal(read.X[:, 3], columns["length"])
    np.testing.assert_array_equal(read.y, columns["score"])
    np.testing.assert_array_equal(read.groups, np.arange(40) // 4)
    assert read.group_names == tuple(f"p{i}" for i in range(10))
    assert read.clusters is None
    assert read.remarks == (f"{tmp_path / 't'}: no features, as they hold no numbers: source",)
    assert repr(read) == "Table(40 rows, 4 features in float32, y, groups)"


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl"])
def test_tables_of_text_are_read_as_the_command_reads_them(columns, tmp_path, ending):
    path = tmp_path / f"t.{ending}"
    rows = [
        {"a": float(x[0]), "b": float(x[1]), "prompt": p, "score": s}
        for x, p, s in zip(columns["embedding"], columns["prompt"], columns["score"], strict=True)
    ]
    if ending == "jsonl":
        text = "".join(json.dumps(row) + "\n" for row in rows)
    else:
        text = "\n".join([",".join(rows[0]), *(",".join(map(str, r.values())) for r in rows)])
    path.write_bytes(gzip.compress(text.encode()) if ending.endswith("gz") else text.encode())
    read = esscher.read(path, y="score", groups="prompt")
    assert read.names == ("a", "b")
    assert read.X.dtype == np.float64
    np.testing.assert_array_equal(read.X, columns["embedding"][:, :2])
    np.testing.assert_array_equal(read.y, columns["score"])
    np.testing.assert_array_equal(read.groups, np.arange(40) // 4)
    assert read.group_names == tuple(f"p{i}" for i in range(10))
    single = esscher.read(path, y="score", features=["b"], dtype="float32").X
    np.testing.assert_array_equal(single, columns["embedding"][:, 1:2])
    assert single.dtype == np.float32


def test_numbers_too_large_for_a_type_are_refused(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1,1\n1e300,2\n")
    assert esscher.read(tmp_path / "t.csv", y="y", features="x").X[1, 0] == 1e300
    with pytest.raises(ValueError, match=r"^dtype = float32: 1e\+300 is too large for it; take fl"):
        esscher.read(tmp_path / "t.csv", y="y", features="x", dtype="float32")
    parquet.write_table(pyarrow.table({"x": [1.0, 1e300]}), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="row 2, column x: must be finite in float32; take"):
        esscher.read(tmp_path / "t.parquet", dtype="float32")


def test_sequences_of_a_table_of_text_are_expanded(tmp_path):
    (tmp_path / "t.csv").write_text("seq,y\nAC,1\nAD,2\nCC,3\nCD,4.5\n")
    read = esscher.read(tmp_path / "t.csv", y="y", one_hot="seq:sequence")
    assert read.names == ("seq[1]=A", "seq[1]=C", "seq[2]=C", "seq[2]=D")
    np.testing.assert_array_equal(read.X.sum(axis=1), 2)
    parquet.write_table(pyarrow.table({"seq": ["A"], "y": [1.0]}), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="^one_hot: of tables of text only; encode the column"):
        esscher.read(tmp_path / "t.parquet", one_hot="seq")
    with pytest.raises(ValueError, match="^fold_case: of tables of text only; encode the column"):
        esscher.read(tmp_path / "t.parquet", fold_case=True)


def test_what_is_read_is_fitted_evaluated_and_found_by_the_command(table, tmp_path, command):
    x, y = table
    names = [f"x{j}" for j in range(x.shape[1])]
    columns = {name: x[:, j] for j, name in enumerate(names)}
    parquet.write_table(pyarrow.table({**columns, "y": y}), tmp_path / "t.parquet")
    read = esscher.read(tmp_path / "t.parquet", y="y")
    assert read.X.dtype == np.float64
    given = esscher.evaluate(x, y, beta=1, rounds=1, bootstrap=0).to_dict(arrays=False)
    found = esscher.evaluate(read.X, read.y, read.groups, beta=1, rounds=1, bootstrap=0)
    assert found.to_dict(arrays=False) == given
    frame = read.to_frame()
    assert np.shares_memory(frame.to_numpy(), read.X)
    model = esscher.TiltedRewardRegressor(beta=1, rounds=1).fit(frame, read.y)
    assert list(model.feature_names_in_) == names
    model.save(tmp_path / "r.safetensors")
    frame.to_csv(tmp_path / "t.csv", index=False)
    command("predict", str(tmp_path / "r.safetensors"), str(tmp_path / "t.csv"), "-o",
            str(tmp_path / "r.npy"))
    np.testing.assert_array_equal(np.load(tmp_path / "r.npy")[:, 0], model.predict(frame))


def test_features_are_chosen_as_by_the_command(tmp_path):
    names = ["id", "e1", "e2", "e10", "y", "text"]
    table = pyarrow.table({name: [1.0, 2.0] for name in names[:-1]} | {"text": ["a", "b"]})
    parquet.write_table(table, tmp_path / "t.parquet")

    def read(**options):
        return esscher.read(tmp_path / "t.parquet", **options)

    assert read(features="e*,!e2").names == ("e1", "e10")
    assert read(features=["e2", "id"]).names == ("id", "e2")
    assert read(y="y", features="e1:e10", dtype="float32").X.dtype == np.float32
    with pytest.raises(ValueError, match="^features = e3: no column is named 'e3'; they are 'id'"):
        read(features="e3")
    with pytest.raises(ValueError, match=r"^features: 'y' is y; leave it out: '!y'$"):
        read(y="y", features="e*,y")
    with pytest.raises(ValueError, match=r"t.parquet: column text: must hold numbers, or vectors"):
        read(features="e1,text")
    with pytest.raises(ValueError, match=r"^y = yy: no column is named 'yy'"):
        read(y="yy")
    parquet.write_table(table.select(["y", "text"]), tmp_path / "none.parquet")
    with pytest.raises(ValueError, match=r"none.parquet: features: .* there are text \(string\)$"):
        esscher.read(tmp_path / "none.parquet", y="y")
    with pytest.raises(ValueError, match=r"column text: y must be numbers, not string$"):
        read(y="text")
    with pytest.raises(ValueError, match=r"^dtype = 'half': must be 'float32' or 'float64'$"):
        read(dtype="half")


def test_rows_without_reward_or_weight_are_left_out_and_counted(tmp_path):
    table = pyarrow.table({
        "x": pyarrow.array([1, 2, 3, 4, 5], pyarrow.int64()),
        "ok": [True, False, True, False, True],
        "v": pyarrow.array([[i, -i] for i in range(5)], pyarrow.list_(pyarrow.int64(), 2)),
        "y": [1.0, None, float("nan"), 4.0, 5.0],
        "w": [1.0, 1.0, 1.0, 0.0, 2.0],
        "g": pyarrow.array([7, None, 8, 8, 7]),
    })
    parquet.write_table(table, tmp_path / "t.parquet")
    read = esscher.read(tmp_path / "t.parquet", y="y", sample_weight="w", groups="g")
    np.testing.assert_array_equal(read.X, [[1, 1, 0, 0], [5, 1, 4, -4]])
    np.testing.assert_array_equal(read.y, [1, 5])
    np.testing.assert_array_equal(read.sample_weight, [1, 2])
    np.testing.assert_array_equal(read.groups, [0, 0])
    assert read.group_names == ("7",)
    assert read.remarks == (
        f"{tmp_path / 't.parquet'}: 2 of 5 rows are left out, without a reward",
        f"{tmp_path / 't.parquet'}: 1 of 5 rows are left out, of weight 0",
    )


BAD = {
    "x": (pyarrow.array([1.0, None, 3.0]), "row 2, column x: must be finite; drop the row"),
    "v": (pyarrow.array([[1.0, 2.0], [1.0, 2.0], [1.0]]),
          "row 3, column v: must hold 2 numbers, as the first does"),
    "gap": (pyarrow.array([[1.0], None, [1.0]]), "row 2, column gap: a vector is missing"),
    "hole": (pyarrow.array([[1, 1], [1, None], [1, 1]]), "row 2, column hole: must be finite"),
    "inf": (pyarrow.array([1.0, 2.0, float("inf")], pyarrow.float32()),
            "row 3, column inf: must be finite"),
}


@pytest.mark.parametrize("name", BAD)
def test_features_that_do_not_serve_are_refused_by_row_and_column(tmp_path, name):
    values, message = BAD[name]
    for kind in ("parquet", "arrow stream"):
        path = tmp_path / kind.replace(" ", ".")
        KINDS[kind](pyarrow.table({name: values, "y": [0.0, 1.0, 2.0]}), path)
        with pytest.raises(ValueError, match=message) as refusal:
            esscher.read(path, y="y")
        assert str(refusal.value).startswith(str(path))


def test_labels_that_do_not_serve_are_refused_by_row_and_column(tmp_path):
    table = pyarrow.table({
        "x": [1.0, 2.0], "y": [1.0, float("inf")], "w": [1.0, -1.0], "g": ["a", None],
        "v": [[1.0], [2.0]], "n": [1.0, float("nan")],
    })
    path = tmp_path / "t.arrow"
    stream(table, path)
    for roles, message in (
        ({"y": "y"}, "row 2, column y: must be a finite number"),
        ({"sample_weight": "w"}, "row 2, column w: must be a number that is not negative"),
        ({"groups": "g"}, "row 2, column g: a label is missing; give the row one"),
        ({"groups": "n"}, "row 2, column n: a label is missing; give the row one"),
        ({"fold": "v"}, "column v: labels must be text or numbers, not list<"),
    ):
        with pytest.raises(ValueError, match=message):
            esscher.read(path, features="x", **roles)


def test_folders_that_are_no_one_table_are_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no .parquet or .arrow files, and is no data set"):
        esscher.read(tmp_path)
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    with pytest.raises(ValueError, match="holds several data sets; read one of them: .*train, "):
        esscher.read(tmp_path)
    parts = tmp_path / "parts"
    parts.mkdir()
    parquet.write_table(pyarrow.table({"x": [1.0]}), parts / "a.parquet")
    parquet.write_table(pyarrow.table({"x": [1]}), parts / "b.parquet")
    with pytest.raises(ValueError, match=r"b.parquet: has other columns, or of other types, than"):
        esscher.read(parts)
    with pytest.raises(FileNotFoundError, match="none.parquet"):
        esscher.read(tmp_path / "none.parquet")
    (tmp_path / "t.words").write_text("x\n1\n")
    with pytest.raises(ValueError, match="^path = '.*': the extension says what a file holds"):
        esscher.read(tmp_path / "t.words")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match=r"broken.parquet: cannot be read: "):
        esscher.read(tmp_path / "broken.parquet")


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    parquet.write_table(pyarrow.table({"x": [1.0]}), tmp_path / "t.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="which is not installed: pip install pyarrow$"):
        esscher.read(tmp_path / "t.parquet")


def test_a_table_on_the_disk_gives_the_same_bits(tmp_path, table):
    x, y = table
    y = y.copy()
    y[7] = np.nan  # such rows are left out
    vectors = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(x.astype(np.float32).ravel()), 5)
    parquet.write_table(pyarrow.table({"v": vectors, "y": pyarrow.array(y, from_pandas=True)}),
                        tmp_path / "t.parquet", row_group_size=40)
    held = esscher.read(tmp_path / "t.parquet", y="y")
    stored = esscher.read(tmp_path / "t.parquet", y="y", on_disk=True)
    assert repr(stored) == repr(held) == "Table(299 rows, 5 features in float32, y)"
    assert (stored.X.shape, len(stored.X), stored.X.dtype) == ((299, 5), 299, np.float32)
    options = {"beta": 1, "rounds": 1}
    assert esscher.evaluate(stored.X, stored.y, bootstrap=0, **options).to_dict() == (
        esscher.evaluate(held.X, held.y, bootstrap=0, **options).to_dict())
    a, b = (esscher.TiltedRewardRegressor(**options).fit(of.X, of.y) for of in (held, stored))
    np.testing.assert_array_equal(b.predict(stored.X), a.predict(held.X))
    assert a.score(held.X, held.y) == b.score(stored.X, stored.y)
    for call in (stored.to_frame, lambda: np.asarray(stored.X), lambda: esscher.audit(stored.X, y)):
        with pytest.raises(TypeError, match="^a table on the disk of 299 x 5: is for X of evaluate"):
            call()
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    with pytest.raises(ValueError, match="^on_disk = True: is for Parquet, Arrow, data sets of"):
        esscher.read(tmp_path / "t.csv", y="y", on_disk=True)
    with pytest.raises(TypeError, match="^on_disk = 'no': must be True or False"):
        esscher.read(tmp_path / "t.parquet", on_disk="no")


@pytest.mark.parametrize("kind", ["parquet", "arrow", "on the disk"])
def test_a_large_file_is_held_once_at_most(tmp_path, kind):
    # In a process of its own, whose peak is that of this alone: 160 MB of X. A mapped file's pages
    # count, too, so that compression keeps them few.
    code = f"""
        import numpy as np
        import pyarrow
        from pyarrow import ipc, parquet
        import esscher

        flat = pyarrow.array(np.tile(np.arange(200, dtype=np.float32), 20_000))
        vectors = pyarrow.FixedSizeListArray.from_arrays(flat, 200)
        table = pyarrow.table({{"v": vectors, "y": np.arange(20_000.0)}})
        path = {str(tmp_path / "t")!r}
        on_disk = {kind!r} == "on the disk"
        if {kind!r} != "arrow":
            with parquet.ParquetWriter(path, table.schema, compression="zstd") as writer:
                for _ in range(10):
                    writer.write_table(table)
        else:
            options = ipc.IpcWriteOptions(compression="zstd")
            with ipc.new_stream(path, table.schema, options=options) as writer:
                for _ in range(10):
                    writer.write_table(table, max_chunksize=1000)
        del flat, vectors, table
        before = peak()
        read = esscher.read(path, y="y", on_disk=on_disk)
        assert read.X.shape == (200_000, 200) and read.X.dtype == np.float32
        assert on_disk or read.X[123_456, 78] == 78
        print(peak() - before)
    """
    # KiB; X alone is 156250, a second copy would be as much.
    assert int(printed_alone(code)) < (100_000 if kind == "on the disk" else 200_000)


def test_mutations_are_read_as_the_sequences_that_they_make(tmp_path):
    (tmp_path / "m.csv").write_text("mutant,y\nA24G,1\nK25R:V26I,2\nWT,3\nA24S,4\nV26L,5\n")
    (tmp_path / "s.csv").write_text("seq,y\nGKV,1\nARI,2\nAKV,3\nSKV,4\nAKL,5\n")
    options = {"y": "y", "wild_type": "AKV", "first_position": 24}
    mutations = esscher.read(tmp_path / "m.csv", **options)
    sequences = esscher.read(tmp_path / "s.csv", y="y", one_hot="seq:sequence")
    np.testing.assert_array_equal(mutations.X, sequences.X)
    np.testing.assert_array_equal(mutations.y, sequences.y)
    assert len(mutations.names) == len(sequences.names)
    with pytest.raises(ValueError, match=r"wild_type"):
        esscher.read(tmp_path / "m.csv", y="y", one_hot="mutant", wild_type="AAA", first_position=24)
    with pytest.raises(ValueError, match="^first_position = 24: numbers the letters of a wild type"):
        esscher.read(tmp_path / "m.csv", y="y", first_position=24)
    parquet.write_table(pyarrow.table({"x": [1.0]}), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="^wild_type: of tables of text only"):
        esscher.read(tmp_path / "t.parquet", wild_type="AKV")
