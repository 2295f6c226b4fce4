"""A wheel that holds its libraries uses these, and no others; scripts/wheel_test.sh runs it, in an
environment with esscher's dependencies alone."""

from __future__ import annotations

import gzip
import re
import subprocess
import sysconfig
import tempfile
from pathlib import Path

import numpy as np

import esscher

SITE = Path(esscher.__file__).parents[1]
HELD = SITE / "esscher.libs"
# What each Linux of the wheel's tag has (manylinux, PEP 600).
OF_THE_SYSTEM = {"libc", "libm", "libgcc_s", "libstdc++", "libz", "ld-linux-x86-64", "linux-vdso"}


def stem(library: str) -> str:
    """libdnnl of libdnnl-a4f9d805.so.2.6, libdnnl.so.2 and the path of either."""
    return re.sub(r"(-[0-9a-f]{8})?\.so.*", "", Path(library).name)


def zstd_frame(content: bytes) -> bytes:
    """One raw block (RFC 8878): Python has no zstd of its own."""
    assert 256 <= len(content) < 65536
    header = b"\x28\xb5\x2f\xfd\x60" + (len(content) - 256).to_bytes(2, "little")
    return header + (len(content) << 3 | 1).to_bytes(3, "little") + content


def use_every_library() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 3)).round(3)
    y = (x[:, 0] + 0.3 * rng.standard_normal(60)).round(3)
    # oneDNN, with OpenMP and Highway.
    model = esscher.TiltedRewardRegressor(beta=0.5, rounds=1).fit(x.astype(np.float32), y)
    assert model.score(x, y) > 0.5
    # muParser.
    assert esscher.theory("z^3-3*z").information_exponent == 3

    rows = [dict(zip(("a", "b", "c", "y"), (*row, label), strict=True))
            for row, label in zip(x.tolist(), y.tolist(), strict=True)]
    csv = "\n".join(["a,b,c,y", *(",".join(map(str, row.values())) for row in rows)]).encode()
    lines = "\n".join(str(row).replace("'", '"') for row in rows).encode()
    with tempfile.TemporaryDirectory() as folder:
        # zlib, zstd, simdjson.
        for name, content in (("t.csv.gz", gzip.compress(csv)), ("t.csv.zst", zstd_frame(csv)),
                              ("t.jsonl", lines)):
            (Path(folder) / name).write_bytes(content)
            table = esscher.read(Path(folder) / name, y="y")
            np.testing.assert_array_equal(table.X, x)
            np.testing.assert_array_equal(table.y, y)


def check_what_is_mapped(held: set[str]) -> None:
    mapped = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines()
              if ".so" in line}
    ours = {path for path in mapped if Path(path).parent == HELD}
    # libgomp may be there twice: scikit-learn's wheel has its own.
    others = {path for path in mapped - ours
              if stem(path) in held and not Path(path).is_relative_to(SITE)}
    assert not others, f"loaded from outside the wheel: {others}"
    # The program alone needs these two.
    missing = held - {stem(path) for path in ours} - {"libfmt", "libtomlplusplus"}
    assert not missing, f"not loaded from the wheel: {missing}"


def check_what_is_linked(binary: Path) -> None:
    listed = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        name, _, target = line.strip().partition(" => ")
        path = Path(target.partition(" (")[0])
        assert stem(name.split()[0]) in OF_THE_SYSTEM or path.resolve().parent == HELD, line


def main() -> None:
    held = {stem(path.name) for path in HELD.iterdir()}
    assert {"libdnnl", "libgomp", "libmuparser", "libsimdjson", "libzstd"} <= held, held
    use_every_library()
    check_what_is_mapped(held)
    check_what_is_linked(next((SITE / "esscher").glob("_core*.so")))
    check_what_is_linked(SITE / "esscher.scripts" / "esscher")

    program = Path(sysconfig.get_path("scripts")) / "esscher"
    formula = ["theory", "--link", "z^3-3*z", "--format", "json"]
    for arguments, told in ((["--version"], esscher.__version__),
                            (formula, '"information_exponent": 3')):
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        assert told in done.stdout, done.stdout + done.stderr
    print(f"the wheel's own {len(held)} libraries were used, and no others of their names")


if __name__ == "__main__":
    main()
