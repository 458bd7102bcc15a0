"""What of an entry is sealed, and what stays in clear for rating and replay (charging.md §6)."""

import msgspec
import pytest
from journalled_calls import TOKYO, answered, confirmed, facts, refused, released, tick

from chakka.errors import InputError
from chakka.records.entries import decode, encode
from chakka.records.fold import NOTHING, add, fold
from chakka.records.model import (
    Answered,
    CallFacts,
    CallKind,
    Entry,
    Record,
    Seized,
    Unanswered,
)
from chakka.records.private import is_sealed, sealed, unsealed, unsealed_answer, unsealed_record
from chakka.records.seal import month_key, tag
from chakka.routing.attempt import Presentation
from chakka.routing.decision import Reason

KEY, OTHER_KEY = month_key(bytes(32)), month_key(bytes([1]) * 32)
CALLER, FRIEND = "0422511234", "0312345678"
# What a telephone made of its own number, and the dialogs that a late BYE needs.
CALLER_DIALOG = '{"remote": "\\"Kimura\\" <sip:+81422511234@192.0.2.7>"}'
CALLEE_DIALOG = '{"local": "<sip:0422511234@chakka>"}'


def private_facts(kind: CallKind = CallKind.FREEPHONE) -> CallFacts:
    """A call whose Call-ID repeats the number, made by a line of ours."""
    known = msgspec.structs.replace(
        facts("c1"), kind=kind, line=CALLER, sip_call_id="422511234-99@192.0.2.7", presented=TOKYO
    )
    if kind is not CallKind.OUTGOING:
        return known
    leg = msgspec.structs.replace(
        known.legs[0], destination=FRIEND, address=f"sip:{FRIEND}@192.0.2.1", status=200
    )
    attempt = msgspec.structs.replace(known.attempt, called_number=FRIEND)
    return msgspec.structs.replace(
        known, attempt=attempt, legs=(leg,), line=TOKYO, trace=(("outgoing", TOKYO, "carrier"),)
    )


def answer(kind: CallKind = CallKind.FREEPHONE) -> Answered:
    known = private_facts(kind)
    return msgspec.structs.replace(
        answered("c1"),
        facts=known,
        destination=known.legs[-1].destination,
        caller_dialog=CALLER_DIALOG,
        callee_dialog=CALLEE_DIALOG,
    )


def seized() -> Seized:
    return Seized(facts=private_facts(), reason=Reason.OK, announcement=None, monotonic_ms=1)


def refusal() -> Unanswered:
    return msgspec.structs.replace(refused("c1"), facts=private_facts())


@pytest.mark.parametrize("entry", [answer(), seized(), refusal()], ids=["answered", "seized", "unanswered"])
def test_no_octet_of_an_entry_tells_who_called(entry: Answered | Seized | Unanswered) -> None:
    written = encode(sealed(entry, KEY))
    assert b"422511234" in encode(entry)
    for trace in (b"422511234", b"Kimura", b"192.0.2.7"):
        assert trace not in written


def test_no_octet_of_an_outgoing_call_tells_whom_it_went_to() -> None:
    written = encode(sealed(answer(CallKind.OUTGOING), KEY))
    assert FRIEND[1:].encode() not in written
    # It is the record of the line, whose subscriber it belongs to.
    assert TOKYO.encode() in written


def test_the_line_that_calls_a_freephone_number_is_its_caller_and_sealed() -> None:
    for kind, line in ((CallKind.FREEPHONE, None), (CallKind.NOTIFICATION, CALLER)):
        entry = sealed(answer(kind), KEY)
        assert isinstance(entry, Answered)
        assert entry.facts.line == line


def test_what_rating_and_replay_need_stands_in_clear() -> None:
    before, after = private_facts(), written(answer()).facts
    private = {"calling_number": None}
    assert after.attempt == msgspec.structs.replace(before.attempt, **private)
    assert (after.trace, after.legs, after.outcome, after.group) == (
        before.trace,
        before.legs,
        before.outcome,
        before.group,
    )


def written(entry: Answered, key: bytes = bytes(32)) -> Answered:
    """Return an answer as the journal gives it back."""
    read = decode(encode(sealed(entry, month_key(key))))
    assert isinstance(read, Answered)
    return read


@pytest.mark.parametrize("kind", CallKind)
def test_with_the_key_everything_is_as_it_was(kind: CallKind) -> None:
    before = answer(kind)
    after = written(before)
    assert is_sealed(after.facts)
    facts_after = unsealed(after.facts, KEY)
    assert not is_sealed(facts_after)
    assert msgspec.structs.replace(facts_after, caller_tag=b"") == before.facts
    dialogs = unsealed_answer(after, KEY)
    assert (dialogs.caller_dialog, dialogs.callee_dialog) == (CALLER_DIALOG, CALLEE_DIALOG)


@pytest.mark.parametrize("kind", CallKind)
def test_a_record_of_sealed_entries_reads_as_one_of_plain_ones(kind: CallKind) -> None:
    entries = (answer(kind), confirmed("c1"), released("c1"))
    plain, closed = record(*entries), record(*(sealed(entry, KEY) for entry in entries))
    opened = unsealed_record(closed, KEY)
    assert (
        msgspec.structs.replace(opened, facts=msgspec.structs.replace(opened.facts, caller_tag=b"")) == plain
    )


def record(*entries: Entry) -> Record:
    """Return what entries of one call fold to."""
    call = NOTHING
    for sequence, entry in enumerate(entries):
        call = add(call, ("node1", 1, sequence), entry)  # type: ignore[arg-type]
    folded = fold(call)
    assert folded is not None
    return folded


def test_the_tag_stands_for_the_number_and_is_absent_where_there_is_none() -> None:
    assert written(answer()).facts.caller_tag == tag(KEY, CALLER)
    known = private_facts()
    nameless = msgspec.structs.replace(known.attempt, calling_number=None)
    entry = msgspec.structs.replace(answer(), facts=msgspec.structs.replace(known, attempt=nameless))
    assert written(entry).facts.caller_tag == b""
    assert unsealed(written(entry).facts, KEY).attempt.calling_number is None


def test_an_entry_that_is_sealed_already_stays_as_it_is() -> None:
    """A later boot closes calls of an earlier one, perhaps of a month whose key is another."""
    entry = sealed(answer(), KEY)
    assert sealed(entry, OTHER_KEY) == entry == sealed(entry, None)
    left_open = sealed(seized(), KEY)
    assert sealed(left_open, OTHER_KEY) == left_open


def test_the_same_entry_is_sealed_to_the_same_octets() -> None:
    assert encode(sealed(answer(), KEY)) == encode(sealed(answer(), KEY))


def test_entries_that_name_nobody_are_not_touched() -> None:
    for entry in (confirmed("c1"), released("c1"), tick(5, "c1")):
        assert sealed(entry, KEY) is entry


def test_without_a_key_the_number_is_lost_and_said_to_be_unavailable() -> None:
    entry = sealed(answer(), None)
    assert isinstance(entry, Answered)
    assert b"422511234" not in encode(entry)
    assert not is_sealed(entry.facts)
    assert (entry.facts.caller_tag, entry.dialogs, entry.caller_dialog) == (b"", b"", "")
    assert entry.facts.attempt.presentation is Presentation.UNAVAILABLE


def test_without_a_key_a_number_that_was_withheld_is_still_known_to_be() -> None:
    known = private_facts()
    attempt = msgspec.structs.replace(known.attempt, presentation=Presentation.WITHHELD)
    entry = sealed(
        msgspec.structs.replace(refusal(), facts=msgspec.structs.replace(known, attempt=attempt)), None
    )
    assert isinstance(entry, Unanswered)
    assert entry.facts.attempt.presentation is Presentation.WITHHELD


def test_plain_entries_of_an_earlier_version_stay_readable() -> None:
    assert unsealed(answer().facts, KEY) == answer().facts
    assert unsealed_answer(answer(), KEY) == answer()


def test_another_months_key_reads_nothing() -> None:
    entry = written(answer())
    for read in (lambda: unsealed(entry.facts, OTHER_KEY), lambda: unsealed_answer(entry, OTHER_KEY)):
        with pytest.raises(InputError, match="call c1"):
            read()


def test_a_flat_record_without_legs_still_tells_whom_a_line_called() -> None:
    flat = msgspec.structs.replace(written(answer(CallKind.OUTGOING)).facts, legs=())
    known = unsealed(flat, KEY)
    assert (known.attempt.called_number, known.legs) == (FRIEND, ())


def test_what_is_sealed_belongs_in_its_place() -> None:
    entry = written(answer())
    swapped = msgspec.structs.replace(entry, dialogs=entry.facts.caller)
    with pytest.raises(InputError, match="another version"):
        unsealed_answer(swapped, KEY)
