"""What a bridged call costs the call plane by itself, without network and disk, and where the time goes.

The peers are scripted in the same process; their share is measured alone and taken off.
"""

import cProfile
import gc
import pstats
import statistics
import time
from itertools import count

from sipp import canned, text
from sipp.rehearsal import LINE_PORT, Rehearsal

ROUNDS, CALLS, PROFILED = 7, 1_000, 1_000
GAP_S = 0.005
SHOWN = 25


def bridge(rehearsal: Rehearsal, names: "count[int]", calls: int) -> None:
    """Set up and release calls one after the other; time passes, so that finished transactions end."""
    for _ in range(calls):
        name = f"call{next(names)}"
        rehearsal.set_up(name)
        rehearsal.release(name)
        rehearsal.wait(GAP_S)


def scripted(calls: int) -> None:
    """Do only what the peers of as many calls do."""
    for place in range(calls):
        canned.answers(text.invite(f"call{place}"), LINE_PORT)
        text.in_dialog("ACK", f"call{place}", 1, ";tag=canned")
        canned.answers(text.in_dialog("BYE", f"call{place}", 2, ";tag=canned"), LINE_PORT)


def main() -> None:
    """Print the median cost and the functions that take most of it."""
    rehearsal, names = Rehearsal(), count()
    bridge(rehearsal, names, CALLS)
    gc.collect()
    gc.freeze()
    costs = []
    for _ in range(ROUNDS):
        began = time.process_time()
        bridge(rehearsal, names, CALLS)
        bridged = time.process_time()
        scripted(CALLS)
        costs.append((bridged - began - (time.process_time() - bridged)) / CALLS * 1e3)
    print(f"bridged call in the call plane   {statistics.median(costs):.3f} ms CPU")
    profile = cProfile.Profile()
    profile.runcall(bridge, rehearsal, names, PROFILED)
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(SHOWN)


if __name__ == "__main__":
    main()
