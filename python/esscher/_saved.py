"""Models of the C++ side in files, and as bytes, which processes exchange."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar


class _Saved(Protocol):
    def save(self, path: str) -> None: ...


_Model = TypeVar("_Model")


def existing(path: str | os.PathLike[str]) -> str:
    """`path` as text, where something is."""
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
    return os.fspath(path)


def to_bytes(model: _Saved) -> bytes:
    """What `model` saves."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        model.save(str(path))
        return path.read_bytes()


def of_bytes(saved: bytes, load: Callable[[str], _Model]) -> _Model:
    """The model that `load` reads from what `to_bytes` gave."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        path.write_bytes(saved)
        return load(str(path))
