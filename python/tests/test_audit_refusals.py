"""What audits refuse, by the name of the parameter."""

from __future__ import annotations

import numpy as np
import pandas
import pytest

import esscher
from scores import Scores


def test_bad_input_is_named():
    scores = Scores()
    judge, human = scores.judge, scores.human
    broken = np.where(np.arange(300) == 6, np.nan, judge)
    half = {"reference": judge[:9]}
    for arguments, parameters, message in [
        ((broken, human), {}, r"^proxy\['proxy0'\]\[6\] = nan: must be finite; score the row, or drop it$"),
        (({"a": judge, "b": judge[:5]}, human), {}, r"^proxy\['b'\] = 5 entries: must be as many as rows, 300$"),
        ((judge[:0].reshape(0, 0), human), {}, r"^proxy: has no column; give at least one score$"),
        ((np.zeros((3, 3, 3)), human), {}, r"^proxy: must be one-dimensional, or two-dimensional with"),
        ((pandas.DataFrame(np.ones((300, 2)), columns=["a", "a"]), human), {},
         r"^proxy: two columns are called 'a'; rename one of them$"),
        (({"mean": judge, "b": judge}, human), {}, r"^proxy = 'mean': is what the mean of several proxies is called; "),
        ((None, human), {}, r"^proxy = None: there is no score; give proxy, log_ratio or both$"),
        ((judge, human[:9]), {}, r"^gold = 9 entries: must be as many as rows, 300$"),
        ((judge, np.where(np.arange(300) == 6, np.inf, human)), {}, r"^gold\[6\] = inf: must be finite, or NaN"),
        ((judge, np.full(300, np.nan)), {}, r"^gold reward = 0 rows with one: at least two must have one; label"),
        ((judge, np.ones(300)), {}, r"^gold reward = 1: is the same in all rows that have one; "),
        ((np.ones(300), human), {}, r"^proxy 'proxy0' = 1: is the same in all rows; nobody can choose"),
        ((judge, human, scores.prompt[:9]), {}, r"^groups = 9 entries"),
        ((judge, human), {"log_ratio": {"proxy0": judge}}, r"^log_ratio: 'proxy0' is a proxy, too; rename"),
        ((judge, human), {"log_ratio": judge[:5]}, r"^log_ratio\['log_ratio0'\] = 5 entries: must be as many"),
        ((judge, human), {"reference": {"b": judge}}, r"^reference: has no column 'proxy0'; there are 'b'$"),
        ((judge, human), {"reference": np.ones((9, 2))}, r"^reference = 2 columns: must be as many as scores, 1: proxy0$"),
        ((judge, human), {"reference": judge[:0]}, r"^reference = 0 rows: must have one at least; give some, or leave it out$"),
        ((judge, human), {"reference": broken}, r"^reference\['proxy0'\]\[6\] = nan: must be finite; score"),
        ((judge * 1e150, human), {}, r"^proxy\['proxy0'\]\[0\] = .*e\+1..: must lie in \[-1e\+100, 1e\+100\]; measure it in"),
        ((judge * 1e12, human), {"beta": 1}, r"^proxy 'proxy0' = standard deviation 1.*: beta = 1 of it .*, or take beta_unit sd$"),
        ((judge, human), {"target": np.inf}, r"^target = inf: must be finite$"),
        ((judge, human, scores.prompt), {"target": 1}, r"^target = 1: within groups .*; leave it out, and"),
        ((judge, human), half | {"reference_groups": np.ones(9)}, r"^reference_groups: there are no groups; "),
        ((judge, human, scores.prompt), half, r"^reference_groups: missing; say of which groups"),
        ((judge, human, scores.prompt), half | {"reference_groups": ["a"]}, r"^reference_groups = 1 entries"),
        ((judge, human), {"reference_weight": judge}, r"^reference_weight: belongs to the rows of reference; "),
        ((judge, human), half | {"reference_weight": -np.ones(9)}, r"^reference_weight\[0\] = -1.0: must be finite"),
        ((judge, human), half | {"enumerated": True}, r"^enumerated = 300 gold rewards: values are exact only"),
        ((judge, human), {"beta": 0}, r"^beta = 0: a temperature must be a finite positive number; give"),
        ((judge, human), {"beta": [1, 1]}, r"^beta = 1: is there twice; name it once$"),
        ((judge, human), {"beta": []}, r"^beta = '': names no temperature; name one$"),
        ((judge, human), {"beta_unit": "inch"}, r"^beta_unit = inch: must be reward or sd$"),
        ((judge, human), {"best_of": [4, 2]}, r"^best_of = 2: must be above 1 and at most 1e15, ascending$"),
        ((judge, human), {"best_of": []}, r"^best_of = \[\]: names no number; name one, or take auto$"),
        ((judge, human), {"bootstrap": 5}, r"^bootstrap = 5: must be 0 or at least 100; take 1000$"),
        ((judge, human), {"alpha": 0.6}, r"^alpha = 0.6: must lie in \(0, 0.5\]; take 0.05$"),
        ((judge, human), {"seed": -1}, r"^seed = -1: "),
    ]:
        with pytest.raises(ValueError, match=message):
            esscher.audit(*arguments, **parameters)
    for arguments, parameters, message in [
        ((["a"] * 300, human), {}, r"^proxy\['proxy0'\]: must be numbers"),
        ((judge, ["x"] * 300), {}, r"^gold: must be numbers"),
        ((judge, human), {"target": [1]}, r"^target = \[1\]: must be a number, not list$"),
        ((judge, human), {"enumerated": "no"}, r"^enumerated = 'no': must be True or False, not str$"),
    ]:
        with pytest.raises(TypeError, match=message):
            esscher.audit(*arguments, **parameters)
