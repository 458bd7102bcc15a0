"""Sets of sequences as ranges: what was delivered of one boot of one node, and what is missing."""

from collections.abc import Iterable, Sequence

# [first, last], both included; in order, disjoint, with gaps between them.
Range = tuple[int, int]


def contains(ranges: Sequence[Range], sequence: int) -> bool:
    """Return whether `sequence` lies in one of the ranges. Later ranges are looked at first."""
    return any(first <= sequence <= last for first, last in reversed(ranges))


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Return the same sequences as the fewest ranges."""
    result: list[Range] = []
    for first, last in sorted(ranges):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


def ranges_of(sequences: Sequence[int]) -> list[Range]:
    """Return sequences as the fewest ranges."""
    if not sequences:
        return []
    first, last = min(sequences), max(sequences)
    # Mostly nothing is missing, and nothing comes twice.
    if last - first + 1 == len(sequences) == len(set(sequences)):
        return [(first, last)]
    return merged((sequence, sequence) for sequence in sequences)


def contiguous_end(ranges: Sequence[Range]) -> int:
    """Return the last sequence before which nothing is missing; 0 if 1 is missing."""
    return ranges[0][1] if ranges and ranges[0][0] == 1 else 0


def missing(ranges: Iterable[Range]) -> list[Range]:
    """Return what is missing before, and between, the sequences of ranges that come in order, from 1 on."""
    gaps: list[Range] = []
    expected = 1
    for first, last in ranges:
        if first > expected:
            gaps.append((expected, first - 1))
        expected = max(expected, last + 1)
    return gaps


def overlap(one: Sequence[Range], other: Sequence[Range]) -> bool:
    """Return whether two sets of ranges have a sequence in common."""
    return length(merged([*one, *other])) < length(one) + length(other)


def length(ranges: Iterable[Range]) -> int:
    """Return how many sequences ranges hold."""
    return sum(last - first + 1 for first, last in ranges)
