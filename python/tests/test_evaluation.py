"""Evaluations are the command's, as Python objects."""

from __future__ import annotations

import inspect
import json

import matplotlib
import numpy as np
import pandas
import polars
import pyarrow
import pytest

import esscher
from records import as_told


@pytest.fixture(scope="module")
def evaluation(table):
    x, y = table
    return esscher.evaluate(x, y, beta=[1, 0.5], rounds=2, bootstrap=200)


def test_it_recommends_a_temperature(evaluation):
    found = evaluation.recommendation
    assert found.beta in (1.0, 0.5)
    assert found.gain.low > 0
    assert found.verdict.startswith("Admissible temperatures: ")
    # As the command warns.
    assert found.verdict.endswith(
        "'x0' alone gives all of the correlation: is it known when a candidate is chosen?")
    assert evaluation.to_dict()["single_column"]["name"] == "x0"
    assert evaluation["linear"].name == "linear"
    with pytest.raises(KeyError, match="there are auto, uniform, linear"):
        evaluation["oracle"]


def test_it_recommends_best_of_n(table, evaluation):
    found = evaluation.best_of_n_recommendation
    assert evaluation.recommended_best_of_n is not None
    assert found.largest >= found.n > 1
    assert found.gain.low > 0
    assert [best.n for best in evaluation.rewards[0].best_of_n[:3]] == [2, 4, 8]
    forecast = evaluation.rewards[0].best_of_n_forecast
    assert forecast.kl[0] == forecast.to_kl > forecast.from_kl
    assert all(low < high for low, high in zip(forecast.low, forecast.high, strict=True))
    x, y = table
    two = esscher.evaluate(x, y, beta=1, rounds=0, bootstrap=0, best_of=[3, 10])
    assert [best.n for best in two["linear"].best_of_n] == [3, 10]
    assert two["linear"].best_of_n_recommendation.verdict in str(two)


def test_a_reference_stands_beside_the_table(table):
    x, y = table
    pool = np.vstack([np.random.default_rng(99).standard_normal((500, x.shape[1])), x[:20]])
    options = {"beta": 1, "rounds": 0, "bootstrap": 0}
    beside = esscher.evaluate(x, y, reference=pool, **options)
    told = beside.to_dict()
    assert (told["reference_rows"], told["reference_copies"]) == (520, 20)
    assert beside.to_frame()["attainable_gain"].isna().all()
    names = [f"x{j}" for j in range(x.shape[1])]
    frame = pandas.DataFrame(pool, columns=names)[names[::-1]]
    same = esscher.evaluate(pandas.DataFrame(x, columns=names), y, reference=frame, **options)
    assert same.to_dict() == told
    weight = np.where(np.arange(520) < 500, 1.0, 0.0)
    assert esscher.evaluate(x, y, reference=pool, reference_weight=weight, **options).to_dict()[
        "reference_rows"] == 500
    groups, others = np.arange(len(x)) % 30, np.arange(520) % 40
    within = esscher.evaluate(
        x, y, groups, reference=pool, reference_groups=others, **options)
    assert within.rewards[0].policies[0].gain.standard_error > 0
    broken = pool.copy()
    broken[7, 2] = np.nan
    for parameters, message in [
        ({"reference": broken}, r"^reference\[7, 2\] = nan: must be finite; drop the row, or impute it$"),
        ({"reference": broken, "reference_weight": np.arange(520)}, r"^reference\[7, 2\] = nan"),
        ({"reference": pool[:0]}, r"^reference = 0 rows: must have one at least; give some, or leave it out$"),
        ({"reference": pool[:, :2]}, r"^reference = 2 columns: the table has .* features$"),
        ({"reference": frame[["x0"]], "X": pandas.DataFrame(x, columns=names)}, 
         r"^reference: has no column 'x1'; its columns must be those of X, and are 'x0'$"),
        ({"reference_weight": weight}, r"^reference_weight: belongs to the rows of reference"),
        ({"reference": pool, "reference_groups": others}, r"^reference_groups: there are no groups"),
        ({"reference": pool, "groups": groups}, r"^reference_groups: missing"),
        ({"reference": pool, "clusters": groups}, r"^reference_clusters: missing"),
        ({"reference": pool, "enumerated": True}, r"^enumerated: nobody knows"),
    ]:
        with pytest.raises(ValueError, match=message):
            esscher.evaluate(**({"X": x, "y": y} | options | parameters))


def test_x_and_reference_may_be_any_frames(table):
    x, y = (of[:100] for of in table)
    pool = np.random.default_rng(99).standard_normal((50, x.shape[1]))
    names = [f"x{j}" for j in range(x.shape[1])]
    options = {"beta": 1, "rounds": 0, "bootstrap": 0}
    told = as_told(esscher.evaluate(x, y, reference=pool, **options).to_dict())
    here = {name: x[:, j] for j, name in enumerate(names)}
    # In another order, and beside a column that is nobody's business.
    there = {"more": pool[:, 0]} | {name: pool[:, j] for j, name in reversed(list(enumerate(names)))}
    makes = (pandas.DataFrame, polars.DataFrame, pyarrow.table)
    for make in makes:
        found = esscher.evaluate(make(here), y, reference=pool, **options)
        assert as_told(found.to_dict()) == told
        for other in makes:
            found = esscher.evaluate(make(here), y, reference=other(there), **options)
            assert as_told(found.to_dict()) == told
            with pytest.raises(ValueError, match=r"^reference: has no column 'x1'; .* 'x0', 'q'$"):
                esscher.evaluate(make(here), y, reference=other({"x0": pool[:, 0], "q": pool[:, 1]}), **options)
    records = pyarrow.RecordBatch.from_pydict(there)
    found = esscher.evaluate(pyarrow.table(here), y, reference=records, **options)
    assert as_told(found.to_dict()) == told


def test_a_target_names_policies(table, command, tmp_path):
    x, y = table
    options = {"beta": [1, 0.5], "rounds": 0, "bootstrap": 0, "best_of": [2, 4]}
    found = esscher.evaluate(x, y, target=0.3, **options)
    data = tmp_path / "t.csv"
    names = [f"x{j}" for j in range(x.shape[1])]
    pandas.DataFrame(x, columns=names).assign(y=y).to_csv(data, index=False)
    record = json.loads(command(
        "evaluate", str(data), "--reward", "y", "--features", "x0:x4", "--beta", "1,0.5", "--rounds", "0",
        "--bootstrap", "0", "--best-of", "2,4", "--target", "0.3", "--format", "json"))["target"]
    assert (found.target.value, found.target.policies) == (0.3, record["policies"])
    assert [(each.name, each.low) for each in found.target.reached] == [
        (each["name"], each["low"]) for each in record["reached"]]
    assert found.target.verdict == record["verdict"]
    assert 0 < len(found.target.to_frame()) < found.target.policies
    assert found.target.verdict in str(found) and "Target 0.3" in found._repr_html_()
    assert esscher.evaluate(x, y, **options).target is None
    with pytest.raises(ValueError, match=r"^target = 0.3: within groups"):
        esscher.evaluate(x, y, np.arange(len(y)) // 4, target=0.3, **options)


def test_one_cluster_is_refused_by_its_name(table):
    x, y = table
    with pytest.raises(ValueError, match=r"^clusters: all 300 rows are in one cluster, which cannot be split"):
        esscher.evaluate(x, y, clusters=np.zeros(300), beta=1, rounds=0, bootstrap=0)


def test_shuffled_rewards_have_no_safe_temperature(table):
    x, y = table
    shuffled = np.random.default_rng(0).permutation(y)
    found = esscher.evaluate(x, shuffled, beta=[1, 0.5], rounds=1, bootstrap=200).recommendation
    assert found.beta is None
    assert found.admissible is None


def test_it_is_frozen(evaluation):
    with pytest.raises(AttributeError):
        evaluation.reward_sd = 1
    evaluation.to_dict()["reward_sd"] = 2
    assert evaluation.to_dict()["reward_sd"] == evaluation.reward_sd


def test_it_maps_names_to_rewards(evaluation):
    names = [reward.name for reward in evaluation.rewards]
    assert list(evaluation) == names and len(evaluation) == len(names)
    assert "linear" in evaluation and "nobody" not in evaluation
    assert dict(evaluation.items()) == dict(zip(names, evaluation.rewards, strict=True))


def test_it_becomes_dictionaries_and_frames(evaluation):
    assert json.loads(json.dumps(evaluation.to_dict(arrays=False)))["rewards"][0]["name"] == "auto"
    frame = evaluation.to_frame()
    assert len(frame) == 6
    assert list(frame.columns[:3]) == ["reward", "beta", "beta_sd"]
    assert frame["gain"].iloc[0] == evaluation.rewards[0].policies[0].gain.value


def test_noise_free_gains_are_told_where_the_noise_is_known(table, evaluation):
    x, y = table
    assert evaluation.to_frame()["noise_free_gain"].isna().all()
    assert evaluation.to_dict()["label_noise"] is None
    known = esscher.evaluate(x, y, beta=0.5, rounds=1, bootstrap=0, noise=0.1)
    frame = known.to_frame()
    assert (frame["noise_free_gain"] < frame["attainable_gain"]).all()
    assert known.to_dict()["label_noise"] == 0.1


def test_ones_own_folds_are_held_out_one_by_one(table):
    x, y = table
    fold = np.repeat(["north", "east", "south"], 100)
    weights = np.where(fold == "east", 0, 1)
    told = esscher.evaluate(
        x, y, fold=fold, sample_weight=weights, beta=1, rounds=0, bootstrap=0
    ).to_dict()["folds"]
    assert [(part["name"], part["held_out_rows"]) for part in told] == [("north", 100), ("south", 100)]
    for parameters, message in [
        ({"fold": fold[:9]}, r"^fold = 9 entries: must be as many as rows, 300$"),
        ({"fold": [None] * 300}, r"^fold\[0\] = None: a label is missing; give the row one"),
        ({"fold": ["a"] * 300}, r"^fold: all rows are of one fold; give "),
        ({"fold": fold, "evaluation_folds": 3}, r"^evaluation_folds = 3: fold names the folds already"),
        ({"fold": fold, "groups": np.arange(300) % 150}, r"^fold: rows 0 and 150 are of one group, and lie in folds 'north' and 'east'; .*leave fold out$"),
    ]:
        with pytest.raises(ValueError, match=message):
            esscher.evaluate(x, y, beta=1, rounds=0, bootstrap=0, **parameters)


def test_it_learns_as_the_estimator_does():
    ours = inspect.signature(esscher.evaluate).parameters
    theirs = inspect.signature(esscher.TiltedRewardRegressor).parameters
    shared = [name for name in theirs if name not in ("random_state", "progress", "threads")]
    assert len(shared) > 10
    for name in shared:
        assert (ours[name].default, ours[name].annotation) == (
            theirs[name].default, theirs[name].annotation), name


def test_it_shows_itself(evaluation):
    assert str(evaluation).startswith(f"{evaluation.recommended}: Admissible temperatures: ")
    assert f"<caption>{evaluation.recommended}: " in evaluation._repr_html_()
    assert evaluation._repr_html_().count("<tr>") == 3
    assert "held-out correlation" in str(evaluation)
    matplotlib.use("Agg")
    assert evaluation.plot().get_xscale() == "log"


def test_what_is_out_of_the_ordinary_is_shown(table):
    x, y = table
    y = y.copy()
    y[3] = -1e6
    found = esscher.evaluate(x, y, beta=1, beta_unit="sd", rounds=0, bootstrap=0)
    told = "The reward of row 3, -1e+06, is most of the variance of all of them"
    assert [remark.startswith(told) for remark in found.remarks].count(True) == 1
    assert f"\n{told}" in str(found)
    assert f"<p>{told}" in found._repr_html_()
    assert "that row&#x27;s" in found._repr_html_()
    for reward in found.rewards:
        assert f"\n{reward.recommendation.verdict}\n" in str(found)


def test_values_far_out_are_cut_off(table):
    x, y = table
    clean = esscher.evaluate(x, y, beta=1, rounds=1, bootstrap=0)
    x = x.copy()
    x[7, 0] = -9999
    found = esscher.evaluate(x, y, beta=1, rounds=1, bootstrap=0)
    assert [r for r in found.remarks if r.startswith("Feature 'x0' has values so far out")]
    assert found["auto"].correlation > clean["auto"].correlation - 0.1


def test_progress_is_told_and_its_exceptions_come_out(table):
    x, y = table
    stages = []
    esscher.evaluate(x, y, beta=1, rounds=1, bootstrap=0,
                     progress=lambda stage, done, total: stages.append((stage, done, total)))
    assert stages
    assert all(0 <= done <= total for _, done, total in stages)

    class Enough(Exception):
        pass

    def stop(stage, done, total):
        raise Enough

    with pytest.raises(Enough):
        esscher.evaluate(x, y, beta=1, progress=stop)


def test_bad_parameters_are_named(table):
    x, y = table
    for parameters, message in [
        ({"beta": 0}, r"^beta = 0: a temperature must be a finite positive number; give"),
        ({"beta": [1, 1]}, r"^beta = 1: is there twice; name it once$"),
        ({"beta_unit": "inch"}, r"^beta_unit = inch: must be reward or sd$"),
        ({"weights": "surogate"}, r"^weights = surogate: .*did you mean surrogate\?$"),
        ({"rounds": 21}, r"^rounds = 21: "),
        ({"bootstrap": 5}, r"^bootstrap = 5: must be 0 or at least 100; take 1000$"),
        ({"loss": "preferences"}, r"^loss = preferences: compares candidates of one group; give groups$"),
        ({"penalty": -1}, r"^penalty = -1: must be a number from 1e-09 to 1e\+09, or folds$"),
        ({"weight_temperature": 1}, r"^weight_temperature = 1: is for label and surrogate weights"),
        ({"best_of": [4, 2]}, r"^best_of = 2: must be above 1 and at most 1e15, ascending$"),
        ({"noise": 0}, r"^noise = 0: must be a number from 1e-09 to 1e\+09, or replicates$"),
        ({"noise": "twins"}, r"^noise = twins: must be a number from 1e-09 to 1e\+09, or replicates$"),
        ({"seed": -1}, r"^seed = -1: "),
    ]:
        with pytest.raises(ValueError, match=message):
            esscher.evaluate(x, y, **parameters)
    for parameters, message in [
        ({"ceiling": "no"}, r"^ceiling = 'no': must be True or False, not str$"),
        ({"beta": object()}, r"^beta = <object.*must be a number or several, not object$"),
        ({"rounds": 1.5}, r"^rounds = 1.5: must be a whole number, not float$"),
        ({"feature_transform": 3}, r"^feature_transform = 3: must be text, not int$"),
    ]:
        with pytest.raises(TypeError, match=message):
            esscher.evaluate(x, y, **parameters)
