"""Calls outside the freephone service, as people see them: kind, what was presented, and no price."""

import json
from pathlib import Path

import msgspec
import pytest
from journalled_calls import facts, whole_call
from ledgers import keyed

from chakka.cli.main import main
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.records.model import Answered, CallKind, Entry, Leg
from chakka.stores.ledger import Ledger

LINE, FRIEND, FREEPHONE = "0352001234", "0312345678", "0120123456"


def called_out() -> list[Entry]:
    """A line with number notification on talks to a friend."""
    answered, *rest = whole_call("out")
    assert isinstance(answered, Answered)
    attempt = msgspec.structs.replace(facts("out").attempt, called_number=FRIEND, calling_number=LINE)
    outgoing = msgspec.structs.replace(
        answered.facts,
        attempt=attempt,
        kind=CallKind.OUTGOING,
        line=LINE,
        presented=FREEPHONE,
        plan="",
        trace=(("outgoing", LINE, "carrier"), ("presented", FREEPHONE)),
        legs=(Leg(destination=FRIEND, address=f"sip:{FRIEND}@192.0.2.1:5060", seized_at_ms=1),),
    )
    return [msgspec.structs.replace(answered, facts=outgoing, destination=FRIEND), *rest]


@pytest.fixture
def chakka(tmp_path: Path, rules: Rules, capsys: pytest.CaptureFixture[str]):
    """Run a command on a ledger with a call to a freephone number and one that a line made."""
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        take(keyed([*whole_call("in"), *called_out()]), ledger, rules)

    def run(*arguments: str) -> str:
        assert main([*arguments, "--data", str(tmp_path)]) == 0
        return capsys.readouterr().out

    return run


def test_calls_are_listed_with_their_kind_and_chosen_by_it(chakka) -> None:
    assert {line.split()[3] for line in chakka("calls").splitlines()[1:]} == {"freephone", "outgoing"}
    (only,) = chakka("calls", "--kind", "outgoing").splitlines()[1:]
    assert only.split()[0] == "out"
    assert only.endswith("-")
    assert chakka("calls", "--kind", "direct").splitlines()[1:] == []


def test_an_outgoing_call_is_explained_with_what_was_presented(chakka) -> None:
    text = chakka("explain", "out", "--language", "en")
    assert f"kind          outgoing, of line number {LINE}" in text
    assert f"presented     {FREEPHONE}" in text
    assert f"The called party sees {FREEPHONE}." in text
    assert "outside the freephone service" in text


def test_whom_a_line_called_is_masked(chakka) -> None:
    outputs = [
        chakka("calls"),
        chakka("calls", "--json"),
        chakka("explain", "out"),
        chakka("explain", "out", "--json"),
    ]
    assert not any(FRIEND in output for output in outputs)
    assert "0312****78" in outputs[0]


def test_as_json_a_call_says_kind_line_and_presented_number(chakka) -> None:
    (call,) = json.loads(chakka("calls", "--json", "--kind", "outgoing"))
    assert (call["kind"], call["line"], call["presented"]) == ("outgoing", LINE, FREEPHONE)
    assert (call["legs"][0]["destination"], call["legs"][0]["address"]) == ("0312****78", "192.0.2.1:5060")
    assert call["units"] is None
