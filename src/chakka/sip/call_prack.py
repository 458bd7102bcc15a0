"""Reliable provisionals of a callee that insists on them: each is acknowledged once (RFC 3262 §4)."""

from typing import Final

from chakka.sip.agent_core import Core
from chakka.sip.dialog import dialog_of_response
from chakka.sip.grammar import Malformed
from chakka.sip.headers import RAck, parse_rseq
from chakka.sip.message import Response
from chakka.sip.transaction import ClientTransaction
from chakka.sip.transaction_message import Address, RequestHead

RELIABLE: Final = "100rel"
# Branches of one INVITE that are acknowledged: a forking proxy has a few, not hundreds.
_MOST_BRANCHES: Final = 32


class ReliableBranches:
    """What was acknowledged on each early dialog of one INVITE: To-tag → last RSeq, last CSeq of ours."""

    __slots__ = ("_core", "_numbers", "_rseqs")

    def __init__(self, core: Core) -> None:
        self._core = core
        self._rseqs: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def last_number(self, tag: str, otherwise: int) -> int:
        """Return the CSeq of our last request on a branch, `otherwise` without any: its dialog counts on."""
        return self._numbers.get(tag, otherwise)

    def is_repeated(self, response: Response, head: RequestHead, peer: Address, now: float) -> bool:
        """Acknowledge a provisional that wants it; return whether it says nothing new.

        One out of order is not acknowledged: the callee sends it again after the one before (§4). One that
        cannot be acknowledged (no RSeq, no tag) is taken as if it were not reliable.
        """
        tag = response.to.tag
        rseq = _rseq_of(response)
        if rseq is None or not tag:
            return False
        last = self._rseqs.get(tag)
        if last is not None and rseq != last + 1:
            return True
        if last is None and len(self._rseqs) >= _MOST_BRANCHES:
            return True
        self._rseqs[tag] = rseq
        self._send_prack(response, rseq, head, peer, now)
        return False

    def _send_prack(
        self, response: Response, rseq: int, head: RequestHead, peer: Address, now: float
    ) -> None:
        core, tag = self._core, response.to.tag or ""
        dialog = dialog_of_response(head, response, peer)
        dialog.local_cseq = self.last_number(tag, head.number)
        number = self._numbers[tag] = dialog.next_number()
        branch = core.branch()
        rack = RAck(rseq=rseq, cseq=response.cseq.number, method="INVITE")
        prack = dialog.head(core, branch, number)
        packet = prack.request("PRACK", f"{core.user_agent_line()}RAck: {rack}\r\n")
        ClientTransaction(core, branch, "PRACK", None).start(prack, packet, dialog.next_hop(), now)


def _rseq_of(response: Response) -> int | None:
    """Return the RSeq of a provisional that requires to be acknowledged, else None."""
    if response.status == 100 or RELIABLE not in option_tags(response):
        return None
    try:
        return parse_rseq(response.headers.get("RSeq") or "")
    except Malformed:
        return None


def option_tags(response: Response) -> list[str]:
    """Return the option tags that a response requires, none if they cannot be read."""
    try:
        return [tag.lower() for tag in response.headers.values("Require")]
    except Malformed:
        return []
