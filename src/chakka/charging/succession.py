"""The versions of a tariff one after the other: which is newest, and which may still be added."""

import re
from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from chakka.charging.tariff import Tariff
from chakka.errors import InputError, Problem
from chakka.localtime import jst_date

_VALID_FROM = re.compile(rb"^\s*valid_from\s*=", re.MULTILINE)


def in_succession(versions: Iterable[Tariff]) -> Tariff:
    """Return the newest version of a tariff with the older ones behind it, each valid until the next begins.

    Raises: InputError if there is none, one has another name, or two begin at the same instant (their
            order would be a guess).
    """
    newest: Tariff | None = None
    for version in sorted(versions, key=_begins_at):
        if newest is not None and newest.name != version.name:
            raise InputError(f"{version.version} is no version of {newest.name}")
        if newest is not None and _begins_at(newest) == _begins_at(version):
            raise InputError(f"{newest.version} and {version.version} begin at the same instant")
        newest = msgspec.structs.replace(version, succeeds=newest)
    if newest is None:
        raise InputError("a tariff needs a version")
    return newest


def each_version(tariff: Tariff) -> Iterator[Tariff]:
    """Yield the versions of a tariff, the newest first."""
    version: Tariff | None = tariff
    while version is not None:
        yield version
        version = version.succeeds


def alone(version: Tariff) -> Tariff:
    """Return a version as if it were in force at every instant: for asking what it would cost."""
    return msgspec.structs.replace(version, valid_from_ms=None, succeeds=None)


def successor_problems(version: Tariff, newest: Tariff | None, now_ms: int) -> list[Problem]:
    """Return what keeps a version from being published after the versions that there are.

    newest: the newest version of its name that is published, None if it is the first.
    Source: charging.md §2: published versions never change, and neither do the charges they made. A version
            that began in the past, or before another one, would change the price of calls already charged;
            but one that only adds prices may begin in the past: for calls that waited for them in suspense.
    """
    if newest is None:
        return []
    starts_ms = _begins_at(version)
    if starts_ms <= _begins_at(newest):
        message = f"{_from_text(version)} is not after {newest.version}, {_from_text(newest)}"
    elif starts_ms <= now_ms and not only_adds(version, newest):
        message = f"{_from_text(version)} is past: calls since then are charged by {newest.version}"
    else:
        return []
    return [Problem(code="too_early", where="valid_from", message=message)]


def only_adds(version: Tariff, before: Tariff) -> bool:
    """Return whether a version has prices that the one before lacks, and charges all other calls alike."""
    kept = ("zones", "unknown_zone", "default_carrier_group", "band_at", "grid")
    return (
        version.bands.keys() > before.bands.keys()
        and all(version.bands[key] == bands for key, bands in before.bands.items())
        # A class that all carriers had alike must not be split, nor the other way round.
        and all(bool(version.classes[each]) == bool(groups) for each, groups in before.classes.items())
        and all(getattr(version, name) == getattr(before, name) for name in kept)
        and _same_days(version, before)
    )


def dated(content: bytes, first_day: date) -> bytes:
    """Return a tariff's text as a version that begins on a day (JST).

    Raises: InputError if the text says itself when it begins.
    """
    if _VALID_FROM.search(content):
        message = "the text has a valid_from of its own"
        raise InputError(message, [Problem(code="bad_value", where="valid_from", message=message)])
    return f"valid_from = {first_day.isoformat()}\n".encode() + content


def _same_days(version: Tariff, before: Tariff) -> bool:
    """Return whether each day whose kind matters to the version before is of the same kind in both."""
    if before.known_days is None:
        return True
    known = version.known_days
    return known is not None and (
        before.known_days[0] in known
        and before.known_days[-1] in known
        and {day for day in version.holidays if day in before.known_days} == before.holidays
    )


def _begins_at(version: Tariff) -> int:
    return -(2**63) if version.valid_from_ms is None else version.valid_from_ms


def _from_text(version: Tariff) -> str:
    if version.valid_from_ms is None:
        return "valid since ever"
    return f"valid from {jst_date(version.valid_from_ms)}"
