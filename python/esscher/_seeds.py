"""Seeds of the C++ side of what scikit-learn calls a random state."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_random_state


def seed_of(random_state: int | np.random.RandomState | None) -> int:
    """A number as it is; of a generator, or of NumPy's own, its next draw."""
    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    return int(check_random_state(random_state).randint(1, 2**31 - 1))
