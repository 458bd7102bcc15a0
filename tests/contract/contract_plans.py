"""Plans for tests, written as JSON documents: a sound one, changed key by key."""

import json
from typing import Any

from chakka.contract.model import Contract
from chakka.contract.rules import problems
from chakka.contract.text import read
from chakka.errors import Problem
from chakka.facts import numbering_table

TABLE = numbering_table()

TOKYO = {"id": "tokyo", "channels": 2, "numbers": ["0352001234", "0352001235"]}
OSAKA = {"id": "osaka", "channels": 1, "numbers": ["0662001234"]}
ALL_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def plan(**keys: Any) -> dict[str, Any]:
    """Return a sound plan (one line, one group, 0352001234 rings for all of Japan) with keys replaced."""
    return {
        "number": "0120123456",
        "lines": [TOKYO],
        "groups": [group("japan", to="0352001234")],
        **keys,
    }


def group(name: str, **keys: Any) -> dict[str, Any]:
    """Return a nationwide group that accepts mobiles, with keys replaced."""
    return {"name": name, "origin": {"nationwide": True}, "mobile": True, **keys}


def schedule(*slots: Any, **keys: Any) -> dict[str, Any]:
    """Return a schedule whose every day takes the pattern `daily` with these slots."""
    return {"patterns": {"daily": list(slots)}, "week": dict.fromkeys(ALL_DAYS, "daily"), **keys}


def text_of(document: object) -> bytes:
    """Return a document as JSON text."""
    return json.dumps(document, ensure_ascii=False).encode()


def contract_of(document: object) -> Contract:
    """Return the contract of a plan that can be read."""
    contract, found = read(text_of(document), TABLE)
    assert found == []
    assert contract is not None
    return contract


def found_in(document: object) -> list[Problem]:
    """Return everything that is wrong with a plan: its text and its rules."""
    contract, found = read(text_of(document), TABLE)
    return found if contract is None else problems(contract, TABLE)


def faults(document: object) -> list[tuple[str, str]]:
    """Return (code, place) of everything that is wrong with a plan."""
    return [(problem.code, problem.where) for problem in found_in(document)]
