"""Code in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap

# Not getrusage(): to a new process it tells the peak of the one that began it, too.
PEAK = '''
def peak():
    """KiB that this process has held at most."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
'''


def printed_alone(code: str) -> str:
    """What the code prints, in which peak() tells the most memory held so far, in KiB."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK + textwrap.dedent(code)],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
