"""How dates, periods, numbers and amounts are written on Japanese documents."""

from datetime import date


def japanese_date(day: date) -> str:
    """Return `2026年10月1日`."""
    return f"{day.year}年{day.month}月{day.day}日"


def japanese_period(first: date, last: date) -> str:
    """Return `2026年10月1日〜10月31日`; a single day stands alone, a year is said again when it changes."""
    if first == last:
        return japanese_date(first)
    end = f"{last.month}月{last.day}日" if first.year == last.year else japanese_date(last)
    return f"{japanese_date(first)}〜{end}"


def short_period(first: date, last: date) -> str:
    """Return `2026/10/01〜10/31`, for the narrow column of a table."""
    if first == last:
        return f"{first:%Y/%m/%d}"
    end = f"{last:%m/%d}" if first.year == last.year else f"{last:%Y/%m/%d}"
    return f"{first:%Y/%m/%d}〜{end}"


def freephone_number(number: str) -> str:
    """Return a freephone number as it is printed: `0120-123-456`, `0800-123-4567`."""
    if len(number) < 10:
        return number
    return f"{number[:4]}-{number[4:7]}-{number[7:]}"


def yen(amount_yen: int) -> str:
    """Return `¥1,234`, `−¥1,234` with a true minus sign."""
    return f"{'−' if amount_yen < 0 else ''}¥{abs(amount_yen):,}"


def figure(count: int) -> str:
    """Return a count or an amount in a column of amounts: `1,234`, `−1,234`."""
    return f"{'−' if count < 0 else ''}{abs(count):,}"


def percent(permille: int) -> str:
    """Return a tax rate in per cent as text: 100 → `10`, 85 → `8.5`."""
    whole, tenth = divmod(permille, 10)
    return f"{whole}.{tenth}" if tenth else str(whole)
