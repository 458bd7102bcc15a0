"""The completeness of a tariff: every minute of every kind of day has exactly one rule (charging.md §2)."""

from collections.abc import Iterable, Iterator

import msgspec

from chakka.charging.tariff import DAY_MINUTES, Bands, DayBands, DayKind, TariffRule


class Span(msgspec.Struct, frozen=True):
    """Minutes `[start, end)` of one kind of day in which a rule holds."""

    kind: DayKind
    start: int
    end: int
    rule: TariffRule


def faults(spans: Iterable[Span]) -> list[tuple[str, str]]:
    """Return what is not covered once: (`rule_missing` or `rules_overlap`, a sentence with day and times)."""
    found = list(spans)
    return [fault for kind in DayKind for fault in _faults_of_day(kind, _of_day(found, kind))]


def bands_of(spans: Iterable[Span]) -> Bands:
    """Return the rules as bands; the spans have no faults."""
    found = list(spans)
    weekday, saturday, sunday, holiday = (_day_bands(_of_day(found, kind)) for kind in DayKind)
    rules = {span.rule.id: span.rule for span in found}
    only = next(iter(rules.values())) if len(rules) == 1 else None
    return Bands(days=(weekday, saturday, sunday, holiday), only=only)


def clock(minute: int) -> str:
    """Return a minute of the day as `HH:MM`; 1440 is `24:00`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _of_day(spans: Iterable[Span], kind: DayKind) -> list[Span]:
    return sorted((span for span in spans if span.kind is kind), key=lambda span: span.start)


def _day_bands(spans: list[Span]) -> DayBands:
    return DayBands(starts=tuple(span.start for span in spans), rules=tuple(span.rule for span in spans))


def _faults_of_day(kind: DayKind, spans: list[Span]) -> Iterator[tuple[str, str]]:
    covered = 0
    last = ""
    for span in spans:
        if span.start > covered:
            yield _missing(kind, covered, span.start)
        if span.start < covered:
            end = clock(min(span.end, covered))
            yield (
                "rules_overlap",
                f"{last} and {span.rule.id} both hold on a {kind.name.lower()} {clock(span.start)}-{end}",
            )
        if span.end > covered:
            covered, last = span.end, span.rule.id
    if covered < DAY_MINUTES:
        yield _missing(kind, covered, DAY_MINUTES)


def _missing(kind: DayKind, start: int, end: int) -> tuple[str, str]:
    return "rule_missing", f"no rule holds on a {kind.name.lower()} {clock(start)}-{clock(end)}"
