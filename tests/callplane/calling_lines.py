"""Lines that call out: an exchange whose carrier answers and whose telephones dial."""

from __future__ import annotations

from exchange import CALLER, FIRST_LINE, PLANE, Exchange, Telephone
from routing_contracts import SHIBUYA, TOKYO, contract, overflow

from chakka.config import Address, Trunk
from chakka.contract.model import Contract
from chakka.sip import events
from chakka.sip.agent import Outgoing
from chakka.sip.call_outgoing import OutgoingCall
from chakka.sip.message import Request
from chakka.sip.sdp import offer

FRIEND = "0312345678"
OUTBOUND = Trunk(name="carrier", hosts=("192.0.2.1",), trusted=True, outbound=True)
NOTIFYING = contract(overflow(TOKYO, SHIBUYA), number_notification=(TOKYO, SHIBUYA))
FROM_TOKYO = f"<sip:{TOKYO}@192.0.2.21>"
LINE_OFFER = offer("192.0.2.21", 4100)
VIDEO = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.21\r\ns=-\r\nc=IN IP4 192.0.2.21\r\nt=0 0\r\n"
    b"m=video 4100 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
)
DATA = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.21\r\ns=-\r\nc=IN IP4 192.0.2.21\r\nt=0 0\r\n"
    b"m=audio 4100 RTP/AVP 98\r\na=rtpmap:98 CLEARMODE/8000\r\n"
)


class CallingOffice(Exchange):
    """An exchange whose trunk takes calls as well; carrier: how whoever is called out there behaves."""

    def __init__(self, *contracts: Contract, trunks: tuple[Trunk, ...] = (OUTBOUND,), **settings: object):
        super().__init__(*contracts, trunks=trunks, **settings)
        self.carrier = Telephone()

    def dial_out(
        self,
        number: str,
        *headers: tuple[str, str],
        line: Address = FIRST_LINE,
        from_: str = FROM_TOKYO,
        body: bytes = LINE_OFFER,
    ) -> OutgoingCall:
        """Have a telephone dial, and let a moment pass."""
        asked = Outgoing(
            request_uri=f"sip:{number}@192.0.2.9",
            destination=PLANE,
            from_=from_,
            to=f"<sip:{number}@192.0.2.9>",
            headers=headers,
            body=body,
        )
        call = self.network.agents[line].invite(asked, self.network.now)
        self.run(0.2)
        return call

    def dial_and_listen(self, number: str, *headers: tuple[str, str], line: Address = FIRST_LINE) -> None:
        """Dial 1351 or 1350 and hear it out."""
        self.dial_out(number, *headers, line=line)
        self.run(12)

    @property
    def sent_out(self) -> Request:
        """Return the INVITE that reached the carrier last."""
        return self.invites(CALLER)[-1]

    def _on_event(self, where: Address, event: events.Event) -> None:
        if where == CALLER and isinstance(event, events.IncomingInvite | events.Cancelled):
            self._telephone(self.carrier, event)
        elif where != CALLER and isinstance(event, events.Answered | events.Failed | events.Provisional):
            self._caller_hears(event)
        else:
            super()._on_event(where, event)


def presented(invite: Request) -> dict[str, str | None]:
    """Return what an INVITE says of who calls: the user of From and of the other headers, and Privacy."""
    users = {
        name: value.partition("sip:")[2].partition("@")[0]
        for name in ("From", "P-Asserted-Identity", "P-Charge-Info")
        if (value := invite.headers.get(name)) is not None
    }
    return {**users, "Privacy": invite.headers.get("Privacy")}
