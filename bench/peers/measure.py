"""What all comparisons share: times in turn, and lines of the table.

All programs have one thread, and times are processor seconds, user's and system's, which other work
on the machine changes less than those of a clock.
"""

import statistics
import time

LEAST_SECONDS = 0.1  # of one measurement; what is quicker is repeated within it


class Disagreement(Exception):
    """Two programs were to compute one thing, and did not."""


def require(holds, what):
    if not holds:
        raise Disagreement(what)


def seconds(run, times):
    begin = time.process_time()
    for _ in range(times):
        run()
    return (time.process_time() - begin) / times


def times_within(run):
    """How often it is run to be measured; this warms it up as well."""
    first = seconds(run, 1)
    return 1 if first > LEAST_SECONDS else max(1, round(LEAST_SECONDS / seconds(run, 1)))


def compare(subject, size, agreement, ours, peers, turns=5):
    """Prints a line of the table for each peer.

    In each turn ours runs, then each of the `peers` (functions by name), which gives one ratio each.
    Where `ours` gives a number, that is its seconds: those of a part of what it does.
    """
    told = isinstance(ours(), float)
    our_times = 1 if told else times_within(ours)
    their_times = {name: times_within(run) for name, run in peers.items()}
    own, their = [], {name: [] for name in peers}
    for _ in range(turns):
        own.append(ours() if told else seconds(ours, our_times))
        for name, run in peers.items():
            their[name].append(seconds(run, their_times[name]))
    for name, took in their.items():
        ratios = sorted(theirs / mine for mine, theirs in zip(own, took, strict=True))
        said = agreement[name] if isinstance(agreement, dict) else agreement
        print(f"| {subject} | {name} | {size} | {text(own)} | {text(took)} "
              f"| {number(statistics.median(ratios))} ({number(ratios[0])} to {number(ratios[-1])}) "
              f"| {said} |", flush=True)


def number(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def text(times):
    value = statistics.median(times)
    if value < 1e-3:
        return f"{value * 1e6:.3g} us"
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"
