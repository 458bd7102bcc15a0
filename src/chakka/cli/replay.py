"""`chakka replay`: what a draft plan would have changed about the calls of a month (service.md §9.3)."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import msgspec
from tqdm import tqdm

from chakka.charging.replay import Changed, Estimate, Replay, Report, repriced
from chakka.charging.succession import alone
from chakka.charging.tariff import Tariff
from chakka.cli.arguments import freephone_number, usage_month
from chakka.cli.calls import table
from chakka.cli.data_directory import add_data_option, ledger_to_read, places
from chakka.cli.plan_file import problem_lines, read_plan
from chakka.errors import InputError
from chakka.facts import numbering_table, tariff_version
from chakka.money import yen_text
from chakka.routing.calendar import shipped_holidays
from chakka.routing.check import check
from chakka.routing.compile import compile_plan
from chakka.routing.plan import CompiledPlan
from chakka.routing.replay import Route
from chakka.stores.ledger import Ledger, LedgerCall

# How many ways of changing are shown; they come with the most calls first.
_MOST_ROWS = 40
NOT_CONSIDERED = (
    "what was not recorded: block lists, the money guard and limits, but for calls that they stopped; lines",
    "that the recorded decision did not come to look at count as free; callers who would call again",
)
_LEFT_OUT = {"emergency": "a prepared plan answered", "up": "not over yet"}


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("replay", help="decide the calls of a month again on a draft plan")
    command.add_argument("draft", type=Path, help="plan file, YAML or JSON")
    command.add_argument("--month", required=True, type=usage_month, metavar="YYYY-MM", help="in JST")
    command.add_argument(
        "--number", type=freephone_number, help="whose calls (default: those of the draft's own number)"
    )
    add_data_option(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what changes; return 1 with the problems of a draft, 2 if file or ledger is out of reach."""
    try:
        plan = _plan(arguments.draft)
        number = arguments.number or plan.number
        with ledger_to_read(arguments) as ledger:
            report = _replay(_recorded(ledger, arguments.month, number), plan, arguments)
    except InputError as fault:
        if fault.problems:
            print(problem_lines(fault.problems), file=sys.stderr)
            return 1
        print(f"chakka replay: {fault}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("chakka replay: stopped; nothing was changed", file=sys.stderr)
        return 1
    if arguments.json:
        heading = {"month": arguments.month, "number": number, "plan": plan.hash}
        print(msgspec.json.encode(heading | as_object(report)).decode())
    else:
        print(f"calls of {arguments.month} to {number} on {arguments.draft} ({plan.hash[:12]})")
        print("\n".join(as_lines(report)))
    return 0


def as_object(report: Report) -> dict[str, object]:
    """Return a report as an object for JSON: exact in micro-yen, and in whole yen as a line bills it."""
    return {
        "calls": report.calls,
        "unchanged": report.unchanged,
        "left_out": report.left_out,
        "was_uy": report.was_uy,
        "now_uy": report.now_uy,
        "difference_uy": report.now_uy - report.was_uy,
        "was_yen": report.was_yen,
        "now_yen": report.now_yen,
        "difference_yen": report.now_yen - report.was_yen,
        "changes": report.changes,
        "newly_connected": [
            msgspec.structs.asdict(one) | {"estimated_uy": one.estimated_uy} for one in report.estimates
        ],
        "not_considered": " ".join(NOT_CONSIDERED),
    }


def as_lines(report: Report) -> Iterator[str]:
    """Yield a report as lines for people."""
    if report.changes:
        heading = ("CHANGE", "BEFORE", "ON THE DRAFT", "CALLS", "YEN", "WITNESS")
        yield table([heading, *map(_row, report.changes[:_MOST_ROWS])])
    if len(report.changes) > _MOST_ROWS:
        rest = report.changes[_MOST_ROWS:]
        yield f"and {len(rest)} more of {sum(one.calls for one in rest):,} calls; --json has them all"
    yield f"{report.calls:,} calls, {report.unchanged:,} of them unchanged"
    for why, calls in report.left_out.items():
        yield f"{calls:,} calls left out: {_LEFT_OUT[why]}"
    exact = yen_text(report.now_uy - report.was_uy)
    yield (
        f"charged {yen_text(report.was_uy)} yen, on the draft {yen_text(report.now_uy)} yen:"
        f" {exact} yen difference, exactly"
    )
    yield (
        f"in whole yen of a month's line: {report.was_yen:,} → {report.now_yen:,}"
        f" ({report.now_yen - report.was_yen:+,})"
    )
    yield from map(_estimated, report.estimates)
    if unknown := sum(one.unknown for one in report.changes if one.change != "newly_connected"):
        yield f"{unknown:,} changed calls are not in the difference: in suspense, or their tariff is not here"
    yield f"not considered: {NOT_CONSIDERED[0]}"
    yield f"  {NOT_CONSIDERED[1]}"


def _row(one: Changed) -> tuple[str, ...]:
    difference = "?" if one.unknown == one.calls else yen_text(one.difference_uy)
    before, after = _said(one.before), _said(one.after)
    return one.change.replace("_", " "), before, after, f"{one.calls:,}", difference, one.witness


def _said(route: Route) -> str:
    what = route.outcome if route.reason == "ok" else route.reason
    return " ".join(word for word in (what, route.group, route.line) if word)


def _estimated(one: Estimate) -> str:
    said = f"newly connected, not in the difference: {one.calls:,} calls of class {one.rating_class}"
    if one.estimated_uy is None:
        return f"{said}; no call of the class was connected, so nothing can be estimated"
    mean = f"mean of {one.connected:,} connected calls, answered or not"
    return f"{said}, about {yen_text(one.estimated_uy)} yen by the {mean}"


def _plan(path: Path) -> CompiledPlan:
    """Return the compiled draft. Raises: InputError, with problems if it is not fit to be published."""
    contract, problems = read_plan(path)
    if contract is not None:
        problems = check(contract, numbering_table(), shipped_holidays()).problems
    if contract is None or problems:
        raise InputError(f"{path} has {len(problems)} problems", problems)
    return compile_plan(contract, numbering_table(), shipped_holidays())


def _recorded(ledger: Ledger, month: str, number: str) -> Iterator[LedgerCall]:
    """Yield the calls of a month, with a bar on terminals."""
    total = ledger.count_recorded_calls(month, number)
    calls = ledger.recorded_calls(month, number)
    yield from tqdm(calls, total=total, unit=" calls", unit_scale=True, disable=None)


def _replay(calls: Iterable[LedgerCall], plan: CompiledPlan, arguments: argparse.Namespace) -> Report:
    published = places(arguments).tariffs

    @cache
    def version(name: str) -> Tariff | None:
        try:
            return alone(tariff_version(name, published))
        except InputError:
            # It may have been published on another node; its calls are counted as not known.
            return None

    @cache
    def area_of(line: str) -> str | None:
        return numbering_table().lookup(line).charge_area

    replay = Replay(plan, repriced(version, area_of))
    for call in calls:
        replay.add(call)
    return replay.report()
