"""A reward head on frozen embeddings: how far may best-of-n and tilting go?

Here the embeddings are synthetic: 32 numbers for each of 6 candidates of 50 prompts, whose reward
turns on two directions and on the prompt, whose level no policy sees.
"""

# %%
import numpy as np

import esscher

rng = np.random.default_rng(0)
prompts = np.repeat(np.arange(50), 6)
embeddings = rng.standard_normal((300, 32), dtype=np.float32)
level = rng.standard_normal(50)[prompts]
score = np.tanh(1.5 * embeddings[:, 0]) + 0.5 * embeddings[:, 1] + level
score = score + 0.2 * rng.standard_normal(300)

# %%
evaluation = esscher.evaluate(embeddings, score, groups=prompts, beta=[1, 0.5], rounds=2)
print(evaluation)

# %%
found = evaluation.recommendation
if found.beta is None:
    raise SystemExit("no safe temperature")
head = esscher.TiltedRewardRegressor(beta=found.beta, rounds=2)
head.fit(embeddings, score, groups=prompts)
rewards = head.predict(embeddings, weights=evaluation.recommended, beta=found.beta)
chosen = esscher.resample(rewards, found.beta, size=1, groups=prompts)[:, 0]
print(f"one candidate a prompt at beta = {found.beta:.3g}: rows {chosen[:5]} ...")
