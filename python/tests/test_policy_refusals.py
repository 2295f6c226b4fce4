"""Functions of given rewards name parameters, and entries from 0, of what does not serve."""

from __future__ import annotations

import numpy as np
import pandas
import pyarrow
import pytest

import esscher

R = [1.0, 2.0, 3.0, 4.0]
PAIRS = ["u", "u", "v", "v"]
FEW = "an error can be told from two {0} or more; {1}, or {2}"
WHOLE = "give enumerated=True if the rows are the whole reference"

DRAWS = {
    "resample": lambda r, **given: esscher.resample(r, 1, 2, **given),
    "soft_best_of_n": lambda r, **given: esscher.soft_best_of_n(r, 1, 2, **given),
    "best_of_n": lambda r, **given: esscher.best_of_n(r, 2, 2, **given),
}
VALUES = {
    "policy_value": lambda r, **given: esscher.policy_value(r, r, 1, **given),
    "admissible_temperatures": lambda r, **given: esscher.admissible_temperatures(r, r, 1, **given),
    "best_of_n_value": lambda r, **given: esscher.best_of_n_value(r, r, 2, **given),
}
TILT = {"tilt": lambda r, **given: esscher.tilt(r, 1, **given)}


def refusal(call, *given, **named) -> str:
    with pytest.raises(ValueError) as caught:
        call(*given, **named)
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([0, np.nan], "log_weights[1] = nan: must be finite, or -inf for no weight; drop the row"),
        ([np.inf, 0], "log_weights[0] = inf: must be finite, or -inf for no weight; drop the row"),
        ([-np.inf, -np.inf], "log_weights: all are -inf; at least one must be finite"),
        ([], "log_weights: are empty; give at least one"),
    ],
)
def test_weights_that_cannot_be_smoothed(given, message):
    assert refusal(esscher.pareto_smooth, given) == message


@pytest.mark.parametrize("call", [*DRAWS.values(), *VALUES.values(), *TILT.values()])
@pytest.mark.parametrize("make", [list, pandas.Series, np.array, pyarrow.array])
def test_a_group_without_weight_is_told_by_its_first_row(call, make):
    assert refusal(call, R, groups=make(PAIRS), sample_weight=[1, 1, 0, 0]) == (
        "groups[2] = v: sample_weight is 0 in all rows of this group; leave them out")


def test_rows_of_which_none_has_a_chance():
    never = -np.inf
    for given, message in (
        ({"r": [1, 2, never, never], "groups": PAIRS},
         "groups[2] = v: r is -inf in all rows of this group; leave them out"),
        ({"r": [1, 2, 3, never], "groups": PAIRS, "sample_weight": [1, 1, 0, 1]},
         "groups[2] = v: r is -inf, or sample_weight 0, in all rows of this group; leave them out"),
        ({"r": [never, never]}, "r: is -inf in all rows; one must have a chance"),
        ({"r": [1, never], "sample_weight": [0, 1]},
         "r: is -inf, or sample_weight 0, in all rows; one must have a chance"),
    ):
        assert refusal(esscher.tilt, beta=1, **given) == message


@pytest.mark.parametrize("call", [*DRAWS.values(), *VALUES.values()])
def test_no_rows_at_all(call):
    assert refusal(call, []) == "r: is empty; give at least one row"


def test_draws_without_replacement_of_a_small_group():
    assert refusal(esscher.soft_best_of_n, R, 1, 2, ["u", "u", "u", "v"]) == (
        "size = 2: the group of groups[3] = v has only 1 row to draw without replacement; lower it, or "
        "draw with replacement")


@pytest.mark.parametrize("call", VALUES.values())
def test_rows_that_tell_no_error(call):
    assert refusal(call, [1.0]) == "r = 1 row: " + FEW.format(
        "rows", "give more rows", "enumerated=True if they are the whole reference")
    assert refusal(call, R, groups=[0] * 4) == "groups = 1: " + FEW.format(
        "groups", "leave groups out", WHOLE)
    assert refusal(call, R, clusters=[0] * 4) == "clusters = 1: " + FEW.format(
        "clusters", "leave clusters out", WHOLE)
    assert refusal(call, R, groups=[3, 1, 2, 0]) == (
        "groups = 4 of one row each: there is nothing to choose among within a group; check groups, or "
        "leave them out")
    call([1.0], enumerated=True)


@pytest.mark.parametrize("call", VALUES.values())
def test_a_group_in_two_clusters(call):
    assert refusal(call, R, groups=PAIRS, clusters=["p", "p", "p", "q"]) == (
        "clusters[3]: differs from clusters[2], in one group, that of groups[3] = v; a group must lie "
        "within one cluster; give its rows one")
