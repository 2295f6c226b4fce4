"""The command and the package are one library: the same seed gives the same bits."""

from __future__ import annotations

import json

import numpy as np
import pandas
import pytest

import esscher
from records import as_told


@pytest.fixture(scope="module")
def files(table, tmp_path_factory):
    x, y = table
    folder = tmp_path_factory.mktemp("files")
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    return folder


OPTIONS = {"beta": [1.0, 0.5], "rounds": 2, "seed": 7}
WORDS = ["--beta", "1,0.5", "--rounds", "2", "--seed", "7"]


def test_fit_and_predict(table, files, command):
    x, y = table
    model_file, out = str(files / "m.safetensors"), str(files / "r.npy")
    command("fit", str(files / "x.npy"), "--reward", str(files / "y.npy"), *WORDS,
            "-o", model_file, "--quiet")
    command("predict", model_file, str(files / "x.npy"), "--beta", "0.5", "-o", out)
    model = esscher.TiltedRewardRegressor(beta=[1, 0.5], rounds=2, random_state=7).fit(x, y)
    ours = model.predict(x, beta=0.5, weights="auto")
    np.testing.assert_array_equal(ours, np.load(out).ravel())
    np.testing.assert_array_equal(esscher.load_reward(model_file).predict(x, beta=0.5), ours)
    model.save(files / "p.safetensors")
    command("predict", str(files / "p.safetensors"), str(files / "x.npy"), "--beta", "0.5",
            "-o", out)
    np.testing.assert_array_equal(ours, np.load(out).ravel())


def test_evaluate(table, files, command):
    x, y = table
    told = json.loads(
        command("evaluate", str(files / "x.npy"), "--reward", str(files / "y.npy"), *WORDS,
                "--bootstrap", "200", "--format", "json", "--quiet")
    )
    ours = esscher.evaluate(x, y, bootstrap=200, **OPTIONS).to_dict()
    assert as_told(ours) == as_told(told)
    assert told["recommendation"]["weights"] == "auto"
    for mine, theirs in zip(ours["rewards"], told["rewards"], strict=True):
        for a, b in zip(mine["policies"], theirs["policies"], strict=True):
            assert [a["gain"]["low"], a["gain"]["high"]] == b["gain"]["interval"]


def test_evaluate_on_ones_own_folds_with_noise_that_is_known(table, files, command):
    x, y = table
    batch = np.array(["north", "east", "south"])[np.arange(len(y)) // 100]
    lines = [f"{float(reward)!r},{name}" for reward, name in zip(y, batch, strict=True)]
    (files / "t.csv").write_text("\n".join(["y,batch", *lines, ""]))
    told = files / "own"
    command("evaluate", str(files / "x.npy"), "--table", str(files / "t.csv"), "--reward", "y",
            *WORDS, "--bootstrap", "0", "--fold", "batch", "--noise", "0.25", "-o", str(told),
            "--quiet")
    ours = esscher.evaluate(x, y, bootstrap=0, fold=batch, noise=0.25, **OPTIONS)
    theirs = json.loads((told / "result.json").read_text())
    assert ours.to_dict()["folds"] == theirs["folds"]
    assert [fold["name"] for fold in theirs["folds"]] == ["north", "east", "south"]
    assert ours.to_dict()["label_noise"] == theirs["label_noise"] == 0.25
    for mine, their in zip(ours.to_dict()["rewards"], theirs["rewards"], strict=True):
        for a, b in zip(mine["policies"], their["policies"], strict=True):
            for name in ("noise_free_gain", "noise_free_efficiency", "attainable_gain"):
                assert a[name] == b[name]
            assert a["gold"]["value"] == b["gold"]["value"]
    frame, file = ours.to_frame(), pandas.read_csv(told / "policies.csv")
    assert list(frame.columns) == list(file.columns)
    # The file has some digits less, 0 and 1 for truths, and leaves infinite temperatures empty.
    for name in frame.columns[1:]:
        column = frame[name].astype(float).replace(np.inf, np.nan)
        np.testing.assert_allclose(column, file[name].astype(float), rtol=1e-5, err_msg=name)


def test_resample(table, files, command):
    x, y = table
    model = esscher.TiltedRewardRegressor(beta=0.5, rounds=1).fit(x, y)
    model.save(files / "r.safetensors")
    text = command("resample", str(files / "r.safetensors"), str(files / "x.npy"), "--beta", "0.5",
                   "--n", "20", "--seed", "3")
    rows = [int(line.split(",")[2]) - 1 for line in text.splitlines()[1:]]
    np.testing.assert_array_equal(rows, esscher.resample(model.predict(x), 0.5, 20, seed=3))


def test_theory(command):
    told = json.loads(command("theory", "--link", "damped_hermite:3", "--beta", "1,0.5",
                              "--format", "json"))
    ours = esscher.theory("damped_hermite:3", beta=[1, 0.5])
    assert ours.hermite.tolist() == told["exponents"]["hermite"]
    assert ours.lambda_squared.tolist() == told["exponents"]["lambda_squared"]
    assert ours.optimal_value.tolist() == [r["optimal_value"] for r in told["temperatures"]]
    assert as_told(ours.to_dict()) == as_told(told)
    assert ours.to_dict()["options"] == told["options"]


def test_simulate_and_sample(files, command):
    told = json.loads(command(
        "simulate", "--link", "damped_hermite:2", "--dim", "64", "--width", "16",
        "--feature-samples", "4000", "--refine-samples", "4000", "--readout-samples", "2000",
        "--deployment-temperature", "1,0.5", "--weights", "auto,uniform", "--seed", "5",
        "--format", "json", "-o", str(files / "run")))
    ours = esscher.simulate(
        "damped_hermite:2", dim=64, width=16, feature_samples=4000, refine_samples=4000,
        readout_samples=2000, beta=[1, 0.5], weights=["auto", "uniform"], seed=5)
    assert ours.overlaps.tolist() == told["features"]["overlaps"]
    told["seconds"] = ours.to_dict()["seconds"]
    assert as_told(ours.to_dict()) == as_told(told)
    for policy in ours.to_dict()["policies"]:
        gold = policy["policy"]["gold"]
        assert gold["low"] <= gold["value"] <= gold["high"]
    out = str(files / "x_sampled.npy")
    command("sample", str(files / "run" / "model.safetensors"), "--beta", "1", "--weights",
            "uniform", "--samples", "20", "-o", out)
    np.testing.assert_array_equal(ours.reward.sample(1.0, 20, weights="uniform"), np.load(out))
    saved = esscher.load_simulated(files / "run" / "model.safetensors")
    np.testing.assert_array_equal(saved.sample(1.0, 20, weights="uniform"), np.load(out))
