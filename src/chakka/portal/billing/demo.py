"""The demo business in the books: a shop that has the demo numbers, with what the demo plans use."""

from datetime import date

from django.db import transaction

from chakka.cli.plan_file import problem_lines, read_plan
from chakka.errors import InputError
from chakka.facts import DATA
from chakka.portal.accounts.models import Subscriber
from chakka.portal.contracts.models import Contract
from chakka.portal.contracts.opening import open_contract, opening_by_plan

CODE = "DEMO"


def seed_demo(start: date) -> list[str]:
    """Return the numbers that the demo subscriber was given, from a day on; none if it has them already."""
    with transaction.atomic():
        subscriber, _ = Subscriber.objects.get_or_create(
            code=CODE,
            defaults={
                "name": "デモ商店",
                "name_kana": "デモショウテン",
                "postal_code": "100-0001",
                "address": "東京都千代田区千代田1-1",
            },
        )
        opened = []
        for file in sorted((DATA / "demo").glob("*.yaml")):
            if not Contract.objects.filter(number_id=file.stem).exists():
                plan, problems = read_plan(file)
                if plan is None:
                    raise InputError(f"{file}: {problem_lines(problems)}", problems)
                opened.append(str(open_contract(subscriber, opening_by_plan(plan, start)).number))
    return opened
