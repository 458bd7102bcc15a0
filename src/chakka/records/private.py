"""What of a journal entry is nobody's business: who called, whom a line called, and how to reach them.

An entry is sealed before it is written and stays so in journal and ledger. Class, area, prefecture, carrier
group, times and the decision stand beside in clear, so rating and replay need no key (charging.md §6).
"""

from functools import lru_cache
from typing import TypeVar

import msgspec

from chakka.errors import InputError
from chakka.records.model import Answered, CallFacts, CallKind, Entry, Leg, Record, Seized, Unanswered
from chakka.records.seal import MonthKey, seal, tag, unseal
from chakka.routing.attempt import CallAttempt, Presentation

Text = TypeVar("Text")


class _Callee(msgspec.Struct, frozen=True, array_like=True):
    """Whom a line called. ends: destination and address of each leg, in order."""

    number: str
    ends: tuple[tuple[str, str], ...]


class _Private(msgspec.Struct, frozen=True, array_like=True):
    """What is taken out of the facts of a call. callee: of outgoing calls alone.

    sip_call_id: telephones make it of their address, or of their number.
    """

    calling_number: str | None
    sip_call_id: str
    line: str | None
    callee: _Callee | None


_ENCODER = msgspec.msgpack.Encoder()
_FACTS = msgspec.msgpack.Decoder(_Private)
_DIALOGS = msgspec.msgpack.Decoder(tuple[str, str])


def sealed(entry: Entry, key: MonthKey | None) -> Entry:
    """Return the entry as it may be written.

    key:    that of the month in which the call arrived; None: what is private is left out for good, and the
            number is said to have been unavailable. An entry that is sealed already stays as it is.
    """
    match entry:
        case Answered():
            return _sealed_answer(entry, key)
        case Seized() | Unanswered():
            facts = _sealed_facts(entry.facts, key)
            return msgspec.structs.replace(entry, facts=facts)
        case _:
            return entry


def unsealed(facts: CallFacts, key: MonthKey) -> CallFacts:
    """Return the facts of a call with everything that was sealed; plain ones as they are.

    Raises: InputError if they were sealed with another key.
    """
    if not facts.caller:
        return facts
    private = _decoded(_FACTS, facts.caller, facts.call_id, key)
    facts = msgspec.structs.replace(
        facts,
        caller=b"",
        sip_call_id=private.sip_call_id,
        line=private.line,
        attempt=msgspec.structs.replace(facts.attempt, calling_number=private.calling_number),
    )
    return facts if private.callee is None else _with_callee(facts, private.callee)


def unsealed_record(record: Record, key: MonthKey) -> Record:
    """Return the record of a call with everything that was sealed; a plain one as it is.

    Raises: InputError if it was sealed with another key.
    """
    facts = unsealed(record.facts, key)
    # An outgoing call was answered where its last leg went.
    is_hidden = record.destination == "" and facts.legs
    destination = facts.legs[-1].destination if is_hidden else record.destination
    return msgspec.structs.replace(record, facts=facts, destination=destination)


def unsealed_answer(answer: Answered, key: MonthKey) -> Answered:
    """Return an answer with its two dialog texts; a plain one as it is.

    Raises: InputError if they were sealed with another key.
    """
    if not answer.dialogs:
        return answer
    caller, callee = _decoded(_DIALOGS, answer.dialogs, answer.facts.call_id, key)
    return msgspec.structs.replace(answer, dialogs=b"", caller_dialog=caller, callee_dialog=callee)


def is_sealed(facts: CallFacts) -> bool:
    """Return whether a key is needed to read who called."""
    return bool(facts.caller)


def _sealed_answer(answer: Answered, key: MonthKey | None) -> Answered:
    facts = _sealed_facts(answer.facts, key)
    if answer.dialogs:
        return msgspec.structs.replace(answer, facts=facts)
    texts = _ENCODER.encode((answer.caller_dialog, answer.callee_dialog))
    return msgspec.structs.replace(
        answer,
        facts=facts,
        # Of an outgoing call it is the last leg's, which has been sealed.
        destination="" if facts.kind is CallKind.OUTGOING else answer.destination,
        dialogs=b"" if key is None else seal(key, texts, facts.call_id),
        caller_dialog="",
        callee_dialog="",
    )


def _sealed_facts(facts: CallFacts, key: MonthKey | None) -> CallFacts:
    if facts.caller:
        return facts
    is_outgoing = facts.kind is CallKind.OUTGOING
    private = _Private(
        calling_number=facts.attempt.calling_number,
        sip_call_id=facts.sip_call_id,
        line=facts.line,
        callee=_callee(facts) if is_outgoing else None,
    )
    octets, number = _ENCODER.encode(private), private.calling_number
    caller, caller_tag = (b"", b"") if key is None else _closed(key, octets, number, facts.call_id)
    blank = msgspec.structs.replace(
        facts,
        caller=caller,
        caller_tag=caller_tag,
        sip_call_id="",
        # The line that calls a freephone number is its caller; else the record is the line's own.
        line=None if facts.kind is CallKind.FREEPHONE else facts.line,
        attempt=_without_caller(facts.attempt, is_lost=key is None),
    )
    return _without_callee(blank) if is_outgoing else blank


@lru_cache(maxsize=1024)
def _closed(key: MonthKey, private: bytes, number: str | None, call_id: str) -> tuple[bytes, bytes]:
    """Return what is sealed, and the tag.

    Kept for a while: a call is written down when it comes, and again when it is answered or over.
    """
    return seal(key, private, call_id), tag(key, number) if number else b""


def _without_caller(attempt: CallAttempt, *, is_lost: bool) -> CallAttempt:
    if is_lost and attempt.presentation is Presentation.ALLOWED:
        return msgspec.structs.replace(attempt, calling_number=None, presentation=Presentation.UNAVAILABLE)
    return msgspec.structs.replace(attempt, calling_number=None)


def _callee(facts: CallFacts) -> _Callee:
    ends = tuple((leg.destination, leg.address) for leg in facts.legs)
    return _Callee(number=facts.attempt.called_number, ends=ends)


def _without_callee(facts: CallFacts) -> CallFacts:
    return _with_callee(facts, _Callee(number="", ends=(("", ""),) * len(facts.legs)))


def _with_callee(facts: CallFacts, callee: _Callee) -> CallFacts:
    return msgspec.structs.replace(
        facts,
        attempt=msgspec.structs.replace(facts.attempt, called_number=callee.number),
        # A record that was handed over flat has no legs any more.
        legs=tuple(_ending(leg, *end) for leg, end in zip(facts.legs, callee.ends, strict=False)),
    )


def _ending(leg: Leg, destination: str, address: str) -> Leg:
    return msgspec.structs.replace(leg, destination=destination, address=address)


def _decoded(decoder: msgspec.msgpack.Decoder[Text], octets: bytes, call_id: str, key: MonthKey) -> Text:
    try:
        return decoder.decode(unseal(key, octets, call_id))
    except msgspec.DecodeError as fault:
        raise InputError(f"call {call_id}: what was sealed is of another version: {fault}") from fault
