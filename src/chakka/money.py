"""Money is integers with their unit in the name: `_uy` micro-yen (10⁻⁶ yen), `_yen` whole yen."""

MICRO_YEN = 1_000_000


def yen_text(amount_uy: int) -> str:
    """Return an exact amount in yen as text without trailing zeros: 17500000 → `17.5`."""
    sign = "-" if amount_uy < 0 else ""
    yen, micro = divmod(abs(amount_uy), MICRO_YEN)
    fraction = f".{micro:06d}".rstrip("0").rstrip(".")
    return f"{sign}{yen}{fraction}"
