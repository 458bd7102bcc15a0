"""Every rule that a contract has to keep before it is published (service.md §2–4, R3.8)."""

from collections.abc import Callable

from chakka.contract import (
    group_rules,
    number_rules,
    option_rules,
    origin_rules,
    schedule_rules,
    setting_rules,
)
from chakka.contract.model import Contract
from chakka.errors import Problem
from chakka.numbering.table import NumberingTable

Rule = Callable[[Contract, NumberingTable], list[Problem]]

RULES: tuple[Rule, ...] = (
    number_rules.freephone_number,
    option_rules.listed_once,
    option_rules.exclusive,
    option_rules.contracted,
    option_rules.multi_line,
    number_rules.lines,
    number_rules.line_numbers,
    origin_rules.group_names,
    origin_rules.origin_forms,
    origin_rules.known_places,
    origin_rules.disjoint_areas,
    origin_rules.mobiles_of_one_group,
    origin_rules.unknown_origins,
    group_rules.one_way,
    group_rules.overflow_lists,
    group_rules.ratios,
    group_rules.ring_times,
    number_rules.own_numbers,
    number_rules.notified_once,
    setting_rules.limits,
    setting_rules.emergency,
    setting_rules.announcements,
    setting_rules.names,
    schedule_rules.changes,
    schedule_rules.schedule_names,
    schedule_rules.pattern_names,
    schedule_rules.slots,
    schedule_rules.dates,
    schedule_rules.clock_schedules,
    schedule_rules.ratio_schedules,
)


def problems(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return every problem of a contract, all at once; none means that it may be published.

    Result: each with its code of plan-format.md, the place in the text, and a sentence that names the
            offending value and the rule.
    """
    return [problem for rule in RULES for problem in rule(contract, table)]
