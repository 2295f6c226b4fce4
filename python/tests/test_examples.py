"""Examples run, print and are typed; docstrings say what is so."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

import esscher
import esscher._estimator
import esscher._links
import esscher._policies
import esscher._sequences

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "python").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(example):
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_what_the_readme_shows_works_as_written(tmp_path):
    readme = (ROOT / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    verdict, importances, value, exponent = done.stdout.splitlines()
    assert "Recommended: " in verdict
    assert importances.startswith("[1. 0.") and value.startswith("Estimate(value=")
    assert exponent == "1"
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_what_is_not_installed_is_said_in_a_line():
    # None among modules is one that cannot be imported.
    code = "import runpy, sys; sys.modules['lightgbm'] = None; runpy.run_path(sys.argv[1])"
    example = ROOT / "examples" / "python" / "tilted_scores.py"
    done = subprocess.run(
        [sys.executable, "-c", code, str(example)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "the trees of this example are LightGBM's: pip install lightgbm\n"


def test_there_are_examples():
    assert len(EXAMPLES) >= 4


def test_examples_and_the_package_are_typed(tmp_path):
    package = ROOT / "python" / "esscher"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"),
         "--cache-dir", str(tmp_path), *map(str, EXAMPLES), str(package)],
        capture_output=True, text=True, check=False, cwd=ROOT / "python",
    )
    assert done.returncode == 0, done.stdout


def test_docstrings_say_what_is_so():
    for module in (esscher._links, esscher._estimator, esscher._policies, esscher._sequences):
        assert doctest.testmod(module).failed == 0


def test_every_public_name_is_documented():
    for name in esscher.__all__:
        if name != "__version__":
            assert getattr(esscher, name).__doc__
