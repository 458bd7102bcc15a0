"""Every INVITE of the corpus tells what its file says (signalling.md §1)."""

import pytest
from caller_corpus import Specimen, specimens
from routing_contracts import TABLE

from chakka.caller.facts import facts
from chakka.routing.attempt import CallAttempt

SPECIMENS = specimens()


def told(attempt: CallAttempt) -> dict[str, object]:
    return {
        "trunk": attempt.trunk,
        "called": attempt.called_number,
        "number": attempt.calling_number,
        "presentation": attempt.presentation.value,
        "class": attempt.rating_class.value,
        "admitted": attempt.caller_class.value,
        "area": attempt.charge_area,
        "prefecture": attempt.prefecture,
        "group": attempt.carrier_group,
        "g711": attempt.has_g711,
        "sources": dict(attempt.sources),
    }


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
def test_an_invite_of_the_corpus_tells_its_facts(specimen: Specimen) -> None:
    unsaid = dict.fromkeys(("number", "area", "prefecture", "group"))
    usual = {"called": "0120123456", "admitted": specimen.expected["class"], "g711": True}
    attempt = facts(specimen.request, specimen.profile, TABLE, 0)
    assert told(attempt) == unsaid | usual | specimen.expected


def test_the_corpus_is_whole() -> None:
    assert len(SPECIMENS) >= 100
