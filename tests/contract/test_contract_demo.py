"""The demo business's plans, which a first-time user sees."""

from pathlib import Path

import pytest
from contract_plans import TABLE

from chakka.contract.origins import expansions
from chakka.contract.rules import problems
from chakka.contract.text import read, write_yaml
from chakka.facts import DATA

PLANS = sorted((DATA / "demo").glob("*.yaml"))


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_a_demo_plan_keeps_every_rule_and_is_written_as_it_would_be_exported(path: Path):
    contract, found = read(path.read_bytes(), TABLE)
    assert found == []
    assert contract is not None
    assert problems(contract, TABLE) == []
    assert contract.number == path.stem
    assert contract.guidance is False
    assert write_yaml(contract) == path.read_bytes()


def test_the_demo_business_takes_all_of_japan():
    contract, _ = read((DATA / "demo" / "0120123456.yaml").read_bytes(), TABLE)
    assert contract is not None
    east, west = expansions(contract, TABLE)
    assert TABLE.charge_area("武蔵野三鷹").index in east
    assert TABLE.charge_area("大阪").index in west
    assert len(east | west) == len(TABLE.charge_areas)
