"""Every string of the pages in Japanese and English."""

import gettext
import re
from pathlib import Path

import chakka.portal

PORTAL = Path(chakka.portal.__file__).parent
CATALOGUE = PORTAL / "locale" / "ja" / "LC_MESSAGES"


def written() -> dict[str, str]:
    """Return the catalogue as people edit it: English → Japanese (its first form)."""
    text = (CATALOGUE / "django.po").read_text()
    entries = re.findall(
        r'^msgid "(.+)"\n(?:msgid_plural ".+"\n)?msgstr(?:\[0\])? "(.*)"$', text, re.MULTILINE
    )
    return {one.replace('\\"', '"'): other.replace('\\"', '"') for one, other in entries}


def used() -> set[str]:
    """Return what the templates say."""
    said: set[str] = set()
    for page in (PORTAL / "templates").rglob("*.html"):
        text = page.read_text()
        said |= {
            one or other for one, other in re.findall(r"""\{% translate (?:"([^"]+)"|'([^']+)') %\}""", text)
        }
        for block in re.findall(r"\{% blocktranslate %\}(.+?)\{% endblocktranslate %\}", text, re.DOTALL):
            said.add(re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", block))
    return said


def test_every_string_of_the_pages_is_in_the_catalogue() -> None:
    assert used() - written().keys() == set()
    assert len(used()) > 40


def test_nothing_is_left_without_japanese() -> None:
    assert [
        one
        for one, other in written().items()
        if not re.search("[ぁ-んァ-ヶ一-龠]", other) and "IP" not in one
    ] == []


def test_the_compiled_catalogue_is_that_which_people_edit() -> None:
    with (CATALOGUE / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert {one: compiled.gettext(one) for one in written() if " of %(of)d " not in one} == {
        one: other for one, other in written().items() if " of %(of)d " not in one
    }


def test_every_place_in_a_sentence_is_in_its_translation() -> None:
    for one, other in written().items():
        assert sorted(re.findall(r"%\(\w+\)[sd]", one)) == sorted(re.findall(r"%\(\w+\)[sd]", other)), one
