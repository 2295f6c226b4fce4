"""Exponents and temperatures of a reward of one's own."""

# %%
import numpy as np
from numpy.typing import NDArray

import esscher


def reward(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """A plateau with a bump: any function of arrays."""
    return np.where(np.abs(z) < 1, np.cos(np.pi * z), -1.0)


# %%
found = esscher.theory(reward, beta=[2, 1, 0.5])
print(f"information exponent {found.information_exponent}")
print(f"generative exponent {found.generative_exponent}")
print(f"best feature temperature {found.best_beta1}")
for beta, value, kl in zip(found.beta, found.optimal_value, found.kl, strict=True):
    print(f"beta {beta:4.2f}: J* = {value:.6f} at KL {kl:.4f} nats")
found
