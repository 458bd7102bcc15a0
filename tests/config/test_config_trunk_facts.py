"""[trunk.facts]: how a trunk spells what it says of its callers."""

from pathlib import Path

import pytest
from caller_corpus import invite

from chakka.caller.facts import facts
from chakka.caller.profile import Spelling
from chakka.config import Trunk
from chakka.config_text import parse_config
from chakka.errors import InputError
from chakka.facts import numbering_table
from chakka.numbering.model import CallerClass

TRUNK = '[[trunk]]\nname = "mobile carrier"\nhosts = ["192.0.2.1"]\n'
TRUSTED = f"{TRUNK}trusted = true\n"
FACTS = """
[trunk.facts]
identity_headers = ["P-Asserted-Identity", "Remote-Party-ID"]
prefecture_header = "X-Caller-Prefecture"
categories = { coinbox = "payphone" }
carriers = { 2001 = "b" }
[trunk.facts.charging]
carrier = ["x-carrier"]
"""


def trunk_of(text: str) -> Trunk:
    trunk = parse_config(text.encode(), Path("/srv/chakka")).trunk_of("192.0.2.1")
    assert trunk is not None
    return trunk


def faults(text: str) -> str:
    with pytest.raises(InputError) as caught:
        trunk_of(text)
    return "\n".join(f"{problem.where} {problem.message}" for problem in caught.value.problems)


def test_a_trunk_without_facts_spells_them_as_published() -> None:
    assert trunk_of(TRUSTED).profile.spelling == Spelling()


def test_what_the_file_says_is_how_invites_are_read() -> None:
    trunk = trunk_of(TRUSTED + FACTS)
    request = invite(
        "Remote-Party-ID: <sip:09012345678@h>",
        "X-Caller-Prefecture: 27",
        'P-Charging-Vector: icid-value=1;ttc-charging-params="x-carrier=2001"',
    )
    attempt = facts(request, trunk.profile, numbering_table(), 0)
    told = (attempt.calling_number, attempt.prefecture, attempt.carrier_group, attempt.trunk)
    assert told == ("09012345678", "大阪府", "b", "mobile carrier")


def test_a_class_of_its_own_category_is_one_of_ours() -> None:
    assert trunk_of(TRUSTED + FACTS).facts.categories == {"coinbox": CallerClass.PAYPHONE}


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ("[trunk.facts]\nheaders = []\n", "headers"),
        ('[trunk.facts]\nprefecture_header = "X Caller"\n', "prefecture_header"),
        ('[trunk.facts]\nprefecture_header = "X-Caller\\n"\n', "prefecture_header"),
        ('[trunk.facts]\nidentity_headers = [""]\n', "identity_headers"),
        ('[trunk.facts]\ncategories = { coinbox = "coin" }\n', "coin"),
        ('[trunk.facts]\ncategories = { Coinbox = "payphone" }\n', "categories"),
        ('[trunk.facts]\ncarriers = { docomo = "a" }\n', "carriers"),
        ('[trunk.facts]\ncarriers = { 2001 = "" }\n', "carriers"),
        ('[trunk.facts.charging]\narea = "cai"\n', "charging.area"),
        ('[trunk.facts.charging]\nareas = ["cai"]\n', "areas"),
    ],
)
def test_what_is_wrong_is_named(wrong: str, word: str) -> None:
    assert word in faults(TRUSTED + wrong)


def test_facts_of_a_trunk_that_is_not_trusted_are_a_fault() -> None:
    assert "trunk[0].facts caller facts of trunk 'mobile carrier'" in faults(TRUNK + FACTS)
