"""Decisions that no plan makes, and how they are told."""

import pytest
from routing_contracts import FREEPHONE, TOKYO

from chakka.routing import planless
from chakka.routing.decision import Announcement, Decision, Outcome, Reason
from chakka.routing.document import sentences

FRIEND = "0312345678"
DECISIONS = {
    "direct": planless.direct(TOKYO),
    "presented": planless.outgoing(TOKYO, FRIEND, "carrier", FREEPHONE),
    "withheld": planless.outgoing(TOKYO, FRIEND, "carrier", None),
    "on": planless.notification_set(TOKYO, FREEPHONE, is_on=True),
    "off": planless.notification_set(TOKYO, FREEPHONE, is_on=False),
    "refused": planless.notification_refused(TOKYO),
    "data": planless.no_g711(),
    "no trunk": planless.no_trunk(),
}


def test_r2_8_a_call_to_a_line_number_goes_there_and_nowhere_else() -> None:
    decision = DECISIONS["direct"]
    assert (decision.outcome, decision.targets, decision.plan) == (Outcome.CONNECT, (TOKYO,), "")


def test_r6_1_starting_and_stopping_are_confirmed_by_their_own_texts() -> None:
    assert DECISIONS["on"].announcement is Announcement.NOTIFICATION_ON
    assert DECISIONS["off"].announcement is Announcement.NOTIFICATION_OFF
    assert DECISIONS["refused"].announcement is Announcement.NOTIFICATION_REFUSED
    assert DECISIONS["on"].reason is DECISIONS["off"].reason is Reason.NOTIFICATION_SET


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS)
def test_every_decision_is_told_in_sentences(decision: Decision, language: str) -> None:
    for step, sentence in zip(decision.trace, sentences(decision.trace, language), strict=True):  # type: ignore[arg-type]
        assert sentence != " ".join(step)
        assert all(argument in sentence for argument in step[1:])
