"""A phase diagram: from how many weighted samples neurons find the hidden direction."""

# %%
import numpy as np

import esscher

LINK, NOISE = "damped_hermite:3", "gaussian:0.3"
TEMPERATURES: list[float | str] = [0.15, 0.35, 1.0, 3.0, "none"]
SAMPLES = [3_000, 30_000, 300_000]


# %%
def found(temperature: float | str, samples: int) -> float:
    """The share of neurons that found it."""
    result = esscher.simulate(
        LINK, noise=NOISE, dim=1000, width=32, engine="marginal",
        feature_temperature=temperature, feature_samples=samples,
        # Only stage 1 matters here.
        refine=False, readout_samples=500, policy_samples=1000, weights="uniform", beta=1.0,
    )  # fmt: skip
    return float(result.to_dict()["features"]["weakly_recovered"]["value"])


shares = np.array([[found(t, n) for n in SAMPLES] for t in TEMPERATURES])

# %%
print("feature temperature" + "".join(f"{n:>10} samples" for n in SAMPLES))
for temperature, row in zip(TEMPERATURES, shares, strict=True):
    print(f"{temperature!s:>19}" + "".join(f"{share:>18.2f}" for share in row))

# %% What theory says of it
theory = esscher.theory(LINK, noise=NOISE)
print(f"best feature temperature {theory.best_beta1:.3f}")
print(f"information exponent {theory.information_exponent}: without weights samples grow as d^2")
