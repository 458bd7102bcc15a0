"""`chakka live`, prepared plans, and live facts beside a plan: service.md §9.5–9.7, plan-format.md."""

import json
from pathlib import Path

import pytest

from chakka.cli.main import main
from chakka.clock import utc_ms
from chakka.facts import DATA, numbering_table, shipped_tariff
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.records.entries import encode
from chakka.records.model import CallFacts, Unanswered
from chakka.routing.attempt import CallAttempt, Presentation
from chakka.routing.decision import Outcome, Reason
from chakka.routing.live_facts import LiveFacts, decode
from chakka.stores.journal_reader import JournalEntry
from chakka.stores.ledger import Ledger
from chakka.stores.plan_store import PlanStore

NUMBER = "0120123456"
DEMO = DATA / "demo" / "0120123456.yaml"
CALLER, OTHER_CALLER = "0312345678", "0661001234"
DAY_MS = 86_400_000


class Shell:
    """Commands over one data directory."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.directory = directory
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return (exit code, standard output, standard error)."""
        try:
            code = main([*arguments, "--data", str(self.directory)])
        except SystemExit as stop:
            code = int(str(stop.code))
        shown = self._capsys.readouterr()
        return code, shown.out, shown.err

    def good(self, *arguments: str) -> str:
        """Return the output of a command that does what it is asked."""
        code, out, err = self.run(*arguments)
        assert (code, err) == (0, "")
        return out

    def problems(self, *arguments: str) -> list[tuple[str, str]]:
        """Return place and code of each problem."""
        code, out, err = self.run(*arguments, "--json")
        assert (code, err) == (1, "")
        return [(one["where"], one["code"]) for one in json.loads(out)["problems"]]

    def facts(self) -> LiveFacts:
        """Return what the store holds."""
        with PlanStore.open(self.directory / "plans") as store:
            return decode(store.read_live(NUMBER))

    def record_call(self, call_id: str, calling_number: str | None, presentation: Presentation) -> None:
        """Write down a call as ingest does."""
        attempt = CallAttempt(
            called_number=NUMBER, calling_number=calling_number, presentation=presentation, at_ms=1
        )
        facts = CallFacts(
            call_id=call_id,
            sip_call_id="x",
            attempt=attempt,
            outcome=Outcome.BUSY,
            group=None,
            plan="h",
            trace=(),
        )
        entry = Unanswered(
            facts=facts, reason=Reason.LIMIT, announcement=None, status=486, cause=17, released_at_ms=2
        )
        entry_of_node = JournalEntry(node="node1", boot=1, sequence=len(call_id), payload=encode(entry))
        rules = Rules(tariff=shipped_tariff("hikari-wide"), table=numbering_table())
        with Ledger.open(self.directory / "ledger.sqlite") as ledger:
            take([entry_of_node], ledger, rules)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    made = Shell(tmp_path / "data", capsys)
    made.good("publish", str(DEMO))
    return made


@pytest.fixture
def storm(tmp_path: Path) -> str:
    """The demo plan with an emergency plan named, as a file."""
    path = tmp_path / "with_storm.yaml"
    path.write_text(DEMO.read_text() + "emergency: {plan: storm, minutes: 60}\n")
    return str(path)


def test_a_number_without_live_facts_has_an_empty_block(shell: Shell) -> None:
    assert shell.good("live", "show", "0120-123-456") == "live: {}\n"
    assert json.loads(shell.good("live", "show", NUMBER, "--json")) == {
        "number": NUMBER,
        "live": {},
        "withheld_blocks": 0,
        "stopped": {"until": None, "callers": 0},
    }


def test_a_caller_is_blocked_until_the_block_ends_or_is_taken_off(shell: Shell) -> None:
    before = utc_ms()
    shell.good(
        "live", "set", NUMBER, "--block", "03-1234-5678", "--for", "30d", "--why", "迷惑", "--by", "kato"
    )
    block = shell.facts().blocks[CALLER]
    assert (block.why, block.by, block.is_withheld) == ("迷惑", "kato", False)
    assert block.until_ms is not None
    assert 0 <= block.until_ms - before - 30 * DAY_MS < 60_000
    assert "迷惑" in shell.good("live", "show", NUMBER)
    assert shell.good("live", "set", NUMBER, "--unblock", CALLER) == "live: {}\n"


def test_several_changes_are_made_together(shell: Shell) -> None:
    shell.good(
        *("live", "set", NUMBER, "--block", CALLER, "--block", OTHER_CALLER),
        *("--money-guard", "on", "--until", "2999-01-01T00:00+09:00", "--suspend"),
    )
    facts = shell.facts()
    assert set(facts.blocks) == {CALLER, OTHER_CALLER}
    assert facts.suspended and facts.money_stop is not None
    assert facts.money_stop.until_ms == facts.blocks[CALLER].until_ms
    shell.good("live", "set", NUMBER, "--resume", "--money-guard", "off")
    facts = shell.facts()
    assert (facts.suspended, facts.money_stop) == (False, None)
    assert set(facts.blocks) == {CALLER, OTHER_CALLER}


def test_all_problems_are_said_at_once_and_nothing_is_changed(shell: Shell) -> None:
    arguments = ("--block", CALLER, "--block", "x", "--unblock", "y", "--until", "2020-01-01T00:00Z")
    assert shell.problems("live", "set", NUMBER, *arguments, "--emergency", "on", "--why", "x" * 201) == [
        ("until", "bad_value"),
        ("why", "bad_value"),
        ("block", "number_invalid"),
        ("unblock", "number_invalid"),
        ("emergency", "missing_key"),
    ]
    assert shell.facts() == LiveFacts()


def test_who_is_not_blocked_cannot_be_unblocked(shell: Shell) -> None:
    shell.good("live", "set", NUMBER, "--block", CALLER)
    arguments = ("--suspend", "--unblock", OTHER_CALLER)
    assert shell.problems("live", "set", NUMBER, *arguments) == [("unblock", "unknown_name")]
    assert not shell.facts().suspended


def test_a_number_that_is_not_in_service_has_nothing_to_set(shell: Shell) -> None:
    assert shell.problems("live", "set", "0120999999", "--suspend") == [("number", "unknown_name")]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "nothing to set"),
        (("--suspend", "--resume"), "not allowed with"),
        (("--suspend", "--for", "1d"), "--until and --for go with"),
        (("--money-guard", "off", "--until", "2999-01-01T00:00Z"), "--until and --for go with"),
        (("--suspend", "--minutes", "5"), "--minutes goes with"),
        (("--emergency", "on", "--minutes", "0"), "'0' is no number of minutes"),
        (("--emergency", "on", "--minutes", "9" * 20), "is no number of minutes"),
        (("--emergency", "maybe"), "'maybe'"),
        (("--block", CALLER, "--for", "1 month"), "'1 month' is no time"),
        (("--block", CALLER, "--for", "0d"), "'0d' is no time"),
        (("--block-caller", "c1"), "no ledger"),
    ],
)
def test_wrong_usage_is_said_in_one_line(shell: Shell, arguments: tuple[str, ...], named: str) -> None:
    code, out, err = shell.run("live", "set", NUMBER, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert named in err


# -- from a call record


def test_the_caller_of_a_call_is_blocked_by_its_record(shell: Shell) -> None:
    shell.record_call("c1", CALLER, Presentation.ALLOWED)
    assert CALLER in shell.good("live", "set", NUMBER, "--block-caller", "c1")
    assert shell.facts().is_blocked(CALLER, utc_ms())


@pytest.mark.parametrize("presentation", [Presentation.WITHHELD, Presentation.UNAVAILABLE])
def test_a_caller_who_hid_the_number_is_blocked_and_the_number_never_shown(
    shell: Shell, presentation: Presentation
) -> None:
    shell.record_call("c1", CALLER, presentation)
    said = [shell.good("live", "set", NUMBER, "--block-caller", "c1")]
    assert shell.facts().is_blocked(CALLER, utc_ms())
    said += [shell.good("live", "show", NUMBER), shell.good("live", "show", NUMBER, "--json")]
    said += [shell.good("plan", "show", NUMBER, "--live")]
    assert not [text for text in said if CALLER in text]
    assert "not to be shown: 1" in said[1]
    shell.good("live", "set", NUMBER, "--unblock-caller", "c1")
    code, out, err = shell.run("live", "set", NUMBER, "--unblock-caller", "c1")
    assert code == 1
    assert CALLER not in out + err
    assert shell.facts() == LiveFacts()


def test_a_call_of_nobody_or_of_another_number_blocks_nobody(shell: Shell) -> None:
    shell.record_call("c1", None, Presentation.UNAVAILABLE)
    arguments = ("--block-caller", "c1", "--block-caller", "c2")
    assert shell.problems("live", "set", NUMBER, *arguments) == [
        ("block-caller", "bad_value"),
        ("block-caller", "unknown_name"),
    ]


# -- the emergency switch


def test_the_emergency_switch_is_on_for_the_minutes_of_the_plan(shell: Shell, storm: str) -> None:
    shell.good("publish", storm)
    shell.good("publish", str(DEMO), "--as", "storm")
    before = utc_ms()
    shell.good("live", "set", NUMBER, "--emergency", "on")
    run = shell.facts().emergency
    assert run is not None
    assert run.plan == "storm"
    assert 0 <= run.until_ms - before - 3_600_000 < 60_000
    assert "plan: storm" in shell.good("live", "show", NUMBER)
    assert shell.good("live", "set", NUMBER, "--emergency", "off") == "live: {}\n"


def test_other_minutes_hold_when_they_are_given(shell: Shell, storm: str) -> None:
    shell.good("publish", storm)
    shell.good("publish", str(DEMO), "--as", "storm")
    before = utc_ms()
    shell.good("live", "set", NUMBER, "--emergency", "on", "--minutes", "5")
    run = shell.facts().emergency
    assert run is not None
    assert 0 <= run.until_ms - before - 300_000 < 60_000


def test_a_plan_that_was_never_prepared_cannot_be_switched_to(shell: Shell, storm: str) -> None:
    shell.good("publish", storm)
    assert shell.problems("live", "set", NUMBER, "--emergency", "on") == [("emergency.plan", "unknown_name")]
    assert shell.facts() == LiveFacts()


def test_a_prepared_plan_is_not_in_service_and_has_its_own_history(shell: Shell, storm: str) -> None:
    ordinary = shell.good("plan", "show", NUMBER)
    prepared_hash = shell.good("publish", storm, "--as", "storm").strip()
    assert shell.good("plan", "show", NUMBER) == ordinary
    assert "minutes: 60" in shell.good("plan", "show", f"{NUMBER}/storm")
    assert prepared_hash in shell.good("plan", "history", "0120-123-456/storm")
    assert prepared_hash not in shell.good("plan", "history", NUMBER)
    shell.good("plan", "withdraw", f"{NUMBER}/storm")
    assert shell.run("plan", "show", f"{NUMBER}/storm")[0] == 1


@pytest.mark.parametrize("name", ["", " storm", "\x07", "x" * 101])
def test_a_prepared_plan_has_a_name_that_a_plan_can_give(shell: Shell, name: str) -> None:
    assert shell.problems("publish", str(DEMO), "--as", name) == [("--as", "bad_value")]


# -- beside the plan


def test_what_is_shown_beside_the_plan_is_taken_back_only_when_asked(shell: Shell, tmp_path: Path) -> None:
    shell.good("live", "set", NUMBER, "--block", CALLER, "--suspend")
    held = shell.facts()
    exported = tmp_path / "exported.yaml"
    exported.write_text(shell.good("plan", "show", NUMBER, "--live"))
    assert exported.read_text().startswith(shell.good("plan", "show", NUMBER))
    shell.good("live", "set", NUMBER, "--unblock", CALLER, "--resume")
    shell.good("publish", str(exported))
    assert shell.facts() == LiveFacts()
    shell.good("publish", str(exported), "--live")
    assert shell.facts() == held


def test_an_import_keeps_blocks_that_no_text_can_carry(shell: Shell, tmp_path: Path) -> None:
    shell.record_call("c1", CALLER, Presentation.WITHHELD)
    shell.good("live", "set", NUMBER, "--block-caller", "c1", "--block", OTHER_CALLER)
    exported = tmp_path / "exported.yaml"
    exported.write_text(DEMO.read_text() + "live: {}\n")
    shell.good("publish", str(exported), "--live")
    assert set(shell.facts().blocks) == {CALLER}


def test_unfit_live_facts_are_refused_with_the_plan(shell: Shell, tmp_path: Path) -> None:
    history = shell.good("plan", "history", NUMBER)
    path = tmp_path / "unfit.yaml"
    path.write_text(DEMO.read_text() + "live: {suspended: perhaps}\n")
    assert shell.problems("publish", str(path), "--live") == [("live.suspended", "bad_value")]
    path.write_text(DEMO.read_text() + 'live: {emergency: {plan: storm, until: "2999-01-01T00:00Z"}}\n')
    assert shell.problems("publish", str(path), "--live") == [("emergency.plan", "unknown_name")]
    assert shell.problems("publish", str(DEMO), "--live") == [("live", "missing_key")]
    assert shell.good("plan", "history", NUMBER) == history
