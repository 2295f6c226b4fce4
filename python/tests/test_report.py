"""Pages are the command's, of results of Python."""

from __future__ import annotations

import html
import inspect
import json
import os
import pickle
import re

import numpy as np
import pandas
import pytest

import esscher
from esscher._calls import call_of, described
from records import part


@pytest.fixture(scope="module")
def evaluation(table):
    x, y = table
    return esscher.evaluate(x, y, beta=np.array([1, 0.5]), rounds=0, bootstrap=0, threads=1)


@pytest.fixture(scope="module")
def fitted(table):
    x, y = table
    frame = pandas.DataFrame(x, columns=list("abcde"))
    return esscher.TiltedRewardRegressor(beta=0.5, rounds=0, random_state=3).fit(frame, y)


def page_of(result, folder):
    """Its page, which must hold all that it shows."""
    path = folder / "page.html"
    assert result.report(path) is None
    assert os.listdir(folder) == ["page.html"]
    page = path.read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert "<script src" not in page and "@import" not in page
    assert len(part(page, "charts")) > 0
    return page


def test_an_evaluation_has_one(evaluation, tmp_path, command):
    page = page_of(evaluation, tmp_path)
    record = part(page, "record")
    assert record == evaluation.to_dict()
    assert record["command"] == "esscher.evaluate(X, y, beta=[1.0, 0.5], rounds=0, bootstrap=0)"
    assert "<pre class=\"command\" tabindex=\"0\">esscher.evaluate(X, y, beta" in page
    assert evaluation.recommendation.verdict in page
    # What parameters mean, those of the fit among them.
    assert "Rounds of gradient products at most" in page
    assert "Nominal chance that any gain lies outside its interval" in page
    assert record["options"]["X"] == "300 x 5" and record["options"]["beta"] == "1.0, 0.5"
    # The command makes the same figures of the record.
    told, again = tmp_path / "told.json", tmp_path / "again.html"
    told.write_text(json.dumps(record), encoding="utf-8")
    command("report", str(told), "-o", str(again))
    assert part(again.read_text(encoding="utf-8"), "charts") == part(page, "charts")


def test_an_audit_has_one(table, tmp_path):
    x, y = table
    scores = {"<judge>": y + 0.1 * x[:, 1], "coin": x[:, 2]}
    audit = esscher.audit(scores, y, groups=np.arange(300) // 5, beta="2,1", bootstrap=0)
    page = page_of(audit, tmp_path)
    record = part(page, "record")
    assert record == audit.to_dict()
    assert record["command"] == (
        "esscher.audit(proxy, gold, groups=groups, beta='2,1', bootstrap=0)")
    assert record["options"]["proxy"] == "<judge>, coin"
    assert record["groups"] == 60
    assert "&lt;judge&gt;" in page and "Scores of any origin that tilt" in page
    assert audit.recommendation.verdict in page


def test_theory_has_one(tmp_path):
    def steep(z):
        return np.tanh(3 * z)

    theory = esscher.theory(steep, beta=[1, 0.5], learned="tanh", overlap=0.9)
    page = page_of(theory, tmp_path)
    record = part(page, "record")
    assert record["command"] == "esscher.theory(steep, beta=[1, 0.5], learned='tanh', overlap=0.9)"
    assert [row["kl"] for row in record["temperatures"]] == theory.kl.tolist()
    assert record["options"]["link"] == "steep"
    assert "Highest Hermite order, 1 to 64." in page
    assert pickle.loads(pickle.dumps(theory)).to_dict(arrays=False) == theory.to_dict(arrays=False)


def test_a_simulation_has_one(tmp_path):
    simulation = esscher.simulate(
        "damped_hermite:2", dim=64, width=8, feature_samples=2000, readout_samples=1000,
        policy_samples=4096, beta=[1, 0.5], weights="uniform", refine=False)
    page = page_of(simulation, tmp_path)
    record = part(page, "record")
    assert record["command"].startswith("esscher.simulate('damped_hermite:2', dim=64, width=8, ")
    assert record["features"]["overlaps"] == simulation.overlaps.tolist()
    assert "A reward of x in 64 dimensions turns on a hidden direction" in page
    # Options of the page are those of the call, each with its meaning, and its facts are of them.
    assert '<dt>samples of stage 2</dt><dd>1,000</dd>' in page
    words = described(esscher.simulate)
    assert list(words) == [*record["options"], "progress"]
    assert words["policy_method"] in html.unescape(page) and "label-clip" not in page


def test_a_fit_has_one_wherever_it_was_made(fitted, table, tmp_path, command):
    record = part(page_of(fitted, tmp_path), "record")
    assert record["command"] == (
        "esscher.TiltedRewardRegressor(beta=0.5, rounds=0, random_state=3).fit(X, y)")
    assert record["importance"]["names"] == list("abcde")
    assert record["importance"]["columns"] == fitted.feature_importances_.tolist()
    file, page = str(tmp_path / "reward.safetensors"), tmp_path / "page.html"
    fitted.save(file)
    esscher.load_reward(file).report(page)
    assert part(page.read_text(encoding="utf-8"), "record") == record
    pickle.loads(pickle.dumps(fitted)).report(page)
    command("report", file, "-o", str(page))
    assert part(page.read_text(encoding="utf-8"), "record") == record
    # And the command's fits, whose options have its names.
    x, y = table
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    command("fit", str(tmp_path / "x.npy"), "--reward", str(tmp_path / "y.npy"), "--rounds", "0",
            "--beta-unit", "sd", "-o", file, "--quiet")
    esscher.load_reward(file).report(page)
    text = page.read_text(encoding="utf-8")
    assert part(text, "record")["command"].startswith("esscher fit ")
    assert "the unit of the reward, or its standard deviation (within groups)" in text


def test_what_cannot_be_written_is_said(evaluation, fitted, tmp_path):
    for result in (evaluation, fitted):
        for path, reason in (("no/page.html", "No such file or directory"), (".", "it is a folder")):
            with pytest.raises(OSError, match=rf"^path = .*: cannot be written \({reason}\); give"):
                result.report(tmp_path / path)
        with pytest.raises(TypeError):
            result.report(None)
    assert os.listdir(tmp_path) == []


def test_a_page_takes_the_place_of_another(evaluation, tmp_path):
    (tmp_path / "page.html").write_text("old")
    page_of(evaluation, tmp_path)
    evaluation.report(str(tmp_path / "page.html"))


def test_calls_are_written_down():
    def code(*given, **named):
        call = inspect.signature(esscher.theory).bind(*given, **named)
        call.apply_defaults()
        return call_of(esscher.theory, call.arguments)[0]

    f = esscher.link(lambda z: z, name="mine")
    assert code("tanh") == "esscher.theory('tanh')"
    assert code(esscher.link("tanh"), noise="none") == "esscher.theory('tanh')"
    assert code(f, learned=f) == "esscher.theory(mine, learned=mine)"
    assert code("tanh", beta=np.float64(0.5)) == "esscher.theory('tanh', beta=0.5)"
    assert code("tanh", beta=np.array([1, 2])) == "esscher.theory('tanh', beta=[1, 2])"
    assert code("tanh", beta=(1,)) == "esscher.theory('tanh', beta=(1,))"
    assert code("tanh", overlap=1) == "esscher.theory('tanh', overlap=1)"


def test_words_are_those_of_the_documentation():
    words = described(esscher.theory)
    assert list(words) == ["link", "noise", "beta", "max_order", "learned", "overlap"]
    assert words["link"] == "As esscher.link takes it; of one variable."
    # What is said of many at once says nothing of each.
    assert "penalty" not in described(esscher.evaluate)
    assert described(lambda: None) == {}
