"""Seeds of the C++ side of what scikit-learn calls a random state."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_random_state

# As the library takes them.
_GREATEST = 10**18


def seed_of(random_state: int | np.random.RandomState | None) -> int:
    """A number as it is; of a generator, or of NumPy's own, its next draw."""
    if isinstance(random_state, (int, np.integer)):
        if 0 <= random_state <= _GREATEST:
            return int(random_state)
        raise _refusal(random_state)
    try:
        return int(check_random_state(random_state).randint(1, 2**31 - 1))
    except ValueError:
        raise _refusal(random_state) from None


def _refusal(random_state: object) -> ValueError:
    given = int(random_state) if isinstance(random_state, np.integer) else repr(random_state)
    return ValueError(
        f"random_state = {given}: must be a whole number from 0 to {float(_GREATEST):g}, a "
        "numpy.random.RandomState or None"
    )
