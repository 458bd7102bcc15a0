"""Rating as it is usually written: one record at a time, time zones by zoneinfo, money by Decimal."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from chakka.charging.tariff import DayKind, Tariff, TariffRule

TOKYO = ZoneInfo("Asia/Tokyo")
THOUSAND = Decimal(1000)
MICRO = Decimal(1_000_000)


class DecimalRating:
    """A tariff of one version and one zone, with its prices in yen and its units in seconds."""

    def __init__(self, tariff: Tariff) -> None:
        self._tariff = tariff
        self._rules = {(word, group): bands for (word, group, _), bands in tariff.bands.items()}
        self._holidays = {date.fromordinal(day) for day in tariff.holidays}

    def rated(self, calls: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield what becomes of each call."""
        for call in calls:
            yield dict(call) | self.charge(call)

    def charge(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """Return units, yen, usage month and rule of one call."""
        answered = datetime.fromtimestamp(call["answered_at_ms"] / 1000, tz=TOKYO)
        month = answered.strftime("%Y-%m")
        if not call["is_confirmed"]:
            return {"units": 0, "yen": Decimal(0), "month": month, "rule": "not_confirmed"}
        rule = self._rule(call, answered)
        if rule is None:
            return {"units": None, "yen": None, "month": month, "rule": None}
        seconds = Decimal(call["conversation_ms"]) / THOUSAND
        rounding = ROUND_FLOOR if call["fault"] else ROUND_CEILING
        units = (seconds / (Decimal(rule.unit_ms) / THOUSAND)).to_integral_value(rounding)
        if not call["fault"]:
            units = max(units, Decimal(rule.minimum_units))
        yen = units * (Decimal(rule.unit_price_uy) / MICRO)
        if units:
            yen += Decimal(rule.setup_uy) / MICRO
        return {"units": int(units), "yen": yen, "month": month, "rule": rule.id}

    def _rule(self, call: Mapping[str, Any], answered: datetime) -> TariffRule | None:
        word = "fixed" if call["caller_class"] == "unknown" else call["caller_class"]
        group = None
        if self._tariff.classes.get(word):
            group = call["carrier_group"] or self._tariff.default_carrier_group
        bands = self._rules.get((word, group))
        if bands is None:
            return None
        kind = DayKind.HOLIDAY if answered.date() in self._holidays else _KINDS[answered.weekday()]
        return bands.days[kind].at(answered.hour * 60 + answered.minute)


_KINDS = (*[DayKind.WEEKDAY] * 5, DayKind.SATURDAY, DayKind.SUNDAY)
