"""What a result was computed with."""

from __future__ import annotations

from . import _core


def build_info() -> dict[str, str]:
    """Version, commit, compiler, build type and the instruction set that vectorised loops run on.

    Returns
    -------
    dict
        The keys ``version``, ``commit``, ``compiler``, ``build_type``, ``instruction_set``.
        Results may differ in their last bits between instruction sets.
    """
    return _core.build_info()


__version__: str = build_info()["version"]
