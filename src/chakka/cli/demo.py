"""The demo business: its plans, its configuration, a telephone that answers, and what to dial."""

import shutil
import subprocess
import sys
from pathlib import Path

from chakka import clock, facts
from chakka.cli.plan_file import problem_lines, read_plan
from chakka.cli.supervise import Program
from chakka.config import Config
from chakka.config_text import parse_config
from chakka.contract.write import write_yaml
from chakka.errors import InputError
from chakka.localtime import usage_month
from chakka.routing.calendar import shipped_holidays
from chakka.routing.compile import compile_plan
from chakka.routing.plan import encode
from chakka.stores.plan_store import PlanStore, Publication, Published

DEMO = facts.DATA / "demo"
# Where the demo telephone listens; data/demo/chakka.toml sends the demo lines there.
TELEPHONE = "127.0.0.1:5071"


def prepare(directory: Path) -> Path:
    """Write the demo configuration unless there is one, publish the demo plans, return the configuration."""
    directory.mkdir(parents=True, exist_ok=True)
    config_file = directory / "chakka.toml"
    if not config_file.exists():
        shutil.copyfile(DEMO / "chakka.toml", config_file)
    config = parse_config(config_file.read_bytes(), directory)
    with PlanStore.open(config.plans, readonly=False) as store:
        for plan in sorted(DEMO.glob("*.yaml")):
            if store.read(plan.stem) is None:
                _publish(store, plan)
    return config_file


def open_business(config: Config, config_file: Path) -> None:
    """Give the demo numbers to a demo subscriber, if there are no books yet, and show who can log in."""
    actions = [("account", "demo")]
    if config.database.url or not (config.directory / "business.sqlite").exists():
        actions.insert(0, ("bill", "seed-demo"))
    for action in actions:
        # A process of its own: nothing that handles calls imports the portal.
        command = (sys.executable, "-m", "chakka.portal", "--config", str(config_file), *action)
        subprocess.run(command, check=False)


def _publish(store: PlanStore, plan_file: Path) -> None:
    contract, problems = read_plan(plan_file)
    if contract is None:
        raise InputError(f"{plan_file}: {problem_lines(problems)}", problems)
    plan = compile_plan(contract, facts.numbering_table(), shipped_holidays())
    published = Published(at_ms=clock.utc_ms(), by="chakka", why="demo business", hash=plan.hash)
    publication = Publication(
        number=plan.number,
        compiled=encode(plan),
        text=write_yaml(contract),
        published=published,
        notifying=plan.number_notification,
    )
    store.publish_all([publication])


def telephone(config: Config) -> Program:
    """Return the demo telephone: it rings, answers and speaks on all demo lines."""
    command = (sys.executable, "-m", "chakka.cli.demo_telephone", "--listen", TELEPHONE)
    media = ("--media", str(config.media_socket), "--own", str(config.directory / "telephone.sock"))
    return Program("telephone", (*command, *media))


def how_to_dial(config: Config) -> str:
    """Return what a person can dial, with what."""
    host, port = config.listen
    caller = "0422511234"
    month = usage_month(clock.utc_ms())
    return f"""
Demo business; dial from another terminal:
  0800-123-4567  always open: the demo telephone rings, answers and speaks
  0120-123-456   open on working days 9:00-18:00 JST; else the off-hours announcement
  0120-999-999   no such number: the not-in-service announcement

With baresip (you hear it):
  baresip -n {host} -e '/uanew <sip:{caller}@{host}>;regint=0' -e '/dial sip:08001234567@{host}:{port}'
With SIPp (one call of 5 s from Musashino):
  sipp -sf data/demo/caller.xml -s 08001234567 -key calling {caller} -i 127.0.0.1 -m 1 -d 5000 {host}:{port}

Then:  .venv/bin/chakka calls          every call, its route and its price
       .venv/bin/chakka explain CALL   why it went there and what it costs
       .venv/bin/chakka bill draft --month {month}   the invoice as it would be now
Ctrl-C stops everything.
"""
