"""What does not serve is refused in one line that names the parameter; nothing is used in silence."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import threading

import numpy as np
import pandas
import pytest
import scipy.sparse

import esscher
from esscher import TiltedRewardRegressor, audit, evaluate, policy_value, tilt

FAST = {"beta": 1, "rounds": 0, "bootstrap": 0}


def refusal(call) -> tuple[type, str]:
    """What it raises: one line of a type that callers expect."""
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    return TypeError if caught.errisinstance(TypeError) else ValueError, text


@pytest.fixture(scope="module")
def fitted(table):
    return TiltedRewardRegressor(beta=1, rounds=0).fit(*table)


def broken(x, kind):
    """Features with a fault, and how the refusal goes on behind "X"."""
    masked = np.ma.array(x, mask=np.zeros(x.shape, dtype=bool))
    masked[3, 1] = np.ma.masked
    infinite, missing = x.copy(), x.copy()
    infinite[3, 1], missing[3, 1] = np.inf, np.nan
    text = x.astype(object)
    text[3, 1] = "abc"
    frame = pandas.DataFrame(x, columns=list("abcde"))
    return {
        "masked": (masked, "[3, 1]: is masked; fill it, or drop the row"),
        "infinite": (infinite, "[3, 1] = inf: must be finite; drop the row, or impute it"),
        "missing": (missing, "[3, 1] = nan: must be finite; drop the row, or impute it"),
        "None": (np.where(np.isnan(missing), None, x), "[3, 1] = nan: must be finite; drop the"),
        "nullable": (frame.astype({"b": "Float64"}).mask(np.isnan(missing)), ""),
        "text": (text, ": "),
        "categories": (frame.assign(b=pandas.Categorical(["u", "v"] * (len(x) // 2))), ": "),
        "dates": (np.zeros(x.shape, "M8[s]"), ": must hold numbers, not datetime64[s]"),
        "complex": (x + 1j, ": "),
        "one dimension": (x[:, 0], ": must be two-dimensional, not of shape (300,)"),
        "three dimensions": (x[:, :, None], ""),
        "a number": (3.0, ": must be two-dimensional, not "),
        "nothing": (None, ": must be two-dimensional, not "),
        "ragged": ([[1, 2], [3]] * (len(x) // 2), ""),
        "sparse": (scipy.sparse.csr_array(x), ""),
        "generator": ((row for row in x.tolist()), ": "),
        "twins": (frame.rename(columns={"b": "a"}), ": 2 columns are called 'a'; rename them"),
    }[kind]


KINDS = ["masked", "infinite", "missing", "None", "nullable", "text", "categories", "dates",
         "complex", "one dimension", "three dimensions", "a number", "nothing", "ragged", "sparse",
         "generator", "twins"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("of", ["evaluate", "fit", "predict"])
def test_features_that_do_not_serve(table, fitted, kind, of):
    x, y = table
    values, words = broken(x, kind)
    call = {
        "evaluate": lambda: evaluate(values, y, **FAST),
        "fit": lambda: TiltedRewardRegressor(beta=1, rounds=0).fit(values, y),
        "predict": lambda: fitted.predict(values),
    }[of]
    if of == "predict" and kind in ("nullable", "categories"):
        # First scikit-learn warns that the fit saw no names.
        with pytest.warns(UserWarning, match="feature names"):
            _, text = refusal(call)
    else:
        _, text = refusal(call)
    if of != "evaluate" and kind in ("three dimensions", "ragged", "sparse"):
        return  # scikit-learn's own words, one line
    assert text.startswith("X" + words.split(" = nan")[0])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (lambda y: np.ma.array(y, mask=np.arange(len(y)) == 3), "[3]: is masked; fill it, or drop"),
        (lambda y: np.where(np.arange(len(y)) == 3, np.nan, y), "[3] = nan: must be finite"),
        (lambda y: np.where(np.arange(len(y)) == 3, np.inf, y), "[3] = inf: must be finite"),
        (lambda y: y + 1j, ": must be numbers, not ndarray of complex128"),
        (lambda y: y.astype("m8[s]"), ": must be numbers, not ndarray of timedelta64[s]"),
        (lambda y: y[:, None], ": must be one-dimensional, not of shape (300, 1); take its .ravel()"),
        (lambda y: y[:9], " = 9 entries: must be as many as rows, 300"),
        (lambda y: 1.0, ": must be one-dimensional, not of shape ()"),
        (lambda y: scipy.sparse.csr_array(y), ": must be "),
        (lambda y: {"a": y}, ": must be "),
    ],
)
def test_rewards_that_do_not_serve(table, values, words):
    x, y = table
    bad = values(y)
    assert refusal(lambda: evaluate(x, bad, **FAST))[1].startswith("y" + words)
    assert refusal(lambda: policy_value(y, bad, 1.0, bootstrap=0))[1].startswith("y" + words)
    assert refusal(lambda: evaluate(x, y, sample_weight=bad, **FAST))[1].startswith(
        "sample_weight" + words.split(": must be finite")[0])
    if not words.startswith(" ="):
        assert refusal(lambda: tilt(bad, 1.0))[1].startswith("r" + words)
    # In fit what scikit-learn finds is said in its words, with the entry where there is one; a column
    # it takes, with a warning.
    if "ravel" not in words:
        _, text = refusal(lambda: TiltedRewardRegressor(beta=1, rounds=0).fit(x, bad))
        assert text.startswith(("y", "Found input variables", "Sparse data was passed for y"))
        if words.startswith("["):
            assert text.lower().startswith("y" + words)


def test_groups_of_which_one_fold_holds_all_that_vary_are_told(table):
    x, y = (part[:60] for part in table)
    told = ("groups: y varies within {} groups, and one fold of the evaluation holds them all, so that "
            "the others teach nothing; take more groups of several rows, or other folds")
    groups = ["x"] * 30 + list(range(30))
    assert refusal(lambda: evaluate(x, y, groups, **FAST)) == (ValueError, told.format("1 of 31"))
    groups[15:30] = ["z"] * 15
    assert refusal(lambda: evaluate(x, y, groups, fold=[0] * 30 + [1] * 30, **FAST)) == (
        ValueError, told.format("2 of 32"))
    # By folds of their own they teach.
    evaluate(x, y, groups, fold=[0] * 15 + [1] * 15 + [0, 1] * 15, **FAST)
    for level, of in ((y, np.arange(60)), (np.arange(60.0) // 2, np.arange(60) // 2)):
        assert refusal(lambda level=level, of=of: evaluate(x, level, of, **FAST))[1].startswith(
            "y: they do not vary within any group")


def test_a_second_reward_that_is_not_known_is_refused_before_the_work(table):
    x, y = table
    gold = y.copy()
    gold[7] = np.nan
    stages = []
    options = {**FAST, "progress": lambda stage, done, total: stages.append(stage)}
    assert refusal(lambda: evaluate(x, y, gold=gold, **options)) == (
        ValueError, "gold[7] = nan: must be finite; drop the row")
    assert not stages


@pytest.mark.parametrize("values", [None, {"a": 1}, 1.0, np.zeros((300, 1))])
def test_gold_that_does_not_serve(table, values):
    x, _ = table
    assert refusal(lambda: audit(x[:, 0], values))[1].startswith("gold: must be one-dimensional")


def test_faults_are_found_by_number_behind_rows_without_weight(table):
    x, y = table
    x, y = x[:60].copy(), y[:60].copy()
    weight = np.repeat([0.0, 1.0], [10, 50])
    # Rows that do not count may hold anything.
    y[5] = np.nan
    evaluate(x, y, sample_weight=weight, **FAST)
    y[20] = np.nan
    assert refusal(lambda: evaluate(x, y, sample_weight=weight, **FAST))[1] == (
        "y[20] = nan: must be finite; drop the row")
    y[[5, 20]] = 0
    gold = y.copy()
    gold[5] = np.inf
    evaluate(x, y, gold=gold, sample_weight=weight, **FAST)
    gold[20] = np.inf
    assert refusal(lambda: evaluate(x, y, gold=gold, sample_weight=weight, **FAST))[1] == (
        "gold[20] = inf: must be finite; drop the row")
    x[[20, 30]] = x[15]
    told = evaluate(x, y, sample_weight=weight, **FAST)
    assert "(row 15 is there 3 times)" in told.remarks[0]
    assert told.to_dict()["replicates"]["most_row"] == 15  # of X, from 0, as in sentences
    model = TiltedRewardRegressor(beta=1, rounds=0).fit(x, y, sample_weight=weight)
    assert "(row 15 is there 3 times)" in model.remarks_[0]
    groups, fold = np.arange(60) // 6, np.arange(60) % 3
    assert "fold: rows 10 and 11 are of one group" in refusal(
        lambda: evaluate(x, y, groups=groups, fold=fold, sample_weight=weight, **FAST))[1]
    score = np.repeat(np.arange(30.0), 2)
    copies = audit(score, score, sample_weight=weight, bootstrap=0)
    assert any("(row 10 is there 2 times)" in remark for remark in copies.remarks)


def test_the_library_speaks_of_parameters(table):
    x, y = table
    assert refusal(lambda: evaluate(x, np.ones(300), **FAST))[1].startswith("y: all training rows")
    assert refusal(lambda: evaluate(x, y * 1e300, **FAST))[1].startswith("y: their standard dev")
    assert refusal(lambda: evaluate(np.ones((300, 2)), y, **FAST))[1].startswith("X: all 300")
    wide = x.copy()
    wide[0, 1], wide[1, 1] = 1e308, -1e308
    assert refusal(lambda: evaluate(wide, y, **FAST))[1].startswith("X[:, 1]: ranges from")


def test_parameters_of_another_type(table, fitted):
    x, y = table
    for call, words in [
        (lambda: fitted.predict(x, beta="low"), "beta = 'low': must be a number"),
        (lambda: fitted.predict(x, beta=[1]), "beta = [1]: must be a number, not list"),
        (lambda: fitted.predict(x, weights=1), "weights = 1: must be text, not int"),
        (lambda: esscher.hermite(1.5, 0.0), "order = 1.5: must be a whole number, not float"),
        (lambda: esscher.hermite(-1, 0.0), "order = -1: must be from 0"),
        (lambda: esscher.link(np.tanh, name=3), "name = 3: must be text, not int"),
        (lambda: esscher.link(np.tanh, breaks="a"), "breaks: must be numbers, not str"),
        (lambda: TiltedRewardRegressor(loss="preferences").fit(x, y),
         "loss = preferences: compares candidates of one group; give groups"),
        (lambda: evaluate(x, y, progress=3, **FAST), "progress = 3: must be a function, or None"),
    ]:
        assert refusal(call)[1].startswith(words)
    # An array of no dimension is a number.
    assert evaluate(x, y, **{**FAST, "beta": np.array(1.0)}) == evaluate(x, y, **FAST)


@pytest.mark.parametrize("state", [-1, 10**18 + 1, 1.5, "a", np.random.default_rng(1)])
def test_a_random_state_that_is_none_is_named_so(table, state):
    model = TiltedRewardRegressor(rounds=0, random_state=state)
    assert refusal(lambda: model.fit(*table)) == (
        ValueError,
        f"random_state = {state!r}: must be a whole number from 0 to 1e+18, a "
        "numpy.random.RandomState or None",
    )


def test_the_least_and_the_greatest_random_state_serve(table):
    for state in (0, 10**18, np.int64(3)):
        TiltedRewardRegressor(rounds=0, beta=1, random_state=state).fit(*table)


@pytest.mark.parametrize("load", [esscher.read, esscher.load_reward, esscher.load_simulated])
def test_files_that_are_not_there_are_of_pythons_own_kind(tmp_path, load):
    for path in (tmp_path / "none.safetensors", str(tmp_path / "none.safetensors")):
        with pytest.raises(FileNotFoundError, match=r"No such file or directory: '.*none\.safete") as no:
            load(path)
        assert no.value.filename == str(path)
    if load is not esscher.read:
        with pytest.raises(OSError, match="is a folder; name a file in it"):
            load(tmp_path)


def predictions(model, x):
    return model.predict(x)


@pytest.mark.parametrize("way", ["spawn", "fork"])
def test_models_go_to_other_processes(table, fitted, way):
    x, _ = table
    with multiprocessing.get_context(way).Pool(2) as pool:
        for told in pool.starmap(predictions, [(fitted, x[:150]), (fitted, x[150:])], chunksize=1):
            assert np.isin(told, fitted.predict(x)).all()


def test_copies_are_models(table, fitted):
    x, _ = table
    for other in (copy.deepcopy(fitted), copy.copy(fitted), pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(other.predict(x), fitted.predict(x))


def test_two_fits_at_once_are_as_one_after_the_other(table):
    x, y = table
    seeds = [1, 2, 3]
    expected = [TiltedRewardRegressor(beta=1, rounds=1, random_state=s).fit(x, y).predict(x)
                for s in seeds]
    found: dict[int, np.ndarray] = {}

    def fit(seed):
        model = TiltedRewardRegressor(beta=1, rounds=1, random_state=seed).fit(x, y)
        found[seed] = model.predict(x)

    threads = [threading.Thread(target=fit, args=(seed,)) for seed in seeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, wanted in zip(seeds, expected, strict=True):
        np.testing.assert_array_equal(found[seed], wanted)
