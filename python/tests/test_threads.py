"""On which thread calls run: brief ones on that of the caller, all others on threads that end."""

from __future__ import annotations

import numpy as np
import pandas
import pytest
from alone import printed_alone

from esscher import TiltedRewardRegressor

# What a process does alone, beside which nothing else starts threads; NumPy's are there already.
BEFORE = """
        import os
        import signal
        import time
        import numpy as np
        import esscher

        def threads():
            return set(os.listdir("/proc/self/task"))

        # New threads that stay. One that was waited for is listed until the system is done with it,
        # and so are those that OpenMP has told to end.
        def left(before):
            for _ in range(1000):
                if not threads() - before:
                    break
                time.sleep(0.01)
            return threads() - before

        rng = np.random.default_rng(0)
        x = rng.standard_normal((90, 3))
        model = esscher.TiltedRewardRegressor(beta=1, rounds=0, threads=3).fit(x, x[:, 0])
        row, rows = rng.standard_normal((1, 3)), rng.standard_normal((1000, 3))
        r, y = rng.standard_normal((2, 3000))
        groups = np.arange(3000) // 10
        many, label = rng.standard_normal((2, 60_000))

        def brief():
            return [
                model.predict(row), model.predict(rows),
                esscher.policy_value(r, y, 1.0, bootstrap=0, threads=3).gold.value,
                esscher.policy_value(r[:19], y[:19], 1.0, threads=3).gold.value,
                esscher.policy_value(r, y, 1.0, groups, bootstrap=0, threads=3).gold.value,
                esscher.admissible_temperatures(r, y, [1, 0.5], threads=3).gold_optimal_beta,
                esscher.best_of_n_value(r, y, 4).gold.value,
                esscher.tilt(r, 1.0),
                esscher.resample(r, 1.0, 9000, threads=3),
                esscher.best_of_n(r, 4, 20, groups, threads=3),
                esscher.soft_best_of_n(r, 1.0, 3, groups, threads=3),
            ]

        def long():
            return [
                model.predict(np.tile(rows, (30, 1))),
                esscher.policy_value(many, label, 1.0, bootstrap=0, threads=3).gold.value,
                esscher.policy_value(r, y, 1.0, threads=3).gold.value,
                esscher.resample(many, 1.0, 60_000, threads=3),
            ]
"""


def test_no_thread_is_left_and_forks_work():
    # Threads that OpenMP keeps are not in a child, which would wait for them for ever.
    code = BEFORE + """
        before = threads()
        first = brief()
        assert not left(before), "of a brief call"
        second = long()
        assert not left(before), "of a long call"
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            for here, there in zip(first + second, brief() + long(), strict=True):
                np.testing.assert_array_equal(there, here)
            os._exit(0)
        print(os.waitpid(child, 0)[1])
    """
    assert printed_alone(code) == "0\n"


def test_brief_calls_wait_for_no_thread():
    # Who has a thread do the work waits for it, once a call at least.
    code = BEFORE + """
        import resource

        def waits(call):
            def so_far():
                return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
            before = so_far()
            for _ in range(100):
                call()
            return so_far() - before

        print(waits(lambda: model.predict(row)) < 50)
        print(waits(lambda: esscher.policy_value(r[:9], y[:9], 1.0, bootstrap=0)) < 50)
        print(waits(lambda: esscher.policy_value(many, label, 1.0, bootstrap=0)) >= 50)
    """
    assert printed_alone(code).split() == ["True"] * 3


@pytest.mark.parametrize("rows", [1, 2, 90, 300])
def test_few_rows_have_the_bits_of_many(rows):
    rng = np.random.default_rng(rows)
    x = rng.standard_normal((90, 3))
    model = TiltedRewardRegressor(beta=1, rounds=0).fit(x, x[:, 0])
    many = rng.standard_normal((30_000, 3))
    np.testing.assert_array_equal(model.predict(many[:rows]), model.predict(many)[:rows])


def test_arrays_that_are_taken_as_they_are_are_looked_at_all_the_same(table):
    x, y = table
    model = TiltedRewardRegressor(beta=1, rounds=0).fit(x[:60], y[:60])
    for dtype in (np.float64, np.float32):
        part = x[:3].astype(dtype)
        np.testing.assert_array_equal(model.predict(part), model.predict(part.astype(object)))
        part[1, 2] = np.nan
        with pytest.raises(ValueError, match=r"^X\[1, 2\] = NaN: must be finite"):
            model.predict(part)
    with pytest.raises(ValueError, match="X has 4 features"):
        model.predict(x[:3, :4])
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(x[:0])
    with pytest.raises(ValueError, match="^X: must be two-dimensional"):
        model.predict(x[0])
    named = TiltedRewardRegressor(beta=1, rounds=0).fit(
        pandas.DataFrame(x[:60], columns=list("abcde")), y[:60]
    )
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        named.predict(x[:3])
