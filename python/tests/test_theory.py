"""Links, theory and simulation."""

from __future__ import annotations

import math
import os
import pickle
import signal
import threading
import time

import numpy as np
import pytest
from scipy.special import eval_hermitenorm

import esscher


def test_links_are_functions_of_arrays():
    link = esscher.link("tanh(z^3-3*z)")
    z = np.linspace(-2, 2, 12).reshape(3, 4)
    np.testing.assert_allclose(link(z), np.tanh(z**3 - 3 * z), rtol=1e-14)
    assert link(0.5).shape == ()
    assert link.parity == "odd"
    assert pickle.loads(pickle.dumps(link)).name == link.name
    assert repr(link) == "esscher.link('tanh(z^3-3*z)')"
    two = esscher.link("z1*z2@clip:-2,2")
    assert two.directions == 2
    np.testing.assert_array_equal(two([[1, 1.5], [3, 1]]), [1.5, 2])


@pytest.mark.parametrize(
    "spec", ["z^2", "tanh(z)", "tanh(z^3-3*z)", "relu", "identity", "hermite:3@clip:-2,2", np.tanh,
             lambda z: np.where(z > 0, 1.0, 0.0)])
def test_links_of_nan_are_nan_and_of_infinity_refused(spec):
    link = esscher.link(spec)
    z = np.array([[np.nan, 1.0], [0.3, np.nan]])
    given = z.copy()
    values = link(z)
    np.testing.assert_array_equal(values[[0, 1], [1, 0]], link([1.0, 0.3]))
    assert np.isnan(values[[0, 1], [0, 1]]).all()
    np.testing.assert_array_equal(z, given)
    assert np.isnan(link(np.nan)) and link(np.nan).shape == ()
    z[1, 1] = -np.inf
    with pytest.raises(ValueError, match=r"^z\[1, 1\] = -inf: must be finite, or NaN, which gives N"):
        link(z)
    with pytest.raises(ValueError, match=r"^z = inf: must be finite"):
        link(np.inf)
    assert np.isfinite(link([1e308, -1e308])).all()


def test_a_link_of_several_variables_is_nan_where_one_is():
    link = esscher.link("z1*z2@clip:-2,2")
    np.testing.assert_array_equal(link([[np.nan, 1.5], [1, 1.5], [1, np.nan]]), [np.nan, 1.5, np.nan])
    with pytest.raises(ValueError, match=r"^z\[0, 1\] = inf: must be finite"):
        link([[np.nan, np.inf]])


def test_every_named_link_has_an_example():
    names = [entry["name"] for entry in esscher.links()]
    assert "damped_hermite" in names
    for entry in esscher.links():
        assert np.isfinite(esscher.link(entry["example"])(0.3))


def test_links_that_are_none_say_so():
    with pytest.raises(ValueError, match=r"^link = damped_hermit:3: .*did you mean damped_hermite"):
        esscher.link("damped_hermit:3")
    with pytest.raises(ValueError, match=r"^link = log: is not a number at z = -"):
        esscher.link(np.log, name="log")
    with pytest.raises(TypeError, match=r"^link: must be text or a function, not int$"):
        esscher.link(3)
    with pytest.raises(TypeError, match=r"^link: the function must give a float64 array"):
        esscher.link(lambda z: z[:-1], name="short")


def test_a_function_of_ones_own_is_a_link():
    def own(z):
        return np.tanh(z**3 - 3 * z)

    link = esscher.link(own)
    formula = esscher.link("tanh(z^3-3*z)")
    assert link.parity == "odd"
    assert link.name == "own"
    z = np.linspace(-3, 3, 50)
    np.testing.assert_allclose(link(z), formula(z), rtol=1e-13)
    ours = esscher.theory(own, beta=[1.0], max_order=4)
    theirs = esscher.theory(formula, beta=[1.0], max_order=4)
    assert ours.information_exponent == theirs.information_exponent == 1
    # The same integrals of functions that differ in their last bits.
    np.testing.assert_allclose(ours.optimal_value, theirs.optimal_value, rtol=1e-10)


def test_what_a_function_raises_comes_out():
    class Mine(Exception):
        pass

    def failing(z):
        raise Mine("here")

    with pytest.raises(Mine, match="here"):
        esscher.link(failing)


def test_hermite_agrees_with_scipy():
    z = np.linspace(-4, 4, 33)
    for k in (0, 1, 2, 7, 20):
        expected = eval_hermitenorm(k, z) / math.sqrt(math.factorial(k))
        np.testing.assert_allclose(esscher.hermite(k, z), expected, rtol=1e-9, atol=1e-9)


def test_theory_tells_arrays():
    theory = esscher.theory("damped_hermite:3", beta=[2, 1], learned="max(0,u-1)", overlap=0.9)
    assert (theory.information_exponent, theory.generative_exponent) == (3, 1)
    assert theory.beta.tolist() == [2, 1]
    assert theory.kl.shape == (2,)
    assert theory.learned_efficiency.shape == (2,)
    assert not theory.kl.flags.writeable
    with pytest.raises(AttributeError):
        theory.link = "z"
    clipped = esscher.theory("hermite:3@clip:-2,2", beta=1)
    assert clipped.dead_beta1.tolist() == pytest.approx([1.290074], abs=1e-6)
    assert "<table>" in theory._repr_html_()


def test_theory_refuses_what_is_infinite():
    with pytest.raises(ValueError, match=r"^beta = 1: .*clip"):
        esscher.theory("hermite:3", beta=1)
    with pytest.raises(ValueError, match=r"^overlap = 2: must be in \[-1, 1\]"):
        esscher.theory("hermite:3@clip:-2,2", overlap=2)
    with pytest.raises(ValueError, match=r"^link = z1\*z2@clip:-2,2: has 2 variables, and theory"):
        esscher.theory("z1*z2@clip:-2,2")


SMALL = {
    "dim": 32, "width": 8, "feature_samples": 2000, "refine_samples": 2000,
    "readout_samples": 1000, "beta": [1, 0.5], "weights": ["auto", "uniform"],
}


def test_simulation_tells_its_trajectory():
    result = esscher.simulate("damped_hermite:2", noise="gaussian:0.3", **SMALL)
    assert result.status == "completed"
    assert result.overlap_quantiles.shape == (len(result.samples), 7)
    assert np.all(np.diff(result.samples.astype(np.int64)) > 0)
    assert result.overlaps.shape == (8,)
    draws = result.reward.sample(1.0, 50, weights="uniform")
    assert draws.shape == (50, 32)
    assert isinstance(result.admissible("auto"), list)
    frame = result.to_frame()
    assert len(frame) == 4
    assert {"efficiency", "gold_se", "predicted_efficiency"} <= {*frame} <= {
        "weights", "beta", "predicted_efficiency",
        *(part for name in result.to_dict()["policies"][0]["policy"] for part in (name, f"{name}_se")),
    } - {"temperatures"}


def test_a_function_of_ones_own_is_simulated():
    result = esscher.simulate(lambda z: np.clip(z, -2, 2), **SMALL)
    assert result.status == "completed"


def test_simulation_parameters_are_named():
    for parameters, message in [
        ({"dim": 1}, r"^dim = 1: "),
        ({"engine": "direkt"}, r"^engine = direkt: must be one of .*did you mean direct\?$"),
        ({"label_clip": (3, -3)}, r"^label_clip = \(3, -3\): must be \(low, high\)"),
        ({"penalty": "kfold:1"}, r"^penalty = kfold:1: K of kfold:K must be"),
        ({"tolerance": 2}, r"^tolerance = 2: "),
        ({"beta": []}, r"^beta: give at least one$"),
    ]:
        with pytest.raises(ValueError, match=message):
            esscher.simulate("damped_hermite:3", **parameters)


# What runs for seconds at least, were it not stopped: hours of the first.
LONG = {
    "simulate": lambda progress: esscher.simulate(
        "damped_hermite:3", dim=2000, width=1024, engine="direct", feature_samples=10**9,
        progress=progress),
    "evaluate": lambda progress: esscher.evaluate(
        np.random.default_rng(0).standard_normal((3000, 50)),
        np.random.default_rng(1).standard_normal(3000), progress=progress),
    "theory": lambda _: esscher.theory("sin(40*z)", noise="gaussian:0.3", max_order=64),
    "link": lambda _: esscher.link(lambda z: np.sin(40 * z)),
    "resample": lambda _: esscher.resample(REWARDS, 1.0, 40_000_000, threads=1),
    "best_of_n": lambda _: esscher.best_of_n(REWARDS, 4, 40_000_000, threads=1),
    "soft_best_of_n": lambda _: esscher.soft_best_of_n(REWARDS, 1.0, len(REWARDS), threads=1),
    "policy_value": lambda _: esscher.policy_value(REWARDS, REWARDS, 1.0, threads=1),
}
REWARDS = np.random.default_rng(2).standard_normal(2_000_000)


@pytest.mark.parametrize("of", LONG)
def test_ctrl_c_stops_at_once(of):
    # Who runs this in a shell's background has it ignored.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    begun = threading.Event()
    pressed = []

    def interrupt():
        # Draws tell nobody how far they are; by then they have begun.
        begun.wait(None if of in ("simulate", "evaluate") else 0.3)
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    def progress(stage, done, total):
        begun.set()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        try:
            LONG[of](progress)
        finally:
            stopped = time.monotonic()
            begun.set()
            thread.join()
            signal.signal(signal.SIGINT, former)
    assert 0 < stopped - pressed[0] < 1


def test_other_threads_run_meanwhile():
    ticks = []
    stop = threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(None)
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    rng = np.random.default_rng(0)
    esscher.evaluate(rng.standard_normal((300, 20)), rng.standard_normal(300), beta=1, bootstrap=0)
    stop.set()
    thread.join()
    assert len(ticks) > 5
