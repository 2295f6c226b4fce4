"""Sequences and mutations as features, by the command's own rules."""

from __future__ import annotations

import pickle

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

import esscher
from esscher import SequenceEncoder

TEXTS = ["AC", "AD", "CD", "NA"]
MUTATIONS = ["A24G", "K25R:V26I", "WT", "", "p.(Ala24Ser)", "V26L"]
WILD_TYPE = {"wild_type": "AKV", "first_position": 24}


def test_features_are_those_of_the_file(tmp_path):
    (tmp_path / "s.csv").write_text("\n".join(["sequence,y", *(f"{t},{i}" for i, t in enumerate(TEXTS))]))
    read = esscher.read(tmp_path / "s.csv", y="y", one_hot="sequence:sequence")
    encoder = SequenceEncoder()
    np.testing.assert_array_equal(encoder.fit_transform(TEXTS), read.X)
    assert tuple(encoder.get_feature_names_out()) == read.names
    assert encoder.remarks_ == read.remarks
    np.testing.assert_array_equal(encoder.transform(TEXTS[::-1]), read.X[::-1])
    (tmp_path / "m.csv").write_text("\n".join(["m,y", *(f'"{t}",{i}' for i, t in enumerate(MUTATIONS))]))
    read = esscher.read(tmp_path / "m.csv", y="y", one_hot="m:mutations", **WILD_TYPE)
    encoder = SequenceEncoder(**WILD_TYPE)
    np.testing.assert_array_equal(encoder.fit_transform(MUTATIONS), read.X)
    assert encoder.get_feature_names_out()[0] == "sequence[24]=A"
    np.testing.assert_array_equal(encoder.transform(["A24S", "WT"]), read.X[[4, 2]])
    lower = SequenceEncoder(fold_case=True).fit(["ac", "AD"])
    np.testing.assert_array_equal(lower.transform(["aC"]), [[1, 0]])


@pytest.mark.parametrize(
    "make",
    [
        np.array,
        pandas.Series,
        lambda texts: pandas.Series(texts, dtype="category"),
        lambda texts: pandas.DataFrame({"s": texts}),
        polars.Series,
        lambda texts: polars.DataFrame({"s": texts}),
        pyarrow.array,
        lambda texts: np.array(texts)[:, None],
    ],
)
def test_texts_come_in_many_forms(make):
    expected = SequenceEncoder().fit_transform(TEXTS)
    np.testing.assert_array_equal(SequenceEncoder().fit_transform(make(TEXTS)), expected)


def test_it_keeps_the_contract_of_transformers():
    encoder = SequenceEncoder(**WILD_TYPE).fit(MUTATIONS)
    assert clone(encoder).get_params() == {**WILD_TYPE, "fold_case": False}
    again = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(again.transform(MUTATIONS), encoder.transform(MUTATIONS))
    with pytest.raises(NotFittedError):
        SequenceEncoder().transform(TEXTS)
    rng = np.random.default_rng(0)
    texts = ["".join(row) for row in rng.choice(list("ACDE"), (120, 3))]
    y = np.array([text.count("A") - text.count("E") for text in texts], dtype=float)
    model = make_pipeline(SequenceEncoder(), esscher.TiltedRewardRegressor(beta=1, rounds=0))
    assert model.fit(texts[:90], y[:90]).score(texts[90:], y[90:]) > 0.9
    frame = pandas.DataFrame({"seq": texts, "charge": rng.standard_normal(120)})
    columns = make_column_transformer((SequenceEncoder(), "seq"), remainder="passthrough")
    assert columns.fit_transform(frame).shape == (120, 13)


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        (["AC", "ADE"], ValueError, r"^X\[1\]: 3 symbols where X\[0\] has 2; sequences must have one"),
        (["AC", ""], ValueError, r"^X\[1\]: is empty; drop the row$"),
        (["A\ud800"], ValueError, r"^X\[0\] = 'A\\ud800': is no text, but half a character"),
        (["AC", "ad"], ValueError, r"^X: sequences mix upper case \(X\[0\]\) and lower case \(X\[1\]\); fold"),
        (["AC", None], TypeError, r"^X\[1\] = None: must be text, not NoneType$"),
        ("AC", ValueError, r"^X: must be one-dimensional, a text a row, not of shape \(\)$"),
        ([["A", "C"]], ValueError, r"^X: must be one-dimensional, a text a row, not of shape \(1, 2\)$"),
        ([], ValueError, "^X: must have a row at least$"),
        (["AC", "AC"], ValueError, "^X: no symbol of the sequences ever varies"),
    ],
)
def test_texts_that_do_not_serve_are_refused_by_entry(texts, error, message):
    with pytest.raises(error, match=message):
        SequenceEncoder().fit(texts)


def test_mutations_that_do_not_serve_are_refused_by_entry():
    for text, message in [
        ("C24G", r"^X\[1\]: 'C24G' says C at position 24, where the wild type has A; mend"),
        ("K25del", r"^X\[1\]: 'K25del' is a deletion.*; leave the row out$"),
        ("Z9A", r"^X\[1\]: 'Z9A' lies outside the wild type, whose positions run from 24 to 26"),
    ]:
        with pytest.raises(ValueError, match=message):
            SequenceEncoder(**WILD_TYPE).fit(["A24G", text])
    for parameters, error, message in [
        ({"wild_type": "A1V"}, ValueError, "^wild_type = A1V: must be letters"),
        ({"wild_type": ""}, ValueError, "^wild_type = '': must be letters; leave it out"),
        ({"wild_type": 3}, TypeError, "^wild_type = 3: must be text, not int$"),
        ({"first_position": 3}, ValueError, "^first_position = 3: numbers the letters of a wild type"),
        ({"fold_case": 1}, TypeError, "^fold_case = 1: must be True or False"),
    ]:
        with pytest.raises(error, match=message):
            SequenceEncoder(**parameters).fit(TEXTS)


def test_letters_that_were_not_fitted_on_are_refused_by_entry():
    encoder = SequenceEncoder().fit(TEXTS)
    with pytest.raises(ValueError, match=r"^X\[1\]: position 1 has 'E', which the model was not fitted"):
        encoder.transform(["AC", "EC"])
    with pytest.raises(ValueError, match=r"^X\[0\]: 3 symbols where the model has sequences of 2$"):
        encoder.transform(["ACD"])
