"""Joined streams: what one peer says goes to the other, under our own SSRC, at once.

Only the one address that call control has named is heard: sockets are connected to it, so that the kernel
drops what strangers send before it costs anything (reliability.md §2: no bleed, no injection).
"""

import logging
import secrets
import select
import socket
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address

from chakka.errors import InputError
from chakka.media import rtcp
from chakka.media.control import Event, Join, Move, Peer, Silent
from chakka.media.g711 import ALAW_TO_ULAW, ULAW_TO_ALAW
from chakka.media.ports import JOINED_RECEIVE_BUFFER, RtpPorts
from chakka.media.rtp import HEADER, LONGEST_PACKET, MARKER, VERSION, payload_of
from chakka.media.stream import Link, Passage, Stream

_log = logging.getLogger(__name__)

# RFC 3551 §6: a peer may send either law under its static type, whichever comes first in its SDP.
_STATIC_TYPES = {0: "PCMU", 8: "PCMA"}
_SAMPLES_PER_S = 8_000
_LATCH_S = 2.0
# RFC 3550 §6.2: reports every five seconds, each time between half and one and a half of them.
_REPORT_S = 5.0
# Packets that strangers may have left before the socket was connected: a full buffer of the smallest.
_MOST_LEFT = 1_000


class Relay:
    """The joined streams of a player.

    silent_s: seconds without RTP after which a peer that is not on hold is said to be silent.
    readiness: tells which sockets have something to read; `receive` takes their numbers.
    """

    def __init__(self, ports: RtpPorts, silent_s: float) -> None:
        self.readiness = select.epoll()
        self._ports = ports
        self._silent_s = silent_s
        self._readers: dict[int, Callable[[float], None]] = {}
        self._joined: dict[Stream, Link] = {}
        self.clock = 0

    def join(self, stream: Stream, command: Join, now: float) -> None:
        """Give a stream its peer.

        Raises: InputError, and the stream stays as it is.
        """
        check_destination(command.host, command.port, self._ports.version)
        if command.latch:
            _unconnected(stream)
            stream.send = partial(_send_to, stream.socket, (command.host, command.port))
        else:
            stream.connect(command.host, command.port)
        link = Link(
            peer=command,
            rtcp=self._rtcp(stream, command),
            heard_at=now,
            next_report_at=now + _report_interval(),
            latch_until=now + _LATCH_S if command.latch else None,
        )
        stream.link = self._joined[stream] = link
        _drain(stream.socket)
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, JOINED_RECEIVE_BUFFER)
        hear = self._latch if command.latch else self._relay
        self._watch(stream.socket, partial(hear, stream, link))
        if link.rtcp is not None:
            self._watch(link.rtcp, partial(_hear_report, link, link.rtcp))

    def move(self, stream: Stream, command: Move, now: float) -> None:
        """Give a joined stream another peer, or the same in another state.

        Raises: InputError, and the stream stays as it is.
        """
        link = stream.link
        if link is None:
            raise InputError("stream is not joined")
        if not _is_nowhere(command):
            self._readdress(stream, link, command)
        link.peer = command
        link.heard_at = now
        # What was not sent meanwhile must not look lost.
        stream.sender.resume(self.clock)
        _set_passages(stream)

    def bridge(self, stream: Stream, other: Stream) -> None:
        """Let two peers hear each other.

        Raises: InputError when one of them is not joined, or is bridged already.
        """
        if stream is other:
            raise InputError("a stream cannot be bridged to itself")
        for one in (stream, other):
            if one.link is None:
                raise InputError(f"stream {one.id} is not joined")
            if one.link.other is not None:
                raise InputError(f"stream {one.id} is bridged already")
        self._joined[stream].other = other
        self._joined[other].other = stream
        _set_passages(stream)

    def leave(self, stream: Stream) -> None:
        """Forget a stream that is closed; its other side falls silent."""
        link = self._joined.pop(stream, None)
        if link is None:
            return
        if link.other is not None and link.other.link is not None:
            link.other.link.other = None
            link.other.link.passage = {}
        self._unwatch(stream.socket)
        if link.rtcp is not None:
            self._unwatch(link.rtcp)
            link.rtcp.close()

    def receive(self, descriptor: int, now: float) -> None:
        """Take one packet from a socket that is ready."""
        reader = self._readers.get(descriptor)
        if reader is not None:
            reader(now)

    def attend(self, now: float) -> list[tuple[str, Event]]:
        """Send the reports that are due; return who has fallen silent, with the owners."""
        silent: list[tuple[str, Event]] = []
        for stream, link in self._joined.items():
            if link.latch_until is not None and now >= link.latch_until:
                self._lock(stream, link, (link.peer.host, link.peer.port))
            if now >= link.next_report_at:
                _send_report(stream, link, now)
                link.next_report_at = now + _report_interval()
            if _has_fallen_silent(link, now, self._silent_s):
                link.silent_since = link.heard_at
                silent.append((stream.owner, Silent(id=stream.id)))
        return silent

    # -- packets

    def _relay(self, stream: Stream, link: Link, now: float) -> None:
        """Take one packet of a peer and send it on, if there is a side that may hear it."""
        try:
            datagram = stream.socket.recv(LONGEST_PACKET + 1)
        except OSError:
            # Nothing there after all, or the peer's host says that its port is closed.
            return
        if not HEADER.size <= len(datagram) <= LONGEST_PACKET:
            return
        first, second, sequence, timestamp, ssrc = HEADER.unpack_from(datagram)
        payload = datagram[HEADER.size :] if first == VERSION else payload_of(datagram)
        if payload is None:
            return
        link.heard_at = now
        reception = link.reception
        place = reception.place(sequence, timestamp, ssrc, int(now * _SAMPLES_PER_S))
        passage = link.passage.get(second & 0x7F)
        other = link.other
        if passage is None or other is None or place < 0 or other.is_playing:
            return
        kind, table = passage
        sender = other.sender
        if sender.following is not reception.beginning:
            sender.follow(reception.beginning, place, timestamp, self.clock)
            second |= MARKER
        sender.sent_at = now
        header = sender.relayed(kind | second & MARKER, place, timestamp, len(payload))
        try:
            other.send(header + (payload if table is None else payload.translate(table)))
        except OSError:
            other.lost += 1

    def _latch(self, stream: Stream, link: Link, now: float) -> None:
        """Wait for the first packet from the peer's host: its port counts from then on."""
        try:
            datagram, (host, port, *_) = stream.socket.recvfrom(LONGEST_PACKET + 1)
        except OSError:
            return
        if host == link.peer.host and payload_of(datagram) is not None:
            link.heard_at = now
            self._lock(stream, link, (host, port))

    # -- steps

    def _lock(self, stream: Stream, link: Link, address: tuple[str, int]) -> None:
        link.latch_until = None
        try:
            stream.connect(*address)
        except InputError as error:
            _log.warning("port %d: %s", stream.port, error)
        stream.send = stream.socket.send
        _drain(stream.socket)
        self._readers[stream.socket.fileno()] = partial(self._relay, stream, link)

    def _readdress(self, stream: Stream, link: Link, peer: Peer) -> None:
        check_destination(peer.host, peer.port, self._ports.version)
        if (peer.host, peer.port) == (link.peer.host, link.peer.port):
            return
        stream.connect(peer.host, peer.port)
        self._lock(stream, link, (peer.host, peer.port))
        link.reception.restart()
        if link.rtcp is not None:
            _connect_rtcp(link.rtcp, peer)

    def _rtcp(self, stream: Stream, peer: Peer) -> socket.socket | None:
        taken = self._ports.rtcp(stream.port)
        if taken is None:
            _log.warning("port %d: the port above is in use, no RTCP", stream.port)
        else:
            _connect_rtcp(taken, peer)
        return taken

    def _watch(self, watched: socket.socket, reader: Callable[[float], None]) -> None:
        self._readers[watched.fileno()] = reader
        self.readiness.register(watched, select.EPOLLIN)

    def _unwatch(self, watched: socket.socket) -> None:
        del self._readers[watched.fileno()]
        self.readiness.unregister(watched)


def check_destination(host: str, port: int, version: int) -> None:
    """Return for one receiver's address of the IP version; names are never resolved here.

    Raises: InputError naming what is wrong.
    """
    try:
        address = ip_address(host)
    except ValueError:
        raise InputError(f"host {host!r} is not an IP address") from None
    if address.version != version:
        raise InputError(f"host {host!r} is not an IPv{version} address")
    if address.is_multicast or address.is_unspecified:
        raise InputError(f"host {host!r} is not one receiver's address")
    if not 1 <= port <= 65_535:
        raise InputError(f"port {port} is not within 1-65535")


def _is_nowhere(peer: Peer) -> bool:
    return not peer.is_listening and not peer.is_speaking and peer.host in ("0.0.0.0", "::", "")


def _set_passages(stream: Stream) -> None:
    """Say anew what goes over between a stream and its other side, both ways."""
    link = stream.link
    if link is None or link.other is None or link.other.link is None:
        return
    other = link.other.link
    link.passage = _passage(link.peer, other.peer)
    other.passage = _passage(other.peer, link.peer)


def _passage(speaker: Peer, listener: Peer) -> Passage:
    """Return what of a speaker's packets a listener can take, and how."""
    if not listener.is_listening:
        return {}
    laws = {**_STATIC_TYPES, speaker.payload_type: speaker.law}
    passage: Passage = {
        number: (listener.payload_type, _table(law, listener.law)) for number, law in laws.items()
    }
    if speaker.telephone_event is not None and listener.telephone_event is not None:
        passage[speaker.telephone_event] = (listener.telephone_event, None)
    return passage


def _table(spoken: str, heard: str) -> bytes | None:
    if spoken == heard:
        return None
    return ULAW_TO_ALAW if spoken == "PCMU" else ALAW_TO_ULAW


def _unconnected(stream: Stream) -> None:
    """Raise InputError for a stream that has played to an address: its socket can hear no other."""
    try:
        stream.socket.getpeername()
    except OSError:
        return
    raise InputError("a stream that has played cannot wait for a port behind a NAT")


def _send_to(rtp: socket.socket, address: tuple[str, int], packet: bytes) -> int:
    return rtp.sendto(packet, address)


def _drain(rtp: socket.socket) -> None:
    """Throw away what came before the socket was connected: it may be a stranger's."""
    for _ in range(_MOST_LEFT):
        try:
            rtp.recv(1)
        except BlockingIOError:
            return
        except OSError:
            continue


def _connect_rtcp(taken: socket.socket, peer: Peer) -> None:
    """Connect to the port above the peer's RTP (RFC 3550 §11); what cannot be reached gets no reports."""
    try:
        taken.connect((peer.host, min(peer.port + 1, 65_535)))
    except OSError as error:
        _log.info("RTCP to %s: %s", peer.host, error.strerror)
    _drain(taken)


def _hear_report(link: Link, taken: socket.socket, now: float) -> None:
    try:
        datagram = taken.recv(LONGEST_PACKET + 1)
    except OSError:
        return
    name = rtcp.last_sender_report(datagram)
    if name is not None:
        link.last_report, link.last_report_at = name, now


def _send_report(stream: Stream, link: Link, now: float) -> None:
    """Send an RTCP report to a peer that has an ear for it."""
    if link.rtcp is None or not link.peer.is_listening:
        return
    sender = stream.sender
    sent = None
    if sender.packets != link.reported_packets:
        link.reported_packets = sender.packets
        timestamp = sender.timestamp + int((now - sender.sent_at) * _SAMPLES_PER_S)
        sent = rtcp.Sent(
            at_s=now, timestamp=timestamp & 0xFFFF_FFFF, packets=sender.packets, octets=sender.octets
        )
    loss = link.reception.loss()
    heard = None
    if loss is not None:
        heard = rtcp.Heard(loss=loss, last_report=link.last_report, age_s=now - link.last_report_at)
    try:
        link.rtcp.send(rtcp.report(sender.ssrc, f"chakka-{sender.ssrc:08x}", sent, heard))
    except OSError:
        # Most telephones have no ear for RTCP.
        return


def _has_fallen_silent(link: Link, now: float, silent_s: float) -> bool:
    is_said = link.silent_since == link.heard_at
    return link.peer.is_speaking and not is_said and now - link.heard_at >= silent_s


def _report_interval() -> float:
    return _REPORT_S * (0.5 + secrets.randbelow(1_000) / 1_000)
