"""The figures of a call plane, named; docs/operations.md says what each means to an operator."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chakka.callplane.call import Call, State
from chakka.callplane.counts import Counts
from chakka.callplane.exposition import Family, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """What is true at the edge just now. Times in seconds.

    journal_waiting: entries not yet on the disk; journal_lag: how long the oldest of them has waited;
    journal_sync: how long the last batch took; feed_lost: events that nobody took.
    """

    started_utc_s: float
    journal_waiting: int
    journal_lag: float
    journal_sync: float
    journal_has_room: bool
    is_shedding: bool


def families(
    counts: Counts, sip: Mapping[str, int], calls: Mapping[str, Call], gauges: Gauges
) -> Iterator[Family]:
    """Yield every metric of a call plane.

    sip: what the user agent dropped or refused, by word. calls: those that are up or being set up.
    """
    yield from _of_calls(counts, calls)
    yield from _of_sip(counts, sip, gauges)
    yield from _of_journal(counts, gauges)
    started = gauges.started_utc_s
    yield Family("chakka_start_time_seconds", "gauge", "UTC at which the process started.", [({}, started)])


def _of_calls(counts: Counts, calls: Mapping[str, Call]) -> Iterator[Family]:
    decided: list[Sample] = [
        ({"outcome": outcome, "reason": reason}, times) for (outcome, reason), times in counts.decided.items()
    ]
    yield Family("chakka_calls_decided_total", "counter", "Calls by what the plan decided.", decided)
    ended = _by("reason", counts.ended)
    yield Family("chakka_calls_ended_total", "counter", "Calls by what became of them.", ended)
    states = Counter(call.state.value for call in calls.values())
    up: list[Sample] = [
        ({"state": state.value}, states[state]) for state in State if state is not State.RELEASED
    ]
    yield Family("chakka_calls", "gauge", "Calls now, by state.", up)
    streams = sum(_streams(call) for call in calls.values())
    yield Family("chakka_media_streams", "gauge", "Streams that the media process holds.", [({}, streams)])
    branches = _by("end", counts.branches)
    yield Family("chakka_branches_total", "counter", "Attempts to reach a line, by end.", branches)
    meaning = "From the INVITE to ringing or an announcement."
    yield Family("chakka_first_sign_seconds", "histogram", meaning, counts.shown_after)
    meaning = "From the INVITE to the answer of a line."
    yield Family("chakka_answer_seconds", "histogram", meaning, counts.answered_after)


def _streams(call: Call) -> int:
    if call.relay is not None:
        return 2
    return 1 if call.state in (State.OPENING, State.PLAYING) else 0


def _of_sip(counts: Counts, sip: Mapping[str, int], gauges: Gauges) -> Iterator[Family]:
    dropped = _by("what", sip)
    yield Family("chakka_sip_refused_total", "counter", "Messages dropped or refused.", dropped)
    strangers: list[Sample] = [({}, counts.strangers)]
    yield Family("chakka_sip_strangers_total", "counter", "INVITEs that no trunk of ours sent.", strangers)
    shed: list[Sample] = [({}, counts.shed)]
    yield Family("chakka_calls_shed_total", "counter", "Calls not let in, told minute by minute.", shed)
    meaning = "Wait of SIP messages in the kernel, first of each turn."
    yield Family("chakka_queue_seconds", "histogram", meaning, counts.queued)
    shedding: list[Sample] = [({}, gauges.is_shedding)]
    yield Family("chakka_shedding", "gauge", "1 while new calls get 503.", shedding)


def _of_journal(counts: Counts, gauges: Gauges) -> Iterator[Family]:
    yield Family(
        "chakka_journal_durable_seconds", "histogram", "From an answer to its entry on disk.", counts.durable
    )
    for name, meaning, value in (
        ("chakka_journal_waiting_entries", "Entries not yet on disk.", gauges.journal_waiting),
        ("chakka_journal_lag_seconds", "Wait of the oldest of them.", gauges.journal_lag),
        ("chakka_journal_sync_seconds", "Time that the last batch took.", gauges.journal_sync),
        (
            "chakka_journal_has_room",
            "0 when new calls are refused for want of disk.",
            gauges.journal_has_room,
        ),
    ):
        yield Family(name, "gauge", meaning, [({}, value)])
    lost: list[Sample] = [({}, counts.numbers_lost)]
    meaning = "Callers' numbers in entries that were written without a key to seal them."
    yield Family("chakka_caller_numbers_lost_total", "counter", meaning, lost)


def _by(label: str, counted: Mapping[str, int]) -> list[Sample]:
    return [({label: word}, times) for word, times in counted.items()]
