"""What a source counted by itself, apart from its records: so it is proved that none is missing."""

import msgspec

from chakka.records.final import Count, Name


class Tally(msgspec.Struct, frozen=True, array_like=True, tag="tally", forbid_unknown_fields=True):
    """Calls of one minute. Several of one source and minute add up.

    sequence:  as of a Final: a tally is delivered once.
    minute_ms: start of the minute, UTC.
    calls:     that arrived in it, each with one record. answered: calls that were answered in it.
    is_last:   the source has ended, and counted everything.
    """

    source: Name
    sequence: Count
    minute_ms: Count
    calls: int
    answered: int
    is_last: bool = False
