"""What an answered call costs our user agent, against a responder that only fills in text templates.

SIPp calls both in turn: INVITE, 100, 180, 200, ACK, BYE, 200. Target: at most 8 times the CPU time.
"""

import statistics

from sipp import load

TARGET = 8.0
ROUNDS, CALLS, RATE = 3, 2_000, 300


def ms_per_call(pid: int, port: int) -> float:
    """Return the CPU milliseconds that one call costs a server, over one round."""
    before = load.cpu_seconds(pid)
    load.call(port, "0352001234", CALLS, RATE)
    return (load.cpu_seconds(pid) - before) / CALLS * 1e3


def main() -> None:
    """Print both costs and their ratio."""
    ours_port, canned_port = load.free_port(), load.free_port()
    ours, canned = [], []
    with (
        load.server(load.module("sipp.answering", ours_port), ours_port) as ours_pid,
        load.server(load.module("sipp.canned", canned_port), canned_port) as canned_pid,
    ):
        for _ in range(ROUNDS):
            canned.append(ms_per_call(canned_pid, canned_port))
            ours.append(ms_per_call(ours_pid, ours_port))
    mine, floor = statistics.median(ours), statistics.median(canned)
    print(f"canned responder     {floor:6.3f} ms CPU per answered call")
    print(f"chakka user agent    {mine:6.3f} ms CPU per answered call")
    print(f"ratio                {mine / floor:6.2f} times (target: at most {TARGET:g})")


if __name__ == "__main__":
    main()
