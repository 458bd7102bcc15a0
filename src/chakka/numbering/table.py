"""The numbering table: what any calling number says about the caller, as far as a number can say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from chakka.numbering.dialled import dialled_digits, national
from chakka.numbering.model import CallerClass, ChargeArea, NumberFacts, Prefecture

NO_NUMBER = NumberFacts(number="", caller_class=CallerClass.UNKNOWN)
# `var` in the table of classes: "three or more digits" (1XY is the shortest of them).
SHORTEST_OPEN_NUMBER = 3
LOCAL_FIRST_DIGITS = frozenset("23456789")


class NumberClass(msgspec.Struct, frozen=True, kw_only=True):
    """What a non-geographic prefix stands for. `total_length` None: three or more digits."""

    caller_class: CallerClass
    total_length: int | None


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """The charge area of one geographic prefix, and how many digits of it are area code (市外局番)."""

    charge_area: ChargeArea
    area_code_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberingTable:
    """The facts of one edition of the ministry's numbering tables. Built by `numbering.parse.parse_tables`.

    id:           hash over the files, so that a decision can say which edition it was taken with.
    charge_areas: in the order of the table, `index` counts them; prefectures: in order of their codes.
    regions:      地方, north to south.
    blocks:       area code + local prefix → charge area.
    area_codes:   area code → the one prefecture in which all its charge areas lie, or None.
    classes:      non-geographic prefix → its classes by total length.
    areas_by_code: five-digit code → its charge area, or None if the digits are of several.
    """

    id: str
    charge_areas: tuple[ChargeArea, ...] = field(compare=False, repr=False)
    prefectures: tuple[Prefecture, ...] = field(compare=False, repr=False)
    regions: tuple[str, ...] = field(compare=False, repr=False)
    blocks: Mapping[str, Block] = field(compare=False, repr=False)
    area_codes: Mapping[str, Prefecture | None] = field(compare=False, repr=False)
    classes: Mapping[str, tuple[NumberClass, ...]] = field(compare=False, repr=False)
    areas_by_name: Mapping[str, ChargeArea] = field(compare=False, repr=False)
    prefectures_by_key: Mapping[str, Prefecture] = field(compare=False, repr=False)
    areas_by_code: Mapping[str, ChargeArea | None] = field(compare=False, repr=False)

    def charge_area(self, name: str) -> ChargeArea | None:
        """Return the charge area of that name."""
        return self.areas_by_name.get(name)

    def charge_area_by_code(self, code: str) -> ChargeArea | None:
        """Return the charge area of a five-digit code, as signalling carries it; None if it is of no one.

        Codes that are not published are read as what the published ones are: what the area's numbers begin
        with, without the 0 and filled up with zeros (小樽 0134 is 13400, 余市 0135-2 is 13520).
        """
        if len(code) != 5 or not (code.isascii() and code.isdigit()):
            return None
        bare = f"{code[1:]}0" if code.startswith("0") else code
        if bare in self.areas_by_code:
            return self.areas_by_code[bare]
        block = self._block("0" + bare.rstrip("0"))
        return block.charge_area if block else None

    def prefecture(self, name_or_code: str) -> Prefecture | None:
        """Return the prefecture of that name (`東京都`) or JIS code (`13`)."""
        return self.prefectures_by_key.get(name_or_code)

    def lookup(self, number: str) -> NumberFacts:
        """Return what a number says: its class, and for fixed lines charge area, prefecture, region, side.

        number: any text; formatting, `+81`, 184/186 and carrier prefixes are taken off. What is no number,
                or stands in no table, is of class unknown: nothing is guessed.
        Source: data/numbering/SOURCES.md, look-up; service.md R2.10.
        """
        digits = dialled_digits(number)
        if digits is None:
            return NO_NUMBER
        caller_class = self._class_by_prefix(digits)
        if caller_class is CallerClass.CARRIER_SELECT:
            return self._beyond_carrier_prefix(digits)
        if caller_class is not None:
            return NumberFacts(number=digits, caller_class=caller_class)
        return self._geographic(digits)

    def _class_by_prefix(self, digits: str) -> CallerClass | None:
        length = len(digits)
        for prefix_length in (4, 3, 2, 1):
            for found in self.classes.get(digits[:prefix_length], ()):
                if found.total_length == length:
                    return found.caller_class
                if found.total_length is None and length >= SHORTEST_OPEN_NUMBER:
                    return found.caller_class
        return None

    def _beyond_carrier_prefix(self, digits: str) -> NumberFacts:
        beyond = national(digits[carrier_prefix_length(digits) :])
        # Only a whole number counts: 0037-6… is a carrier's own toll-free number, not a prefix of one.
        if beyond.startswith(("0", "+")) and not beyond.startswith("00"):
            facts = self.lookup(beyond)
            if facts.caller_class is not CallerClass.UNKNOWN:
                return facts
        return NumberFacts(number=digits, caller_class=CallerClass.CARRIER_SELECT)

    def _geographic(self, digits: str) -> NumberFacts:
        if len(digits) != 10 or digits[0] != "0":
            return NumberFacts(number=digits, caller_class=CallerClass.UNKNOWN)
        block = self._block(digits)
        if block is not None and digits[block.area_code_length] in LOCAL_FIRST_DIGITS:
            return _fixed(digits, block.charge_area)
        return self._of_area_code_only(digits)

    def _block(self, digits: str) -> Block | None:
        # Longest prefix over the whole tree, not within one area code: 022-30 is 仙台, 0223-2 is 岩沼.
        for prefix_length in (6, 5, 4, 3, 2):
            block = self.blocks.get(digits[:prefix_length])
            if block is not None:
                return block
        return None

    def _of_area_code_only(self, digits: str) -> NumberFacts:
        for length in (5, 4, 3, 2):
            if digits[:length] in self.area_codes and digits[length] in LOCAL_FIRST_DIGITS:
                return _fixed_somewhere(digits, self.area_codes[digits[:length]])
        return NumberFacts(number=digits, caller_class=CallerClass.UNKNOWN)


def carrier_prefix_length(digits: str) -> int:
    """Return how many digits of `00…` are the carrier prefix: 0091XY, 002YZ, else 00XY.

    Source: number_classes.csv, carrier_select (事業者設備識別番号).
    """
    if digits.startswith("0091"):
        return 6
    return 5 if digits.startswith("002") else 4


def _fixed(digits: str, area: ChargeArea) -> NumberFacts:
    return NumberFacts(
        number=digits,
        caller_class=CallerClass.FIXED,
        charge_area=area.name,
        prefecture=area.prefecture,
        prefectures=area.prefectures,
        region=area.region,
        ntt=area.ntt,
    )


def _fixed_somewhere(digits: str, only: Prefecture | None) -> NumberFacts:
    if only is None:
        return NumberFacts(number=digits, caller_class=CallerClass.FIXED)
    return NumberFacts(
        number=digits,
        caller_class=CallerClass.FIXED,
        prefecture=only.name,
        prefectures=(only.name,),
        region=only.region,
        ntt=only.ntt,
    )
