"""esscher beside other programs that do the same: run.py [SUBJECT...], of all by default.

Prints Markdown. Each program has one thread; before times are taken it is checked that both compute
the same, and a comparison that fails this ends the run. Times are processor seconds, medians over
turns; ratios are the peer's over esscher's, so that above 1 esscher is quicker. `make peers` runs it.
"""

import os

# Before the libraries that read it.
for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import importlib  # noqa: E402
import sys  # noqa: E402
import warnings  # noqa: E402
from importlib.metadata import version  # noqa: E402

SUBJECTS = ("stage1", "ridge", "psis", "fit", "evaluation")
PACKAGES = ("esscher", "torch", "scikit-learn", "arviz-stats", "lightgbm", "xrfm", "ppi-python",
            "numpy")


def main():
    warnings.filterwarnings("ignore")
    print("| subject | peer | size | esscher | peer | peer / esscher: median (least to most) "
          "| agreement |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for subject in sys.argv[1:] or SUBJECTS:
        importlib.import_module(subject).main()
    told = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"\nOne thread each, on a machine of {os.cpu_count()} cores; Python "
          f"{sys.version.split()[0]}, {told}.")


if __name__ == "__main__":
    main()
