"""Where registered lines are: bindings of a line number to contacts, and how REGISTER changes them.

Pure: a registration and the bindings so far in, the bindings from now on or a refusal out (RFC 3261 §10.3).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from chakka.config import RegistrarSettings
from chakka.errors import InputError
from chakka.numbering.dialled import dialled_digits
from chakka.sip.address import Address, Transport, address_at, default_port, transport_of
from chakka.sip.grammar import Malformed
from chakka.sip.headers import NameAddr, parse_delta_seconds, parse_name_addr
from chakka.sip.message import Request
from chakka.sip.uri import SipUri, TelUri, equivalent, parse_uri

# RFC 3261 §10.2.1.1: what an expiry that cannot be read stands for, and one that is not given.
_DEFAULT_EXPIRES: Final = 3600
_HIGHEST_Q: Final = 1000
# Every INVITE to the line repeats it three times, and has to fit into one datagram.
_LONGEST_CONTACT: Final = 256


class LineTarget(NamedTuple):
    """One way to reach a peer: the URI that requests carry, and where they go."""

    uri: str
    destination: Address


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a line number is reached.

    contact:     the URI as registered; requests to the line carry it.
    host, port, transport: where they go.
    q:           preference in thousandths, 1000 first.
    expires_ms, refreshed_ms: UTC.
    call_id, cseq: of the REGISTER that refreshed it last (§10.3 item 7).
    instance:    the telephone's own name (RFC 5626 §4.1), "" if it has none.
    """

    number: str
    contact: str
    host: str
    port: int
    transport: Transport = "udp"
    q: int = _HIGHEST_Q
    expires_ms: int
    refreshed_ms: int
    call_id: str
    cseq: int
    instance: str = ""

    @property
    def target(self) -> LineTarget:
        """Return how the line is reached here."""
        return LineTarget(self.contact, address_at(self.host, self.port, self.transport))


class WantedContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that a REGISTER asks for. expires: seconds, None when the registrar may choose, 0: remove."""

    uri: SipUri
    q: int = _HIGHEST_Q
    expires: int | None = None
    instance: str = ""


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What a REGISTER says. removes_all: its contact is `*`. No contacts: it only asks."""

    number: str
    call_id: str
    cseq: int
    source: Address
    contacts: tuple[WantedContact, ...] = ()
    removes_all: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing of a REGISTER took effect. min_expires: for the header of a 423."""

    status: int
    min_expires: int | None = None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[tuple[Binding, ...]] = msgspec.msgpack.Decoder(tuple[Binding, ...])


def encode(bindings: tuple[Binding, ...]) -> bytes:
    """Return a line's bindings for the live store; b"" for none."""
    return _ENCODER.encode(bindings) if bindings else b""


def decode(octets: bytes) -> tuple[Binding, ...]:
    """Return what `encode` was given. Raises: InputError if it was another version's, or damaged."""
    try:
        return _DECODER.decode(octets) if octets else ()
    except msgspec.DecodeError as fault:
        raise InputError(f"bindings of {len(octets)} bytes: {fault}") from fault


def after_crash(
    kept: tuple[Binding, ...], journalled: tuple[Binding, ...], at_ms: int
) -> tuple[Binding, ...]:
    """Return the bindings of a line after a crash, which may have come before either was written.

    kept:       those of the live store, which is told of every refresh.
    journalled: those of the journal's last entry, which is told of changes only; at_ms: when that was.
    Result:     those kept, unless the journal knows of a change that came after them.
    """
    is_later = any(one.refreshed_ms > at_ms for one in kept)
    return kept if is_later or is_refresh(kept, journalled) else journalled


def is_refresh(before: Iterable[Binding], after: Iterable[Binding]) -> bool:
    """Return whether a line is reached as before, and only the ends of its bindings may have changed."""
    return _places(before) == _places(after)


def _places(bindings: Iterable[Binding]) -> set[tuple[LineTarget, int]]:
    return {(one.target, one.q) for one in bindings}


def line_number(address_of_record: str) -> str:
    """Return the number that the To of a REGISTER names, in national form; "" when it names none."""
    try:
        uri = parse_uri(address_of_record)
    except Malformed:
        return ""
    if isinstance(uri, TelUri):
        return dialled_digits(uri.number) or ""
    user = uri.user if isinstance(uri, SipUri) else None
    return dialled_digits((user or "").partition(";")[0]) or ""


def registration(request: Request, number: str, source: Address) -> Registration:
    """Return what a REGISTER for a line asks for.

    Raises: Malformed (400) for `*` beside contacts or without Expires: 0 (§10.3 item 6), and for contacts
            that are no SIP URI or longer than 256 characters.
    """
    values = request.headers.values("Contact")
    expires = _expires(request.headers.get("Expires"))
    removes_all = values == ["*"]
    if "*" in values and (not removes_all or expires != 0):
        raise Malformed(400, "Contact: * stands alone, with Expires: 0")
    contacts = () if removes_all else tuple(_contact(parse_name_addr(value), expires) for value in values)
    return Registration(
        number=number,
        call_id=request.call_id,
        cseq=request.cseq.number,
        source=source,
        contacts=contacts,
        removes_all=removes_all,
    )


def _contact(party: NameAddr, expires: int | None) -> WantedContact:
    uri = parse_uri(party.uri)
    if not isinstance(uri, SipUri) or len(party.uri) > _LONGEST_CONTACT:
        raise Malformed(400, "Contact: only SIP URIs of up to 256 characters can be registered")
    return WantedContact(
        # RFC 3261 §19.1.1: a Request-URI has no headers.
        uri=msgspec.structs.replace(uri, headers=()),
        q=_q(party.params.get("q")),
        expires=_expires(party.params["expires"] or "") if "expires" in party.params else expires,
        instance=(party.params.get("+sip.instance") or "").strip('"'),
    )


def _expires(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_delta_seconds(text)
    except Malformed:  # RFC 3261 §10.2.1.1: equal to 3600
        return _DEFAULT_EXPIRES


def _q(text: str | None) -> int:
    """Return a qvalue (RFC 3261 §25.1) in thousandths; the highest when absent or unreadable."""
    whole, _, part = (text or "1").partition(".")
    if whole == "0" and len(part) <= 3 and (part.isdigit() or not part) and part.isascii():
        return int((part + "000")[:3])
    return _HIGHEST_Q


def updated(
    bindings: Iterable[Binding], wanted: Registration, settings: RegistrarSettings, now_ms: int
) -> tuple[Binding, ...] | Refused:
    """Return a line's bindings after a REGISTER, the most wanted first, or why none of it took effect.

    bindings: those of the line so far, expired ones among them.
    Result:   all of the registration or nothing of it. Above `settings.most_contacts` the bindings that were
              refreshed longest ago are dropped: a telephone that came back by another address gets in.
    """
    kept = {one.contact: one for one in bindings if one.expires_ms > now_ms}
    if wanted.removes_all:
        return Refused(500) if any(_is_late(one, wanted) for one in kept.values()) else ()
    if len(wanted.contacts) > settings.most_contacts:
        return Refused(403)
    refused = _refusal(kept.values(), wanted, settings)
    if refused is not None:
        return refused
    for contact in wanted.contacts:
        _put(kept, contact, wanted, settings, now_ms)
    # What this REGISTER put in stands last, so it wins over what came in the same millisecond.
    newest = sorted(kept.values(), key=lambda one: one.refreshed_ms)[-settings.most_contacts :]
    return in_order(newest)


def _refusal(
    bindings: Iterable[Binding], wanted: Registration, settings: RegistrarSettings
) -> Refused | None:
    known = tuple(bindings)
    for contact in wanted.contacts:
        # §10.3 item 7: an hour and more is never too brief; our shortest is below an hour.
        if 0 < _asked(contact, settings) < settings.shortest:
            return Refused(423, settings.shortest)
        if any(_is_late(one, wanted) for one in known if _is_same(one, contact)):
            return Refused(500)
    return None


def _put(
    kept: dict[str, Binding],
    contact: WantedContact,
    wanted: Registration,
    settings: RegistrarSettings,
    now_ms: int,
) -> None:
    for one in [one for one in kept.values() if _is_same(one, contact)]:
        del kept[one.contact]
    seconds = min(_asked(contact, settings), settings.longest)
    if seconds:
        binding = _binding(contact, wanted, now_ms + 1000 * seconds, now_ms)
        kept[binding.contact] = binding


def _asked(contact: WantedContact, settings: RegistrarSettings) -> int:
    return settings.usual if contact.expires is None else contact.expires


def _is_late(binding: Binding, wanted: Registration) -> bool:
    """Of one client, a REGISTER that was overtaken must not undo what came after it."""
    return binding.call_id == wanted.call_id and wanted.cseq <= binding.cseq


def _is_same(binding: Binding, contact: WantedContact) -> bool:
    """RFC 5626 §6: a telephone that says its name has one binding, wherever it is."""
    if contact.instance and contact.instance == binding.instance:
        return True
    return equivalent(parse_uri(binding.contact), contact.uri)


def _binding(contact: WantedContact, wanted: Registration, expires_ms: int, now_ms: int) -> Binding:
    return Binding(
        number=wanted.number,
        contact=str(contact.uri),
        host=wanted.source[0],
        port=_port(contact.uri, wanted.source),
        transport=transport_of(wanted.source),
        q=contact.q,
        expires_ms=expires_ms,
        refreshed_ms=now_ms,
        call_id=wanted.call_id,
        cseq=wanted.cseq,
        instance=contact.instance,
    )


def _port(uri: SipUri, source: Address) -> int:
    """Return the port where a contact is reached, at the host that the REGISTER came from.

    Never at another host: a contact there is behind NAT (RFC 3581 §4, RFC 5626 §3.4), or means a third
    party, at whom nobody may point us. A stream is used as long as it is there.
    """
    transport = transport_of(source)
    if transport == "udp" and uri.host.strip("[]") == source[0]:
        return uri.port or default_port(transport)
    return source[1]


def in_order(bindings: Iterable[Binding]) -> tuple[Binding, ...]:
    """Return bindings as they are tried: by q (RFC 3261 §10.2.1.2), the one refreshed last first."""
    return tuple(sorted(bindings, key=lambda one: (-one.q, -one.refreshed_ms, one.contact)))


def contact_value(binding: Binding, now_ms: int) -> str:
    """Return the Contact value that tells of a binding in a 200 (§10.3 item 8)."""
    seconds = max(1, (binding.expires_ms - now_ms + 999) // 1000)
    q = "" if binding.q == _HIGHEST_Q else f";q=0.{binding.q:03}"
    return f"<{binding.contact}>{q};expires={seconds}"
