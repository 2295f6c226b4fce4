"""A library of sequences, all variants of it: which ones to make next?"""

# %%
import itertools

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import esscher

rng = np.random.default_rng(0)
letters = np.array(list(itertools.product("ACDE", repeat=4)))
effect = rng.standard_normal((4, 4))
level = sum(effect[j, np.searchsorted(list("ACDE"), letters[:, j])] for j in range(4))
activity = np.tanh(level) + 0.1 * rng.standard_normal(len(letters))

encoder = OneHotEncoder(sparse_output=False, dtype=np.float32)
X = encoder.fit_transform(letters)
# %% Every variant is there, so that values are sums over all of them.
evaluation = esscher.evaluate(X, activity, beta=[0.5, 0.25], rounds=2, enumerated=True)
print(evaluation.recommendation.verdict)
evaluation

# %%
measured = rng.permutation(len(letters))[:128]
model = make_pipeline(encoder, esscher.TiltedRewardRegressor(beta=0.25, rounds=2))
model.fit(letters[measured], activity[measured])
rest = np.setdiff1d(np.arange(len(letters)), measured)
picks = rest[esscher.soft_best_of_n(model.predict(letters[rest]), beta=0.25, size=8)]
print("make next:", " ".join("".join(letters[i]) for i in picks))
print(f"their mean activity {activity[picks].mean():.3f}, of all others {activity[rest].mean():.3f}")
