"""docs/caller-facts.md says what the code does."""

import re
from pathlib import Path

from caller_corpus import specimens

from chakka.caller.category import CATEGORIES, ORDINARY
from chakka.caller.profile import ChargingKeys
from chakka.config_text import parse_config
from chakka.numbering.model import CallerClass

TEXT = (Path(__file__).parents[2] / "docs" / "caller-facts.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_usage_runs() -> None:
    specimen = next(specimen for specimen in specimens() if specimen.name == "number_in_pai_tel")
    names = {"datagram": specimen.invite, "at_ms": 0}
    exec(block("python"), names)  # the document's own example
    assert names["attempt"].calling_number == "0662001234"  # type: ignore[attr-defined]


def test_the_configuration_is_read() -> None:
    trunk = parse_config(block("toml").encode(), Path("/srv/chakka")).trunks[0]
    assert trunk.facts.categories == {"coinbox": CallerClass.PAYPHONE}
    assert trunk.facts.charging.area == ("cai",)


def test_every_spelling_stands_in_the_tables() -> None:
    keys = ChargingKeys()
    words = [*CATEGORIES, *ORDINARY, *keys.category, *keys.carrier, *keys.area]
    assert [word for word in words if f"`{word}`" not in TEXT] == []
