"""Japan Standard Time: the only place where local time exists. JST is UTC+9 and has no summer time."""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

JST = timezone(timedelta(hours=9), "JST")
JST_OFFSET_MS = 9 * 3_600_000
DAY_MS = 86_400_000
MINUTE_MS = 60_000
# date.fromordinal(1) is 0001-01-01; 1970-01-01 has this ordinal.
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def jst_day_and_minute(at_ms: int) -> tuple[int, int]:
    """Return (date ordinal, minute of the day 0–1439) of an instant in JST; seconds are floored."""
    day, within = divmod(at_ms + JST_OFFSET_MS, DAY_MS)
    return day + EPOCH_ORDINAL, within // MINUTE_MS


def jst_date(at_ms: int) -> date:
    """Return the JST calendar date of an instant."""
    return date.fromordinal(jst_day_and_minute(at_ms)[0])


def usage_month(at_ms: int) -> str:
    """Return the JST month of an instant as `YYYY-MM` (charging.md P3)."""
    return jst_date(at_ms).isoformat()[:7]


def month_after(month: str, count: int = 1) -> str:
    """Return the month that comes so many months after a month `YYYY-MM`; before it, for counts below 0."""
    year, place = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + count, 12)
    return f"{year:04}-{place + 1:02}"


def jst_iso(at_ms: int) -> str:
    """Return an instant as `YYYY-MM-DDTHH:MM:SS.mmm+09:00`."""
    seconds, ms = divmod(at_ms, 1000)
    return f"{_jst_second(seconds)}.{ms:03}+09:00"


# A busy second is written down hundreds of times.
@lru_cache(maxsize=16)
def _jst_second(utc_s: int) -> str:
    return datetime.fromtimestamp(utc_s, JST).replace(tzinfo=None).isoformat()


def parse_instant_ms(text: str) -> int:
    """Return the instant that an ISO 8601 text with an offset names.

    Raises: ValueError if the text is no ISO date-time, has no offset (a guess would move money by hours),
            or lies outside the years 1 to 9999 of UTC or JST.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset; write +09:00 or Z")
    try:
        since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        moment.astimezone(JST)
    except OverflowError as fault:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999") from fault
    return since // timedelta(milliseconds=1)


def jst_instant_ms(ordinal: int, minute: int) -> int:
    """Return the instant at which a minute of a JST day begins; the inverse of `jst_day_and_minute`."""
    return (ordinal - EPOCH_ORDINAL) * DAY_MS - JST_OFFSET_MS + minute * MINUTE_MS
