"""Audits are the command's, as Python objects."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Mapping

import matplotlib
import numpy as np
import pandas
import polars
import pyarrow
import pytest
from lightgbm import LGBMRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict

import esscher
from records import as_told
from scores import Scores


@pytest.fixture(scope="module")
def scores():
    return Scores()


@pytest.fixture(scope="module")
def audit(scores):
    return esscher.audit(scores.proxies, scores.human, beta=[1, 0.5], bootstrap=200)


def compare(result, record):
    """A result of ours with the command's; both print all digits."""
    assert as_told(result.to_dict()) == as_told(record)
    assert len(result.proxies) == len(record["rewards"])
    assert result.gold_sd == record["reward_sd"]
    assert (result.rows, result.known) == (record["rows"], record["known"])
    for mine, theirs in zip(result.proxies, record["rewards"], strict=True):
        for name in ("proxy", "isotonic", "rows"):
            assert getattr(mine.calibration, name).tolist() == [
                point[name] for point in theirs["calibration"]["curve"]]
        for one, other in zip(mine.policies, theirs["policies"], strict=True):
            assert (one.beta, one.beyond) == (other["beta"], other["beyond"])
    advised = record["recommendation"]
    assert result.recommended == (advised and advised["proxy"])
    if advised:
        assert result.recommendation.beta == advised["beta"]
        assert [result.recommendation.gain.low, result.recommendation.gain.high] == (
            advised["gain"]["interval"])
    chosen = record["best_of_n_recommendation"]
    assert result.recommended_best_of_n == (chosen and chosen["proxy"])
    return result


def test_it_is_the_commands(scores, command, tmp_path):
    data = scores.write(tmp_path / "t.csv")
    common = ["--gold", "human", "--format", "json"]
    compare(esscher.audit(scores.proxies, scores.human, log_ratio={"policy": scores.policy}),
            json.loads(command("audit", data, "--proxy", "judge,coin", "--log-ratio", "policy", *common)))
    compare(
        esscher.audit(scores.proxies, scores.human, scores.prompt, clusters=scores.family,
                      sample_weight=scores.weight, beta="2,1,0.5", beta_unit="sd", best_of=[2, 3],
                      alpha=0.1, bootstrap=200, seed=5, threads=1),
        json.loads(command(
            "audit", data, "--proxy", "judge,coin", "--group", "prompt", "--cluster", "family",
            "--weight", "weight", "--beta", "2,1,0.5", "--beta-unit", "sd", "--best-of", "2,3",
            "--alpha", "0.1", "--bootstrap", "200", "--seed", "5", *common)))
    compare(
        esscher.audit({"judge": scores.judge}, scores.human, enumerated=True, beta=0.5),
        json.loads(command("audit", data, "--proxy", "judge", "--enumerated", "--beta", "0.5", *common)))


def test_gold_rewards_may_be_known_in_part(scores, command, tmp_path):
    known = np.arange(300) % 3 == 0
    gold = np.where(known, scores.human, np.nan)
    data = scores.write(tmp_path / "t.csv", known)
    result = compare(
        esscher.audit(scores.proxies, gold),
        json.loads(command("audit", data, "--proxy", "judge,coin", "--gold", "human", "--format", "json")))
    assert result.known == 100
    assert "Gold rewards are known in 100 of 300 rows" in result.remarks[0]
    assert str(result).endswith("\n".join(result.remarks))
    assert "<p>Gold rewards are known in 100 of 300 rows" in result._repr_html_()
    lists = [y if here else None for y, here in zip(scores.human.tolist(), known, strict=True)]
    for values in (lists, pandas.Series(lists, dtype="Float64"), polars.Series(lists),
                   np.ma.MaskedArray(scores.human, ~known), pandas.Series(lists, dtype=object)):
        assert esscher.audit(scores.proxies, values) == result


def test_weight_beyond_the_known_scores_is_told(scores):
    best = scores.judge > np.quantile(scores.judge, 0.95)
    found = esscher.audit({"judge": scores.judge}, np.where(best, np.nan, scores.human), beta=[2, 0.5])
    mild, strong = found["judge"].policies
    assert mild.beyond == pytest.approx(esscher.tilt(scores.judge, 2)[best].sum())
    assert strong.beyond > max(mild.beyond, 0.1) and not strong.reliable
    assert found["judge"].best_of_n[0].beyond == pytest.approx(1 - 0.95**2, abs=1e-3)


def test_rows_of_the_reference_lie_behind(scores, command, tmp_path):
    known = np.arange(300) % 3 == 0
    labelled = scores.write(tmp_path / "labelled.csv", known, slice(0, 150))
    pool = scores.write(tmp_path / "pool.csv", known, slice(150, None))
    # Prompts of which candidates lie in both.
    text = (tmp_path / "pool.csv").read_text()
    (tmp_path / "pool.csv").write_text(text.replace(",p40,", ",p3,"))
    prompt = np.where(scores.prompt == "p40", "p3", scores.prompt)
    gold = np.where(known, scores.human, np.nan)[:150]
    here = {name: values[:150] for name, values in scores.proxies.items()}
    there = {name: values[150:] for name, values in scores.proxies.items()}
    words = ["audit", labelled, "--proxy", "judge,coin", "--gold", "human", "--reference", pool,
             "--format", "json"]
    plain = compare(esscher.audit(here, gold, reference=there), json.loads(command(*words)))
    assert (plain.rows, plain.known) == (300, 50)
    # By name in any order, and by place where there are no names.
    table = np.column_stack(list(there.values()))
    frame = pandas.DataFrame(there | {"prompt": scores.prompt[150:], "unknown": np.nan})
    for reference in (dict(reversed(there.items())), table, frame):
        assert esscher.audit(here, gold, reference=reference) == plain
    compare(
        esscher.audit(here, gold, prompt[:150], clusters=scores.family[:150], reference=there,
                      reference_groups=prompt[150:].tolist(), reference_weight=scores.weight[150:],
                      reference_clusters=scores.family[150:]),
        json.loads(command(*words, "--group", "prompt", "--cluster", "family", "--reference-weight",
                           "weight")))


def test_groups_of_the_reference_are_the_same_labels(scores):
    def audit(groups, more):
        return esscher.audit(scores.judge[:150], scores.human[:150], groups, beta=1,
                             reference=scores.judge[150:], reference_groups=more)

    group = np.arange(300) % 40
    ours = audit(group[:150], group[150:])
    assert audit(group[:150].astype(np.int8), group[150:].astype(object)) == ours
    assert audit([f"g{g}" for g in group[:150]], np.array([f"g{g}" for g in group[150:]])) == ours
    apart = audit(group[:150], [str(g) for g in group[150:]])
    assert apart != ours


def test_rows_without_weight_are_left_out(scores):
    kept = scores.weight > 0
    ours = esscher.audit(scores.judge, scores.human, scores.prompt, sample_weight=scores.weight, beta=1)
    assert ours.rows == kept.sum()
    assert ours == esscher.audit(scores.judge[kept], scores.human[kept], scores.prompt[kept],
                                 sample_weight=scores.weight[kept], beta=1)


def test_scores_come_in_many_forms(scores, audit):
    for frame in (pandas.DataFrame(scores.proxies), polars.DataFrame(scores.proxies),
                  pyarrow.table(scores.proxies)):
        assert esscher.audit(frame, scores.human, beta=[1, 0.5], bootstrap=200) == audit
    unnamed = esscher.audit(np.column_stack([scores.judge, scores.coin]), scores.human, beta=[1, 0.5],
                            bootstrap=200)
    assert [proxy.name for proxy in unnamed.proxies] == ["proxy0", "proxy1", "mean"]
    assert unnamed["proxy1"].policies == audit["coin"].policies
    one = esscher.audit(pandas.Series(scores.judge, name="judge"), scores.human, beta=1)
    assert [proxy.name for proxy in one.proxies] == ["judge"]
    assert esscher.audit(scores.judge.astype(np.float32)[::-1], scores.human[::-1], beta=1).rows == 300


def test_it_maps_names_to_proxies(audit):
    assert list(audit) == list(audit.keys()) == ["judge", "coin", "mean"] and len(audit) == 3
    assert "judge" in audit and "nobody" not in audit and 0 not in audit
    assert tuple(audit.values()) == audit.proxies
    assert dict(audit)["coin"] is audit["coin"] and audit.get("nobody") is None
    assert isinstance(audit, Mapping) and audit != dict(audit)  # it says more than a dict would
    with pytest.raises(KeyError, match="nobody: there are judge, coin, mean"):
        audit["nobody"]


def test_recommended_is_the_largest_cautious_gain():
    rng = np.random.default_rng(0)
    gold = rng.standard_normal(400)
    judges = {name: a * gold + 0.5 * rng.standard_normal(400) for name, a in [("a", 0.6), ("b", 0.4)]}
    found = esscher.audit(judges, gold, bootstrap=0)
    lowest, cautious = {}, {}
    for proxy in found.to_dict()["rewards"]:
        told = [policy for policy in proxy["policies"] if policy["ess"] >= 5]
        gains = [(policy["gain"]["simultaneous_interval"][0], policy["gain"]["value"], policy["beta"])
                 for policy in told]
        most = max((low + value) / 2 for low, value, _ in gains if low > 0)
        picked = max(beta for low, value, beta in gains
                     if low > 0 and (low + value) / 2 >= 0.999 * most)
        assert picked == found[proxy["name"]].recommendation.beta
        lowest[proxy["name"]], cautious[proxy["name"]] = max(gains)[2], most
    assert found.recommended == max(cautious, key=cautious.get)
    assert lowest["b"] > found["b"].recommendation.beta  # that of the largest lower end is another


def test_it_recommends(audit):
    assert audit.recommended in ("judge", "mean")
    assert audit.recommendation.beta in (1.0, 0.5)
    assert audit.recommendation.gain.low > 0
    assert audit.best_of_n_recommendation.largest >= audit.best_of_n_recommendation.n > 1
    assert audit["coin"].recommendation.beta is None
    assert audit["coin"].unit == 1
    curve = audit["judge"].calibration
    assert curve.slope.low > 0
    assert curve.rows.sum() == 300
    assert np.all(np.diff(curve.proxy) > 0) and np.all(np.diff(curve.isotonic) >= 0)
    with pytest.raises(KeyError, match="there are judge, coin, mean"):
        audit["oracle"]


def test_a_coin_is_not_recommended(scores):
    found = esscher.audit(scores.coin, scores.human)
    assert found.recommended is None
    assert str(found).startswith("Recommendation: no tilt. ")
    assert "Best-of-n: by none of them." in str(found)
    assert found.recommendation.verdict


def test_a_target_names_policies(scores, command, tmp_path):
    data = scores.write(tmp_path / "t.csv")
    options = {"beta": [4, 0.5], "best_of": [2, 8], "bootstrap": 0, "alpha": 0.1}
    found = esscher.audit({"judge": scores.judge}, scores.human, log_ratio={"policy": scores.policy},
                          target=0.4, **options)
    record = json.loads(command(
        "audit", data, "--proxy", "judge", "--log-ratio", "policy", "--gold", "human", "--beta", "4,0.5",
        "--best-of", "2,8", "--bootstrap", "0", "--alpha", "0.1", "--target", "0.4", "--format", "json"))
    answer = compare(found, record).target
    assert [(each.beta, each.n) for each in answer.reached] == [
        (each.get("beta"), each.get("n")) for each in record["target"]["reached"]]
    assert (answer.value, answer.policies, answer.untold) == (0.4, 5, 0)
    assert 0 < len(answer.reached) < 5
    assert all(policy.low >= 0.4 and policy.value > policy.low for policy in answer.reached)
    assert str(answer) == answer.verdict
    assert answer.verdict.startswith("Target 0.4: a true mean of at least that have 'judge', ")
    assert answer.verdict in str(found) and "Target 0.4" in found._repr_html_()
    assert answer._repr_html_().count("<tr>") == len(answer.reached) + 1
    frame = answer.to_frame()
    assert list(frame.columns) == ["name", "beta", "n", "value", "low"]
    assert list(frame["low"]) == [policy.low for policy in answer.reached]
    none = esscher.audit({"judge": scores.judge}, scores.human, target=1e6, **options).target
    assert none.reached == () and none.to_frame().shape == (0, 5)
    assert esscher.audit({"judge": scores.judge}, scores.human, **options).target is None
    with pytest.raises(AttributeError):
        answer.value = 1


def test_a_reference_may_be_any_frame(scores):
    here = {name: values[:150] for name, values in scores.proxies.items()}
    there = {name: values[150:] for name, values in reversed(scores.proxies.items())}
    plain = esscher.audit(here, scores.human[:150], reference=there, beta=1)
    makes = (dict, pandas.DataFrame, polars.DataFrame, pyarrow.table)
    for make in makes:
        for other in makes:
            assert esscher.audit(make(here), scores.human[:150], reference=other(there), beta=1) == plain


def test_labelled_rows_that_are_no_draw_from_the_reference_are_remarked(scores):
    found = esscher.audit(2 + scores.judge[:40], scores.human[:40], reference=scores.judge[150:], beta=1)
    assert "are no random draw from all" in found.remarks[1]
    assert found.remarks[1].endswith("by sample_weight, or leave reference out.")


def test_labelled_rows_speak_for_themselves():
    rng = random.Random(1)
    z = np.empty(3000)
    gold = np.full(3000, np.nan)
    for i in range(3000):
        z[i] = rng.gauss(0, 1)
        if i < 150:
            gold[i] = 0.8 * z[i] + 0.3 * rng.gauss(0, 1)
    found = esscher.audit(z, gold, beta=[2, 1])
    advised = found.best_of_n_recommendation
    assert advised.told_by_labelled_rows
    assert "told by the labelled rows alone" in advised.verdict
    assert "told by the labelled rows alone" in str(found)
    choices = found.to_dict()["rewards"][0]["best_of_n"]
    told = next(each for each in choices if each["n"] == advised.n)["labelled_rows"]["gain"]
    assert told["simultaneous_interval"][0] == advised.gain.low
    # Where all rows are labelled there is but one way to tell.
    alone = esscher.audit(z[:150], gold[:150], beta=[2, 1])
    assert not alone.best_of_n_recommendation.told_by_labelled_rows
    assert "labelled rows alone" not in str(alone)


def test_trained_policies_alone(scores):
    found = esscher.audit(None, scores.human, log_ratio={"trained": scores.policy, "idle": 0 * scores.judge})
    trained, idle = found.policies
    assert trained.rise.low > 0
    assert trained.worth == trained.rise.value / trained.kl.value
    assert idle.worth is None
    assert str(found).startswith("2 trained policies")
    assert "trained" in found._repr_html_()
    assert list(found.to_frame()["kind"]) == ["policy", "policy"]
    assert list(found) == [] and "trained" not in found and bool(found)
    for name in ("recommendation", "best_of_n_recommendation"):
        assert not hasattr(found, name) and getattr(found, name, None) is None
        for kind in (LookupError, AttributeError):
            with pytest.raises(kind, match="^no proxy was audited; trained policies are in policies$"):
                getattr(found, name)


def test_frames_have_the_columns_of_the_file(scores, command, tmp_path):
    data = scores.write(tmp_path / "t.csv")
    theirs = pandas.read_csv(io.StringIO(command(
        "audit", data, "--proxy", "judge,coin", "--log-ratio", "policy", "--gold", "human",
        "--bootstrap", "0", "--format", "csv")))
    ours = esscher.audit(scores.proxies, scores.human, log_ratio={"policy": scores.policy},
                         bootstrap=0).to_frame()
    assert list(ours.columns) == list(theirs.columns)
    for name in ours.columns:
        if name in ("score", "kind"):
            assert list(ours[name]) == list(theirs[name])
        else:
            np.testing.assert_array_equal(ours[name].astype(float), theirs[name].astype(float))


def test_it_shows_itself_and_is_frozen(audit):
    assert str(audit).startswith(f"Recommendation: tilt by '{audit.recommended}' at beta ")
    assert " Best-of-n: by '" in str(audit)
    assert "judge (correlation with gold 0.8" in str(audit)
    assert audit._repr_html_().count("<tr>") == 3
    matplotlib.use("Agg")
    assert audit.plot().get_xscale() == "log"
    assert json.loads(json.dumps(audit.to_dict(arrays=False)))["rewards"][0]["name"] == "judge"
    with pytest.raises(AttributeError):
        audit.rows = 1
    with pytest.raises(ValueError):
        audit["judge"].calibration.proxy[0] = 1


def test_predictions_of_models_are_audited():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 4))
    y = np.maximum(X[:, 0], 0) - 0.5 * X[:, 1] ** 2 + 0.3 * rng.standard_normal(400)
    trees = LGBMRegressor(n_estimators=50, num_leaves=15, verbose=-1, n_jobs=1)
    folds = KFold(5, shuffle=True, random_state=0)
    found = esscher.audit(
        {"trees": cross_val_predict(trees, X, y, cv=folds), "line": cross_val_predict(Ridge(), X, y, cv=folds)},
        y, bootstrap=200)
    assert found["trees"].correlation > found["line"].correlation
    assert found.recommended in ("trees", "mean")
    # What a model says of rows that it was fitted on makes its tilt look better than it is.
    seen = esscher.audit(trees.fit(X, y).predict(X), y, bootstrap=200)
    assert seen["proxy0"].correlation > found["trees"].correlation
    assert seen.recommendation.gain.value > found["trees"].recommendation.gain.value


def test_progress_is_told(scores):
    stages = []
    esscher.audit(scores.judge, scores.human, bootstrap=0,
                  progress=lambda stage, done, total: stages.append((stage, done, total)))
    assert all(0 <= done <= total for _, done, total in stages)

    class Enough(Exception):
        pass

    def stop(stage, done, total):
        raise Enough

    with pytest.raises(Enough):
        esscher.audit(np.tile(scores.judge, 100) + np.arange(30000) * 1e-9, np.tile(scores.human, 100),
                      progress=stop)
