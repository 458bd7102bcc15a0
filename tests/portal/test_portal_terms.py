"""Price list, levies and tax rates: published once, kept whole, the newest of a name in use."""

import pytest

from chakka.errors import InputError
from chakka.facts import DATA
from chakka.portal.billing.models import PublishedTable, TableKind
from chakka.portal.billing.terms import publish, publish_shipped, terms_in_use, versions

pytestmark = pytest.mark.django_db
LIST = (DATA / "prices" / "lists" / "standard.toml").read_bytes()


def test_nothing_is_billed_before_a_price_list_was_published() -> None:
    with pytest.raises(InputError, match="there are none"):
        terms_in_use("standard")


def test_the_shipped_tables_are_published_once() -> None:
    publish_shipped()
    count = PublishedTable.objects.count()
    publish_shipped()
    assert PublishedTable.objects.count() == count
    assert versions(terms_in_use("standard")).startswith("standard@")


def test_the_newest_version_of_a_name_is_in_use() -> None:
    publish_shipped()
    version = publish(TableKind.PRICES, LIST.replace(b"1_000", b"1_200"), "tester")
    assert terms_in_use("standard").prices.version == version
    assert publish(TableKind.PRICES, LIST.replace(b"1_000", b"1_200"), "tester") == version
    assert terms_in_use("per-function").prices.version.startswith("per-function@")


def test_shipped_tables_do_not_come_over_an_operators() -> None:
    version = publish(TableKind.PRICES, LIST.replace(b"1_000", b"1_200"), "tester")
    publish_shipped()
    assert terms_in_use("standard").prices.version == version


def test_a_price_list_with_problems_is_refused_whole() -> None:
    with pytest.raises(InputError) as refusal:
        publish(TableKind.PRICES, LIST.replace(b"1_000", b"-5"), "tester")
    assert refusal.value.problems
    assert not PublishedTable.objects.exists()


def test_an_unknown_price_list_is_said_with_those_that_are_there() -> None:
    publish_shipped()
    with pytest.raises(InputError, match="'gold' was published; there are per-function@"):
        terms_in_use("gold")
