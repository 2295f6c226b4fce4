"""A library of sequences, all variants of it: which ones to make next?"""

# %%
import itertools

import numpy as np
from sklearn.pipeline import make_pipeline

import esscher

rng = np.random.default_rng(0)
letters = np.array(list(itertools.product("ACDE", repeat=4)))
effect = rng.standard_normal((4, 4))
level = sum(effect[j, np.searchsorted(list("ACDE"), letters[:, j])] for j in range(4))
activity = np.tanh(level) + 0.1 * rng.standard_normal(len(letters))

sequences = ["".join(row) for row in letters]  # "AAAA" to "EEEE"
X = esscher.SequenceEncoder().fit_transform(sequences)
# %% Every variant is there, so that values are sums over all of them.
evaluation = esscher.evaluate(X, activity, beta=[0.5, 0.25], rounds=2, enumerated=True)
print(evaluation.recommendation.verdict)
evaluation

# %%
measured = rng.permutation(len(letters))[:128]
model = make_pipeline(esscher.SequenceEncoder(), esscher.TiltedRewardRegressor(beta=0.25, rounds=2))
model.fit([sequences[i] for i in measured], activity[measured])
rest = np.setdiff1d(np.arange(len(sequences)), measured)
r = model.predict([sequences[i] for i in rest])
picks = rest[esscher.soft_best_of_n(r, beta=0.25, size=8)]
print("make next:", " ".join(sequences[i] for i in picks))
print(f"their mean activity {activity[picks].mean():.3f}, of all others {activity[rest].mean():.3f}")
