"""Arrays by their keys, and the index of a data frame of pandas, in files."""

from __future__ import annotations

import gzip

import numpy as np
import pandas
import pyarrow
import pytest
from pyarrow import parquet

import esscher


def test_arrays_of_a_file_are_taken_by_their_keys(tmp_path):
    path = tmp_path / "t.npz"
    x, y = np.arange(12.0).reshape(4, 3), np.array([1.0, 2.0, 3.0, 5.0])
    np.savez(path, embeddings=x, score=y, prompt=[4, 4, 2, 2])
    read = esscher.read(path, y="score", groups="prompt")
    np.testing.assert_array_equal(read.X, x)
    np.testing.assert_array_equal(read.y, y)
    np.testing.assert_array_equal(read.groups, [0, 0, 1, 1])
    np.savez(path, X=x, score=y)
    with pytest.raises(ValueError) as error:
        esscher.read(path, y="score")
    assert str(error.value) == (
        f"embeddings_key = embeddings: {path} has no such array; it has 'X', 'score'")
    np.testing.assert_array_equal(esscher.read(path, y="score", embeddings_key="X").X, x)


def test_how_a_table_of_text_is_written_may_be_said(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('a,y\n"1,234",2\n"2,345",3\n')
    with pytest.raises(ValueError, match="is 1234 by decimal . and 1.234 by decimal ,; say which"):
        esscher.read(path, y="y")
    np.testing.assert_array_equal(esscher.read(path, y="y", decimal=".").X, [[1234], [2345]])
    np.testing.assert_array_equal(esscher.read(path, y="y", decimal=",").X, [[1.234], [2.345]])
    path.write_text("a b y\n1 2 3\n2 3 4\n")
    with pytest.raises(ValueError, match="say by delimiter what parts the fields: delimiter space"):
        esscher.read(path, y="y")
    assert esscher.read(path, y="y", delimiter="space").names == ("a", "b")
    path.write_text("a,y\n1,2\n2,3\n3,oops\n4,bad\n")
    for missing in (["oops", "bad"], "oops,bad"):
        np.testing.assert_array_equal(esscher.read(path, y="y", missing=missing).y, [2, 3])
    with gzip.open(tmp_path / "t.csv.gz", "wt") as file:
        file.write("a,y\n" + "1,2\n2,3\n" * 200)
    with pytest.raises(ValueError, match="unpacks to more than 1e-06 GB; .* raise unpack_limit$"):
        esscher.read(tmp_path / "t.csv.gz", y="y", unpack_limit=1e-6)
    for limit in (0, 1e10, float("nan")):
        with pytest.raises(ValueError, match="^unpack_limit = .*: must be above 0 and at most 1e9"):
            esscher.read(tmp_path / "t.csv.gz", y="y", unpack_limit=limit)


@pytest.mark.parametrize("file, options, kind", [
    ("t.parquet", ("delimiter", "decimal", "missing", "unpack_limit", "embeddings_key"),
     "not of files that pyarrow reads"),
    ("t.csv", ("embeddings_key",), "of npz and safetensors only"),
    ("t.npy", ("embeddings_key",), "of npz and safetensors only"),
    ("t.npz", ("delimiter", "decimal", "missing", "unpack_limit"), "of tables of text only")])
def test_how_files_of_another_kind_are_written_is_refused(tmp_path, file, options, kind):
    path = tmp_path / file
    frame = pandas.DataFrame({"x": [1.0, 2.0], "y": [1.0, 2.0]})
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".npy":
        np.save(path, frame.to_numpy())
    else:
        np.savez(path, embeddings=frame.to_numpy(), y=frame["y"])
    for name in options:
        given = 1.0 if name == "unpack_limit" else ","
        with pytest.raises(ValueError) as error:
            esscher.read(path, y=None if path.suffix == ".npy" else "y", **{name: given})
        assert str(error.value).startswith(f"{name} = "), error.value
        assert str(error.value).endswith(f": {kind}; leave it out"), error.value


def test_lines_of_json_on_the_disk_are_not_unpacked_to_a_limit(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"x": 1, "y": 2}\n{"x": 2, "y": 3}\n')
    assert esscher.read(path, y="y", unpack_limit=1).y.tolist() == [2, 3]
    with pytest.raises(ValueError, match="^unpack_limit = 1: not of files that pyarrow reads; leave"):
        esscher.read(path, y="y", unpack_limit=1, on_disk=True)


def test_the_index_of_a_data_frame_is_no_feature_unless_named(tmp_path):
    path = tmp_path / "t.parquet"
    frame = pandas.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [0.5, 1.5, 2.5, 3.5]})

    def read(index, **options):
        frame.set_axis(index).to_parquet(path)
        return esscher.read(path, **{"y": "y", **options})

    prompt = pandas.Index([7, 7, 9, 9], name="prompt")
    left_out = f"{path}: no features, as they were a data frame's index: %s; name them in features"
    # A RangeIndex is no column of the file.
    for index, remarks in ((frame.index, ()), (prompt, (left_out % "prompt" + " if they are",)),
                           ([3, 5, 4, 8], (left_out % "__index_level_0__" + " if they are",)),
                           (prompt.astype(str), (f"{path}: no features, as they hold no numbers: "
                                                 "prompt",))):
        for on_disk in (False, True):
            table = read(index, on_disk=on_disk)
            assert (table.names, table.remarks) == (("x",), remarks)
    two = pandas.MultiIndex.from_arrays([prompt, [0, 1, 0, 1]], names=["prompt", "k"])
    table = read(two, groups="prompt")
    np.testing.assert_array_equal(table.groups, [0, 0, 1, 1])
    assert (table.names, table.group_names) == (("x",), ("7", "9"))
    assert table.remarks == (left_out % "k" + " if they are",)
    for index, name in ((prompt, "prompt"), ([7, 7, 9, 9], "__index_level_0__")):
        table = read(index, features=["x", name])
        assert (table.names, table.remarks) == (("x", name), ())
        np.testing.assert_array_equal(table.X, [[1, 7], [2, 7], [3, 9], [4, 9]])
    with pytest.raises(ValueError, match="column prompt: must hold numbers, or vectors of them, not"):
        read(prompt.astype(str), features="prompt")
    frame.set_axis(prompt).to_feather(path)
    assert esscher.read(path, y="y").names == ("x",)


def test_words_of_pandas_that_are_none_name_no_index(tmp_path):
    table = pyarrow.table({"i": [1.0, 2.0], "x": [3.0, 4.0]})
    for said in (b"{", b"[]", b"{}", b'{"index_columns": 3}', b'{"index_columns": [["i"], "j"]}'):
        parquet.write_table(table.replace_schema_metadata({b"pandas": said}), tmp_path / "t.parquet")
        assert esscher.read(tmp_path / "t.parquet").names == ("i", "x")
