"""What tests share."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

Table = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="session")
def table() -> Table:
    """300 rows of 5 features whose reward turns on the first alone."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((300, 5))
    return x, np.tanh(2 * x[:, 0]) + 0.1 * rng.standard_normal(300)


@pytest.fixture(scope="session")
def command():
    """Runs the command that came with the package; returns its standard output."""
    beside = Path(sys.executable).parent / "esscher"
    program = str(beside) if beside.exists() else shutil.which("esscher")
    assert program, "the command esscher is not installed beside the package"

    def run(*arguments: str) -> str:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.program = program
    return run


def pytest_sessionfinish(session):
    """A skipped test has not been run: requirements.txt has all that tests need."""
    # The processes among which pytest-xdist deals tests out have none; all ends up with the first.
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
