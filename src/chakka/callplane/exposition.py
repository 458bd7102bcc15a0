"""Metrics as text: the Prometheus text exposition format, version 0.0.4."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from chakka.callplane.counts import Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


@dataclass(frozen=True, slots=True)
class Family:
    """All samples of one metric, or its histogram."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    samples: Iterable[Sample] | Histogram


def exposition(families: Iterable[Family]) -> str:
    """Return the text of metrics; histograms with cumulative buckets."""
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.meaning}"
    yield f"# TYPE {family.name} {family.kind}"
    if isinstance(family.samples, Histogram):
        yield from _histogram(family.name, family.samples)
    else:
        for labels, value in family.samples:
            yield f"{family.name}{_written(labels)} {_number(value)}"


def _histogram(name: str, histogram: Histogram) -> Iterator[str]:
    so_far = 0
    for bound, count in zip((*histogram.bounds, None), histogram.counts, strict=True):
        so_far += count
        upper = "+Inf" if bound is None else _number(bound)
        yield f'{name}_bucket{{le="{upper}"}} {so_far}'
    yield f"{name}_sum {_number(histogram.total_s)}"
    yield f"{name}_count {so_far}"


def _written(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) else repr(value)
