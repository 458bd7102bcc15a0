"""Callers' numbers from the journal to the ledger and the eye: sealed, masked, looked at, destroyed."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from journalled_calls import TEN_O_CLOCK_MS, answered, confirmed, facts, refused, released
from ledgers import journal, keyed

from chakka.cli.main import main
from chakka.facts import DATA
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.localtime import month_after, usage_month
from chakka.records.model import Answered, CallFacts, CallKind, Entry
from chakka.records.private import sealed
from chakka.routing.attempt import Presentation
from chakka.routing.live_facts import decode
from chakka.stores.journal_reader import JournalEntry, JournalReader
from chakka.stores.keys import Destruction, KeyStore
from chakka.stores.ledger import CallFilter, Ledger, Rated
from chakka.stores.plan_store import PlanStore

Chakka = Callable[..., tuple[int, str]]

CALLER, FRIEND, FREEPHONE, TOKYO = "0422511234", "0312345678", "0120123456", "0352001234"
MONTH = usage_month(TEN_O_CLOCK_MS)
LONG_AFTER_MS = TEN_O_CLOCK_MS + 400 * 86_400_000


def with_facts(entry: Answered, **changes: object) -> Answered:
    known = msgspec.structs.replace(entry.facts, **changes)
    return msgspec.structs.replace(entry, facts=known, destination=known.legs[-1].destination)


def outgoing(call_id: str) -> Answered:
    """A line calls a friend."""
    known: CallFacts = facts(call_id)
    attempt = msgspec.structs.replace(known.attempt, called_number=FRIEND, calling_number=TOKYO)
    legs = (msgspec.structs.replace(known.legs[0], destination=FRIEND, address=f"sip:{FRIEND}@192.0.2.1"),)
    return with_facts(
        answered(call_id), attempt=attempt, legs=legs, kind=CallKind.OUTGOING, line=TOKYO, trace=()
    )


def withheld(call_id: str) -> Answered:
    attempt = msgspec.structs.replace(facts(call_id).attempt, presentation=Presentation.WITHHELD)
    return with_facts(answered(call_id), attempt=attempt)


def by_a_line(call_id: str) -> Answered:
    """A line of ours calls a freephone number, and its telephone names the call after itself."""
    return with_facts(answered(call_id), line=CALLER, sip_call_id=f"7-+81{CALLER[1:]}@192.0.2.7")


def calls() -> list[Entry]:
    """c1 is answered, c2 refused, c3 to a friend, c4 withheld, c5 from a line of ours."""
    answers = (answered("c1"), outgoing("c3"), withheld("c4"), by_a_line("c5"))
    whole = [
        entry
        for answer in answers
        for entry in (answer, confirmed(answer.facts.call_id), released(answer.facts.call_id))
    ]
    return [*whole, refused("c2")]


def keep(directory: Path, entries: list[Entry], rules: Rules) -> None:
    """Journal entries, and take them into a ledger."""
    journal(directory / "journal", entries)
    with Ledger.open(directory / "ledger.sqlite") as ledger:
        take(keyed(entries), ledger, rules)


@pytest.fixture
def data(tmp_path: Path, rules: Rules) -> Path:
    """A data directory with the calls as the call plane writes them."""
    directory = tmp_path / "data"
    store = KeyStore(directory / "keys")
    store.make(MONTH)
    keep(directory, [sealed(entry, store.key(MONTH)) for entry in calls()], rules)
    return directory


@pytest.fixture
def chakka(data: Path, capsys: pytest.CaptureFixture[str]) -> Chakka:
    """Run a command on the data directory; give its exit code and output."""

    def run(*arguments: str) -> tuple[int, str]:
        try:
            code = main([*arguments, "--data", str(data)])
        except SystemExit as ended:
            code = int(str(ended.code))
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def destroy(data: Path) -> None:
    KeyStore(data / "keys").destroy(
        Destruction(month=MONTH, at_ms=LONG_AFTER_MS, by="kato", reason="kept long enough")
    )


def octets(data: Path) -> bytes:
    """Return everything in the data directory."""
    return b"".join(path.read_bytes() for path in sorted(data.rglob("*")) if path.is_file())


def column(chakka: Chakka, name: str, *options: str) -> dict[str, object]:
    """Return what `chakka calls --json` says of each call."""
    code, text = chakka("calls", "--json", *options)
    assert code == 0, text
    return {call["call_id"]: call[name] for call in json.loads(text)}


def test_neither_journal_nor_ledger_holds_a_number_that_is_private(data: Path) -> None:
    everything = octets(data)
    assert b"0120123456" in everything
    for number in (CALLER, FRIEND):
        assert number[1:].encode() not in everything


def test_numbers_are_unsealed_and_masked(chakka: Chakka) -> None:
    assert column(chakka, "caller") == {
        "c1": "0422****34",
        "c2": "0422****34",
        "c3": "0352****34",
        "c4": "非通知",
        "c5": "0422****34",
    }
    assert column(chakka, "number")["c3"] == column(chakka, "destination")["c3"] == "0312****78"
    for command in (("calls",), ("calls", "--json"), *(("explain", f"c{place}") for place in range(1, 6))):
        shown = chakka(*command)[1]
        assert CALLER[1:] not in shown
        assert FRIEND not in shown


def test_the_line_that_called_a_freephone_number_is_masked_like_any_caller(chakka: Chakka) -> None:
    assert column(chakka, "line") == {"c1": None, "c2": None, "c3": TOKYO, "c4": None, "c5": "0422****34"}
    assert column(chakka, "sip_call_id")["c5"] == "***"
    assert column(chakka, "sip_call_id")["c1"] == "c1@trunk"


def test_whole_numbers_are_shown_to_whoever_says_why_and_withheld_ones_to_nobody(chakka: Chakka) -> None:
    shown = column(chakka, "caller", "--full", "complaint 17")
    assert (shown["c1"], shown["c3"], shown["c4"]) == (CALLER, TOKYO, "非通知")
    assert column(chakka, "number", "--full", "complaint 17")["c3"] == FRIEND
    text = chakka("explain", "c5", "--full", "complaint 17")[1]
    assert f"of line number {CALLER}" in text
    assert f"7-+81{CALLER[1:]}@192.0.2.7" in text
    assert CALLER not in chakka("explain", "c4", "--full", "complaint 17", "--json")[1]


def test_each_look_at_whole_numbers_is_noted(chakka: Chakka, data: Path, monkeypatch) -> None:
    monkeypatch.setenv("LOGNAME", "kato")
    chakka("calls", "--full", "complaint 17", "--number", FREEPHONE)
    chakka("explain", "c1", "--full", "asked by the court")
    chakka("calls")
    noted = [json.loads(line) for line in (data / "access.log").read_text().splitlines()]
    assert [(one["what"], one["call_id"], one["reason"]) for one in noted] == [
        *(("calls", call, "complaint 17") for call in ("c5", "c4", "c2", "c1")),
        ("explain", "c1", "asked by the court"),
    ]
    assert {one["by"] for one in noted} == {"kato"}
    assert all(one["at"].endswith("+09:00") for one in noted)
    assert stat.S_IMODE((data / "access.log").stat().st_mode) == 0o600


@pytest.mark.parametrize("reason", ["", " ", "x" * 201])
def test_who_does_not_say_why_sees_nothing(chakka: Chakka, data: Path, reason: str) -> None:
    code, text = chakka("calls", "--full", reason)
    assert code == 2
    assert CALLER not in text
    assert not (data / "access.log").exists()


def test_a_look_that_cannot_be_noted_is_not_had(chakka: Chakka, data: Path) -> None:
    (data / "access.log").mkdir()
    for command in (("calls",), ("explain", "c1")):
        code, text = chakka(*command, "--full", "complaint 17")
        assert code == 2
        assert "nothing is shown" in text
        assert CALLER not in text


def test_a_note_cannot_be_broken_by_what_somebody_writes(chakka: Chakka, data: Path) -> None:
    chakka("explain", "c1", "--full", 'why"\n{"at":"forged"}')
    (line,) = (data / "access.log").read_text().splitlines()
    assert json.loads(line)["reason"] == 'why"\n{"at":"forged"}'


def test_after_its_key_is_destroyed_a_number_reads_destroyed(chakka: Chakka, data: Path) -> None:
    destroy(data)
    assert column(chakka, "caller") == {
        "c1": "destroyed",
        "c2": "destroyed",
        "c3": "destroyed",
        "c4": "非通知",
        "c5": "destroyed",
    }
    assert column(chakka, "number")["c3"] == "destroyed"
    assert column(chakka, "number")["c1"] == FREEPHONE
    assert column(chakka, "caller", "--full", "complaint 17")["c1"] == "destroyed"
    assert "caller        destroyed" in chakka("explain", "c1")[1]


def test_a_number_whose_key_is_elsewhere_reads_sealed(chakka: Chakka, data: Path) -> None:
    (data / "keys" / f"{MONTH}.key").unlink()
    assert column(chakka, "caller")["c1"] == "sealed"
    KeyStore(data / "keys").make(MONTH)
    assert column(chakka, "caller")["c1"] == "sealed"


def test_a_key_that_cannot_be_read_is_said(chakka: Chakka, data: Path) -> None:
    (data / "keys" / f"{MONTH}.key").write_bytes(b"torn")
    assert chakka("calls") == (
        2,
        f"chakka calls: key of {MONTH}: the secret of a month has 32 octets, not 4\n",
    )


def rated(data: Path) -> list[Rated | None]:
    with Ledger.open_to_read(data / "ledger.sqlite") as ledger:
        return [call.rated for call in ledger.calls(CallFilter())]


def test_rating_totals_and_a_rebuilt_ledger_are_the_same_without_the_key(
    data: Path, tmp_path: Path, rules: Rules
) -> None:
    keep(tmp_path / "plain", calls(), rules)
    before = rated(data)
    assert before == rated(tmp_path / "plain")
    assert any(one is not None and one.amount_uy for one in before)
    destroy(data)
    store = KeyStore(tmp_path / "again" / "keys")
    store.make(MONTH)
    written = [sealed(entry, store.key(MONTH)) for entry in calls()]
    store.destroy(Destruction(month=MONTH, at_ms=LONG_AFTER_MS, by="kato", reason="kept long enough"))
    keep(tmp_path / "again", written, rules)
    assert rated(data) == rated(tmp_path / "again") == before


def test_a_ledger_made_anew_after_the_key_is_gone_has_the_same_digest(
    data: Path, tmp_path: Path, rules: Rules
) -> None:
    with Ledger.open_to_read(data / "ledger.sqlite") as ledger:
        before = ledger.digest()
    destroy(data)
    reader = JournalReader(data / "journal")
    with Ledger.open(tmp_path / "anew.sqlite") as ledger:
        while found := reader.read():
            take((entry for entry in found if isinstance(entry, JournalEntry)), ledger, rules)
        assert ledger.digest() == before


def test_the_hash_chain_is_over_what_is_sealed_and_holds_without_the_key(chakka: Chakka, data: Path) -> None:
    destroy(data)
    code, text = chakka("journal", "verify")
    assert code == 0
    assert "every hash is right" in text


def test_a_sealed_entry_delivered_twice_is_one(data: Path, rules: Rules) -> None:
    """The same entry is sealed to the same octets, so a spool that is read again repeats nothing."""
    key = KeyStore(data / "keys").key(MONTH)
    again = [sealed(entry, key) for entry in calls()]
    with Ledger.open(data / "ledger.sqlite") as ledger:
        taken = take(keyed(again), ledger, rules)
        elsewhere = take(keyed(again, node="n2"), ledger, rules)
    assert (taken.entries, taken.repeated) == (0, len(again))
    assert elsewhere.contradicted == ()


def test_plain_records_of_an_earlier_version_stay_readable(chakka: Chakka, data: Path, rules: Rules) -> None:
    with Ledger.open(data / "ledger.sqlite") as ledger:
        take(keyed([refused("c9")], boot=7), ledger, rules)
    assert column(chakka, "caller")["c9"] == "0422****34"


def test_service_9_6_whoever_made_a_call_is_blocked_by_its_record(chakka: Chakka, data: Path) -> None:
    assert chakka("publish", str(DATA / "demo" / f"{FREEPHONE}.yaml"))[0] == 0
    code, shown = chakka("live", "set", FREEPHONE, "--block-caller", "c4", "--why", "迷惑")
    assert (code, CALLER in shown) == (0, False)
    with PlanStore.open(data / "plans") as store:
        assert decode(store.read_live(FREEPHONE)).blocks[CALLER].is_withheld
    (noted,) = (json.loads(line) for line in (data / "access.log").read_text().splitlines())
    assert (noted["what"], noted["call_id"], noted["reason"]) == ("live", "c4", "block-caller: 迷惑")


def test_nobody_is_blocked_by_a_record_whose_number_is_gone(chakka: Chakka, data: Path) -> None:
    assert chakka("publish", str(DATA / "demo" / f"{FREEPHONE}.yaml"))[0] == 0
    destroy(data)
    code, shown = chakka("live", "set", FREEPHONE, "--block-caller", "c1")
    assert code == 1
    assert "the number of call c1 cannot be read: destroyed" in shown


def test_the_months_are_listed_with_what_became_of_their_keys(chakka: Chakka, data: Path) -> None:
    KeyStore(data / "keys").make(month_after(MONTH))
    destroy(data)
    code, text = chakka("keys", "list")
    assert code == 0
    lines = [line.split() for line in text.splitlines()]
    assert lines[1][:2] == [MONTH, "destroyed"]
    assert lines[1][3:] == ["kato", "kept", "long", "enough"]
    assert lines[2] == [month_after(MONTH), "readable", "-", "-", "-"]
    first, second = json.loads(chakka("keys", "list", "--json")[1])
    assert (first["month"], first["reason"], second["destroyed_at"]) == (MONTH, "kept long enough", None)


def test_a_month_is_destroyed_by_command_and_who_did_it_is_kept(
    chakka: Chakka, data: Path, monkeypatch
) -> None:
    monkeypatch.setenv("LOGNAME", "kato")
    KeyStore(data / "keys").make("2020-01")
    code, text = chakka("keys", "destroy", "2020-01", "--reason", "asked for")
    assert (code, text) == (0, "callers' numbers of 2020-01 cannot be read any more\n")
    assert not (data / "keys" / "2020-01.key").exists()
    gone = json.loads(chakka("keys", "list", "--json")[1])[0]
    assert (gone["month"], gone["by"], gone["reason"]) == ("2020-01", "kato", "asked for")


@pytest.mark.parametrize("month", ["2019-01", "9999-01", "soon"])
def test_a_month_that_cannot_be_destroyed_is_a_problem(chakka: Chakka, month: str) -> None:
    code, text = chakka("keys", "destroy", month, "--reason", "asked for")
    assert code == 1
    assert month in text


def test_no_key_is_destroyed_without_a_reason(chakka: Chakka, data: Path) -> None:
    KeyStore(data / "keys").make("2020-01")
    assert chakka("keys", "destroy", "2020-01")[0] == 2
    assert chakka("keys", "destroy", "2020-01", "--reason", " ")[0] == 2
    assert "2020-01" in KeyStore(data / "keys").months()
