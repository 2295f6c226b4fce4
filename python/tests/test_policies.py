"""Weights, draws and values of given rewards."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import pickle
import sys

import matplotlib
import numpy as np
import pandas
import pytest
from arviz_stats.base import array_stats

import esscher


def rewards(n=400, seed=0):
    rng = np.random.default_rng(seed)
    r = rng.standard_normal(n)
    return r, 0.8 * r + 0.3 * rng.standard_normal(n)


def test_tilt_is_the_softmax():
    r, _ = rewards()
    w = np.exp(r / 0.7)
    np.testing.assert_allclose(esscher.tilt(r, 0.7), w / w.sum(), rtol=1e-13)
    p = np.arange(400.0)
    np.testing.assert_allclose(
        esscher.tilt(r, 0.7, sample_weight=p), p * w / (p * w).sum(), rtol=1e-13
    )


def test_tilt_is_within_groups_and_overflows_nowhere():
    r, _ = rewards()
    groups = np.random.default_rng(1).choice(["a", "b", "c"], 400)
    w = esscher.tilt(1e6 * r, 1e-3, groups)
    for name in "abc":
        members = np.flatnonzero(groups == name)
        assert w[members].sum() == pytest.approx(1)
        assert w[members].argmax() == r[members].argmax()


def test_draws_have_the_shape_of_their_groups():
    r, _ = rewards()
    groups = np.repeat(["late", "early"], 200)
    drawn = esscher.resample(r, 0.5, 7, groups)
    assert drawn.shape == (2, 7)
    assert drawn.dtype == np.int64
    # Groups come in order of first occurrence.
    assert np.all(drawn[0] < 200) and np.all(drawn[1] >= 200)
    assert esscher.resample(r, 0.5, 7).shape == (7,)
    np.testing.assert_array_equal(drawn, esscher.resample(r, 0.5, 9, groups)[:, :7])


def test_draws_follow_the_tilt():
    r, _ = rewards(20)
    draws = esscher.resample(r, 1.0, 100_000)
    share = np.bincount(draws, minlength=20) / 100_000
    # Six standard deviations in 20 cells: a false alarm in 2e7, for one fixed seed.
    w = esscher.tilt(r, 1.0)
    assert np.all(np.abs(share - w) < 6 * np.sqrt(w * (1 - w) / 100_000))


def test_best_of_n_draws_and_value_agree():
    r, y = rewards(50)
    value = esscher.best_of_n_value(r, y, 4, enumerated=True)
    draws = esscher.best_of_n(r, 4, 100_000)
    error = np.std(y[draws]) / math.sqrt(100_000)
    assert abs(np.mean(y[draws]) - value.gold.value) < 6 * error  # 2e-9, for one fixed seed
    assert value.kl.value <= math.log(4) - 0.75


def test_soft_best_of_n_takes_each_row_once():
    r, _ = rewards(30)
    assert sorted(esscher.soft_best_of_n(r, 0.5, 30)) == list(range(30))
    with pytest.raises(ValueError, match="30"):
        esscher.soft_best_of_n(r, 0.5, 31)


def test_policy_value_is_the_weighted_mean():
    r, y = rewards()
    value = esscher.policy_value(r, y, 1.0)
    w = esscher.tilt(r, 1.0)
    assert value.gold.value == pytest.approx(w @ y)
    assert value.kl.value == pytest.approx(np.sum(w * np.log(w * len(r))))
    assert value.gold.low < value.gold.value < value.gold.high
    assert value.reliable
    assert value.beyond == 0
    assert esscher.best_of_n_value(r, y, 4).beyond == 0
    assert value.to_dict()["gold"]["value"] == value.gold.value
    with pytest.raises(AttributeError):
        value.beta = 2


def test_a_level_is_of_bootstrapped_intervals():
    r, y = rewards()
    half, usual = (esscher.policy_value(r, y, 1.0, level=level).gold for level in (0.5, 0.95))
    assert usual.low < half.low < half.value < half.high < usual.high
    with pytest.raises(ValueError, match=r"^level = 0.5: is of bootstrapped intervals, and bootstrap"
                                         r" = 0 leaves Student's, of 95 %; give bootstrap, or leave"
                                         r" level out$"):
        esscher.policy_value(r, y, 1.0, bootstrap=0, level=0.5)
    with pytest.raises(ValueError, match=r"^level = 2: must be between 0 and 1"):
        esscher.policy_value(r, y, 1.0, bootstrap=0, level=2)
    # Of a whole reference values are exact at any level.
    exact = esscher.policy_value(r, y, 1.0, bootstrap=0, level=0.5, enumerated=True).gold
    assert exact.low == exact.value == exact.high
    assert esscher.policy_value(r, y, 1.0, bootstrap=0, level=0.95).gold.low < usual.value


def test_values_of_policies_are_frozen_and_whole():
    r, y = rewards()
    for value in (esscher.policy_value(r, y, 1.0), esscher.best_of_n_value(r, y, 4)):
        told = value.to_dict()
        fields = [field.name for field in dataclasses.fields(value) if field.name != "_record"]
        assert sorted(vars(value)) == sorted([*fields, "_record"])
        for name in fields:
            own = getattr(value, name)
            assert (dataclasses.asdict(own) if isinstance(own, esscher.Estimate) else own) == told[name]
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(value, name, own)
        with pytest.raises(dataclasses.FrozenInstanceError):
            value.gold.value = 0.0
        # As made by hand, and as it comes back from elsewhere.
        by_hand = type(value)(**{name: getattr(value, name) for name in fields}, _record=told)
        for other in (by_hand, pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):
            assert other == value and repr(other) == repr(value) and other.to_dict() == told
        told["gold"]["value"] = None
        assert value.to_dict()["gold"]["value"] == value.gold.value
        json.dumps(value.to_dict())


def test_values_of_policies_make_rows_of_a_frame():
    r, y = rewards()
    found = esscher.admissible_temperatures(r, y, [2, 1, 0.5])
    frame = found.to_frame()
    assert frame["beta"].tolist() == [2, 1, 0.5]
    one = pandas.concat([esscher.policy_value(r, y, beta, bootstrap=0).to_frame() for beta in (2, 1, 0.5)])
    pandas.testing.assert_frame_equal(frame, one.reset_index(drop=True))
    gain = found.policies[1].gain
    assert frame.loc[1, ["gain", "gain_se", "gain_low", "gain_high"]].tolist() == [
        gain.value, gain.standard_error, gain.low, gain.high
    ]
    best = esscher.best_of_n_value(r, y, 4)
    row = best.to_frame().iloc[0]
    assert row["n"] == 4 and row["gold_se"] == best.gold.standard_error and row["reliable"]
    assert not any(column.startswith("_") for column in (*frame, *row.index))


def test_values_of_policies_show_in_notebooks():
    r, y = rewards()
    found = esscher.admissible_temperatures(r, y, [2, 1, 0.001])
    html = found._repr_html_()
    assert html.count("<tr>") == 4 and "Policies gain for sure at beta from 1 to 2." in html
    assert f"{found.policies[0].gold.value:.4g}" in html and f"{found.policies[0].gold.value:.4g}" in str(found)
    matplotlib.use("Agg")
    ax = found.plot()
    assert len(ax.get_lines()[0].get_xdata()) == sum(p.gain.low is not None for p in found.policies)
    np.testing.assert_array_equal(np.diff(ax.get_lines()[0].get_xdata()) > 0, True)
    assert "No temperature gains for sure." in esscher.admissible_temperatures(-y, y, 1)._repr_html_()
    value = esscher.policy_value(r, y, 1.0)
    assert "<td>over-optimisation</td>" in value._repr_html_() and "beta = 1: " in value._repr_html_()
    lone = esscher.policy_value(r, y, 0.001)
    assert "not reliable: the tilt leaves" in lone._repr_html_()
    assert "best of 4: " in esscher.best_of_n_value(r, y, 4)._repr_html_()


def test_pareto_smoothing_agrees_with_arviz():
    rng = np.random.default_rng(0)
    for k in (0.2, 0.5, 0.9):
        log_w = k * rng.exponential(size=4096)
        smoothed = esscher.pareto_smooth(log_w)
        theirs, their_k = array_stats.psislw(-log_w)  # takes log-likelihoods
        assert smoothed.k == pytest.approx(float(their_k), abs=1e-6)
        theirs = theirs - np.logaddexp.reduce(theirs)
        np.testing.assert_allclose(smoothed.log_weights, theirs, rtol=0, atol=1e-6)


def test_minus_infinity_is_no_chance():
    r, _ = rewards(10)
    weights = esscher.tilt(np.where(r == r[3], -np.inf, r), 1)
    assert weights[3] == 0 and weights.sum() == pytest.approx(1, abs=1e-12)


def test_bad_input_names_the_parameter():
    r, y = rewards(10)
    for call, error, message in [
        (lambda: esscher.tilt(r, -1), ValueError, r"^beta = -1: a temperature must be a finite positive number; give"),
        (lambda: esscher.tilt(r, "x"), ValueError, r"^beta = "),
        (lambda: esscher.tilt(r, None), TypeError, r"^beta = None: must be a number, not NoneType$"),
        (lambda: esscher.tilt(r, True), TypeError, r"^beta = True: must be a number, not bool$"),
        (lambda: esscher.resample(r, 1, 0), ValueError, r"^size = 0: "),
        (lambda: esscher.resample(r, 1, 1.5), ValueError, r"^size = 1.5: "),
        (lambda: esscher.best_of_n(r, 0.5, 3), ValueError, r"^n = 0.5: must be from 1 to 1e15$"),
        (lambda: esscher.tilt(np.where(r == r[3], np.nan, r), 1), ValueError, r"^r\[3\] = nan: must be finite; score"),
        (lambda: esscher.best_of_n(np.where(r == r[3], -np.inf, r), 2, 3), ValueError, r"^r\[3\] = -inf: must be finite"),
        (lambda: esscher.policy_value(1e300 * np.abs(r), y, 1e-9), ValueError,
         r"^r\[0\] = .*e\+(299|300): must lie in \[-1e\+100, 1e\+100\]; measure it in another unit$"),
        (lambda: esscher.policy_value(r, y * np.inf, 1), ValueError, r"^y\[0\] = -?inf: must be finite"),
        (lambda: esscher.policy_value(r, y[:5], 1), ValueError, r"^y = 5 entries"),
        (lambda: esscher.policy_value(r, y, 1, bootstrap=3), ValueError, r"^bootstrap = 3: "),
        (lambda: esscher.tilt([[1.0]], 1), ValueError, r"^r: must be one-dimensional, not of shape"),
        (lambda: esscher.tilt(r, 1, sample_weight=0 * r), ValueError, r"^sample_weight: all weights are zero"),
    ]:
        with pytest.raises(error, match=message):
            call()


def test_admissible_temperatures_are_where_the_policy_gains():
    rng = np.random.default_rng(0)
    y = rng.standard_normal(2000)
    # Over 2 beta it gains 2 x 0.7 - (0.49 + 0.25), until few rows are left.
    r = 0.7 * y + 0.5 * rng.standard_normal(2000)
    betas = [4, 2, 1, 0.5, 0.25]
    found = esscher.admissible_temperatures(r, y, betas)
    assert [policy.beta for policy in found.policies] == betas
    alone = esscher.policy_value(r, y, 2, bootstrap=0)
    assert found.policies[1] == alone
    gaining = sorted(p.beta for p in found.policies if p.reliable and p.gain.low > 0)
    assert gaining and all(
        any(low <= beta <= high for low, high in found.gaining) == (beta in gaining) for beta in betas
    )
    assert found.efficient is None
    best = max((p for p in found.policies if p.reliable), key=lambda p: p.gold.value)
    assert found.gold_optimal_beta == best.beta
    # Of a whole table what is attainable is known: the policy that y tilts has all of it.
    whole = esscher.admissible_temperatures(y, y, "4,2,1", enumerated=True, tolerance=0.01)
    assert whole.efficient == whole.gaining == ((1.0, 4.0),)
    assert not esscher.admissible_temperatures(-y, y, 1, enumerated=True).efficient
    groups = np.arange(2000) // 4
    within = esscher.admissible_temperatures(r, y, 1, groups)
    assert within.policies[0] == esscher.policy_value(r, y, 1, groups, bootstrap=0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"beta": [1, 1]}, r"^beta = 1: is given twice"),
        ({"beta": []}, r"^beta = \[\]: must hold at least one temperature"),
        ({"beta": -1}, r"^beta = -1: a temperature must be"),
        ({"tolerance": 2}, r"^tolerance = 2: must be between 0 and 1"),
    ],
)
def test_admissible_temperatures_name_what_is_wrong(given, message):
    with pytest.raises(ValueError, match=message):
        esscher.admissible_temperatures([0.0, 1.0], [0.0, 1.0], **{"beta": 1, **given})


@pytest.mark.parametrize(
    ("package", "module", "method"),
    [("pandas", "pandas", "to_frame"), ("matplotlib", "matplotlib.pyplot", "plot")],
)
def test_without_an_optional_package_it_says_what_to_install(monkeypatch, package, module, method):
    admissible = esscher.admissible_temperatures([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [1, 2])
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        ImportError,
        match=rf"^{method}\(\) needs {package}, which is not installed: pip install {package}$",
    ):
        getattr(admissible, method)()
