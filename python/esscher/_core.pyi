"""The C++ side: arrays and named parameters in; dictionaries, arrays and records (JSON) out."""

from collections.abc import Callable
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Progress = Callable[[str, int, int], object] | None
# As code, and parameters by name, as text.
Call = tuple[str, list[tuple[str, str]]]

# Numbers of a file, of which only the pages in use are held.
@final
class StoredRows:
    def __len__(self) -> int: ...
    @property
    def shape(self) -> tuple[int, int]: ...

# A table of numbers.
Features = NDArray[Any] | StoredRows

@final
class Reward:
    def predict(
        self, x: Features, parameters: dict[str, Any]
    ) -> tuple[NDArray[np.float64], str]: ...
    def facts(self) -> dict[str, Any]: ...
    def save(self, path: str) -> None: ...
    @staticmethod
    def load(path: str) -> Reward: ...
    @property
    def record(self) -> str | None: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def array_columns(self) -> int: ...

@final
class RewardModel:
    def save(self, path: str) -> None: ...
    @staticmethod
    def load(path: str) -> RewardModel: ...
    @property
    def heads(self) -> list[tuple[str, float | None]]: ...

@final
class Link:
    def evaluate(self, z: NDArray[np.float64]) -> NDArray[np.float64]: ...
    def facts(self) -> dict[str, Any]: ...
    @property
    def name(self) -> str: ...
    @property
    def directions(self) -> int: ...

def build_info() -> dict[str, str]: ...
def in_python_words(message: str) -> str: ...
def read_table(path: str, parameters: dict[str, Any]) -> dict[str, Any]: ...
def encode_text(path: str, parameters: dict[str, Any]) -> dict[str, Any]: ...
def encoded_text(path: str, encoding: str) -> NDArray[np.float32]: ...
def select_columns(pattern: str, names: list[str], field: str) -> list[int]: ...
def stored_rows(path: str) -> StoredRows: ...
def train(
    x: Features,
    y: NDArray[np.float64],
    groups: NDArray[np.uint32] | None,
    log_weights: NDArray[np.float64] | None,
    clusters: NDArray[np.uint32] | None,
    kept: NDArray[np.uint64] | None,
    names: list[str],
    named: bool,
    parameters: dict[str, Any],
    call: Call,
    progress: Progress,
) -> Reward: ...
def evaluate(
    x: Features,
    y: NDArray[np.float64],
    groups: NDArray[np.uint32] | None,
    log_weights: NDArray[np.float64] | None,
    clusters: NDArray[np.uint32] | None,
    kept: NDArray[np.uint64] | None,
    folds: NDArray[np.uint32] | None,
    fold_names: list[str],
    names: list[str],
    gold: NDArray[np.float64] | None,
    more: tuple[
        Features,
        NDArray[np.uint64] | None,
        NDArray[np.uint32] | None,
        NDArray[np.float64] | None,
        NDArray[np.uint32] | None,
    ]
    | None,
    parameters: dict[str, Any],
    call: Call,
    progress: Progress,
) -> str: ...
def audit(
    proxies: dict[str, NDArray[np.float64]],
    log_ratios: dict[str, NDArray[np.float64]],
    gold: NDArray[np.float64],
    groups: NDArray[np.uint32] | None,
    log_weights: NDArray[np.float64] | None,
    clusters: NDArray[np.uint32] | None,
    kept: NDArray[np.uint64] | None,
    reference_proxies: dict[str, NDArray[np.float64]] | None,
    reference_log_ratios: dict[str, NDArray[np.float64]] | None,
    reference_groups: NDArray[np.uint32] | None,
    reference_log_weights: NDArray[np.float64] | None,
    reference_clusters: NDArray[np.uint32] | None,
    parameters: dict[str, Any],
    call: Call,
    progress: Progress,
) -> str: ...
def tilt(
    r: NDArray[np.float64],
    parameters: dict[str, Any],
    groups: NDArray[np.uint32] | None,
    log_weights: NDArray[np.float64] | None,
) -> NDArray[np.float64]: ...
def draw(
    r: NDArray[np.float64],
    parameters: dict[str, Any],
    groups: NDArray[np.uint32] | None,
    log_weights: NDArray[np.float64] | None,
) -> NDArray[np.int64]: ...
def policy_value(
    r: NDArray[np.float64],
    y: NDArray[np.float64],
    parameters: dict[str, Any],
    groups: NDArray[np.uint32] | None,
    log_weights: NDArray[np.float64] | None,
    clusters: NDArray[np.uint32] | None,
) -> dict[str, Any]: ...
def best_of_n_value(
    r: NDArray[np.float64],
    y: NDArray[np.float64],
    parameters: dict[str, Any],
    groups: NDArray[np.uint32] | None,
    log_weights: NDArray[np.float64] | None,
    clusters: NDArray[np.uint32] | None,
) -> dict[str, Any]: ...
def admissible(
    r: NDArray[np.float64],
    y: NDArray[np.float64],
    parameters: dict[str, Any],
    groups: NDArray[np.uint32] | None,
    log_weights: NDArray[np.float64] | None,
    clusters: NDArray[np.uint32] | None,
) -> dict[str, Any]: ...
def first_unfit(values: NDArray[np.float64], greatest: float, never: bool) -> int: ...
def pareto_smooth(log_weights: NDArray[np.float64]) -> dict[str, Any]: ...
def best_of_n_kl_bound(n: float) -> float: ...
def equivalent_n(kl: float) -> float: ...
# The weighted ridge with this penalty, in units of the sum of weights or, for None, with that of the
# least generalised cross-validation error of a path. For tests and measurements.
def ridge(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    log_weights: NDArray[np.float64],
    penalty: float | None,
    threads: int,
) -> dict[str, Any]: ...
def parse_link(text: str, field: str) -> Link: ...
def python_link(
    function: Callable[[NDArray[np.float64]], Any], name: str, breaks: list[float] | None
) -> Link: ...
def link_catalogue() -> list[dict[str, str]]: ...
def hermite(order: int, z: NDArray[np.float64]) -> NDArray[np.float64]: ...
def theory(parameters: dict[str, Any], call: Call) -> str: ...
def simulate(
    parameters: dict[str, Any], call: Call, progress: Progress
) -> tuple[str, RewardModel]: ...
def sample(
    model: RewardModel, parameters: dict[str, Any], progress: Progress
) -> NDArray[np.float64]: ...
def write_page(path: str, record: str, words: dict[str, str]) -> None: ...
