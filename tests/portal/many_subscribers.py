"""`python many_subscribers.py COUNT`: so many subscribers with a contract each, for $CHAKKA_DATA."""

import sys
from datetime import date

import django

django.setup()

from chakka.portal.accounts.models import Subscriber  # noqa: E402
from chakka.portal.contracts.models import Contract, ContractItem, FreephoneNumber  # noqa: E402


def main(count: int) -> None:
    """Make them."""
    for place in range(count):
        owner = Subscriber.objects.create(
            code=f"S{place:04}",
            name=f"商店{place}",
            postal_code="100-0001",
            address="東京都千代田区千代田1-1",
        )
        number = FreephoneNumber.objects.create(number=f"0800{place:07}", state="working")
        contract = Contract.objects.create(subscriber=owner, number=number, start=date(2026, 1, 1))
        ContractItem.objects.create(
            contract=contract, key=f"{number}/basic/1", item="basic", start=date(2026, 1, 1)
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
