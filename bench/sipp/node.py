"""A node of one call plane in a directory of its own: configuration, a published plan, a journal."""

from pathlib import Path

import msgspec

from chakka.config_text import parse_config
from chakka.contract.model import Contract
from chakka.contract.text import read
from chakka.contract.write import write_yaml
from chakka.facts import DATA, numbering_table
from chakka.routing.calendar import shipped_holidays
from chakka.routing.compile import compile_plan
from chakka.routing.plan import encode
from chakka.stores.plan_store import PlanStore, Published

NUMBER = "08001234567"
LINES = ("0352001234", "0352001235", "0662001234")
_CONFIG = """
[node]
name = "bench"
[listen]
udp = "127.0.0.1:{port}"
[data]
dir = "."
[calls]
per_number_per_second = 0
[timers]
t1 = {t1}
[[trunk]]
name = "caller"
hosts = ["127.0.0.1"]
trusted = true
"""
_LINE = """
[[line]]
number = "{number}"
address = "sip:{number}@127.0.0.1:{port}"
"""


def configuration(port: int, line_port: int, t1: float = 0.5) -> str:
    """Return the configuration of a call plane on `port` whose lines are all at `line_port`, as TOML."""
    lines = (_LINE.format(number=number, port=line_port) for number in LINES)
    return _CONFIG.format(port=port, t1=t1) + "".join(lines)


def contract() -> Contract:
    """Return the demo's contract with a ratio, a schedule and changes, with channels for every call."""
    made, problems = read((DATA / "demo" / f"{NUMBER}.yaml").read_bytes(), numbering_table())
    assert made is not None, problems
    lines = tuple(msgspec.structs.replace(line, channels=10_000) for line in made.lines)
    return msgspec.structs.replace(made, lines=lines)


def compiled(made: Contract) -> tuple[str, bytes]:
    """Return the plan of a contract: its hash and its bytes."""
    plan = compile_plan(made, numbering_table(), shipped_holidays())
    return plan.hash, encode(plan)


def publish(store: PlanStore, made: Contract) -> None:
    """Publish a contract's plan."""
    plan_hash, plan = compiled(made)
    published = Published(at_ms=0, by="bench", why="", hash=plan_hash)
    store.publish(made.number, plan, write_yaml(made), published)


def prepared(directory: Path, port: int, line_port: int, t1: float = 0.5) -> Path:
    """Write the configuration and publish the plan; return the configuration's path."""
    text = configuration(port, line_port, t1)
    file = directory / "chakka.toml"
    file.write_text(text)
    with PlanStore.open(parse_config(text.encode(), directory).plans, readonly=False) as store:
        publish(store, contract())
    return file
