"""Frozen results are values: ``==`` and hash() go by what they hold, and copies are equal."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest

import esscher

SMALL = {"dim": 30, "width": 16, "feature_samples": 2000, "readout_samples": 500, "refine": False,
         "policy_samples": 1000, "threads": 1}
SEED = np.random.default_rng(0)
ROWS = SEED.standard_normal((60, 2))

# What makes a result, and what makes another of the same shape.
MAKERS = {
    "Theory": lambda c: esscher.theory(f"tanh({c}*z)", beta=[1.0, 0.5], max_order=4),
    "constant Theory": lambda c: esscher.theory("0*z", beta=[1.0], learned=f"tanh({c}*z)"),
    "Simulation": lambda c: esscher.simulate("tanh(z)", beta=[1.0], seed=c, **SMALL),
    "SimulatedReward": lambda c: esscher.simulate("tanh(z)", beta=[1.0], seed=c, **SMALL).reward,
    "SmoothedWeights": lambda c: esscher.pareto_smooth(c * ROWS[:, 0]),
    "PolicyValue": lambda c: esscher.policy_value(*ROWS.T, c, bootstrap=0),
    "BestOfNValue": lambda c: esscher.best_of_n_value(*ROWS.T, c + 1),
    "AdmissibleTemperatures": lambda c: esscher.admissible_temperatures(*ROWS.T, [c, 9.0]),
    "Audit": lambda c: esscher.audit(ROWS[:, 0], c * ROWS.sum(1), bootstrap=0, target=0.1),
    "Calibration": lambda c: calibration(c),
    "Evaluation": lambda c: esscher.evaluate(ROWS, c * ROWS.sum(1), beta=1, rounds=0, bootstrap=0),
}


def calibration(c):
    return esscher.audit(ROWS[:, 0], c * ROWS.sum(1), bootstrap=0).proxies[0].calibration


def told(result):
    """All but how long it took."""
    return {name: part for name, part in result.to_dict(arrays=False).items() if name != "seconds"}


def arrays(result):
    """All arrays of a result that its fields hold."""
    if isinstance(result, esscher.SimulatedReward):
        return []
    values = [getattr(result, f.name) for f in dataclasses.fields(result)]
    return [value for value in values if isinstance(value, np.ndarray)]


@pytest.mark.parametrize("name", MAKERS)
def test_they_are_equal_where_they_hold_the_same(name):
    one, again, other = MAKERS[name](1), MAKERS[name](1), MAKERS[name](2)
    assert type(one).__name__ == name.split()[-1]
    for same in (again, copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert (one == same) is True and (one != same) is False
        assert hash(one) == hash(same)
        assert repr(one) == repr(same) or name.startswith("Simulat")  # rewards have none of theirs
        assert not any(values.flags.writeable for values in arrays(same))
        if hasattr(one, "to_dict"):
            assert told(one) == told(same)
    assert (one == other) is False and (one != other) is True
    assert one != 1 and one is not None and one in {one: 0}


def test_every_array_counts():
    for one in (MAKERS[name](1) for name in MAKERS):
        for field in dataclasses.fields(one) if dataclasses.is_dataclass(one) else ():
            value = getattr(one, field.name)
            if isinstance(value, np.ndarray) and value.size:
                assert dataclasses.replace(one, **{field.name: np.full_like(value, 7)}) != one, field.name
                assert dataclasses.replace(one, **{field.name: value[1:]}) != one, field.name


def test_nan_is_as_nan():
    one, again = MAKERS["constant Theory"](1), MAKERS["constant Theory"](1)
    assert np.isnan(one.learned_efficiency).all()
    assert one == again


def test_copies_of_simulations_do_all_that_these_do(tmp_path):
    one = MAKERS["Simulation"](1)
    read = pickle.loads(pickle.dumps(one))
    assert read.to_dict() == one.to_dict()
    assert read.reward.heads == one.reward.heads
    for weights, _ in one.reward.heads:
        np.testing.assert_array_equal(
            read.reward.sample(1.0, 20, weights=weights, threads=1),
            one.reward.sample(1.0, 20, weights=weights, threads=1),
        )
    one.reward.save(tmp_path / "one.safetensors")
    read.reward.save(tmp_path / "read.safetensors")
    saved = (tmp_path / "one.safetensors").read_bytes()
    assert saved == (tmp_path / "read.safetensors").read_bytes()
    read.report(tmp_path / "page.html")
    one.report(tmp_path / "of_one.html")
    assert (tmp_path / "page.html").read_bytes() == (tmp_path / "of_one.html").read_bytes()
    assert read.admissible("uniform") == one.admissible("uniform")
