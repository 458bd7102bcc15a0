"""The one configuration file (TOML), read.

`parse_config` checks every table by itself and reports what is wrong in each of them at once; unknown keys
are faults, so that a typo cannot silently mean a default.
"""

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from chakka.caller.profile import Spelling
from chakka.config import (
    Address,
    AuthSettings,
    BillingSettings,
    CallTimers,
    Config,
    DatabaseSettings,
    KeepaliveSettings,
    LedgerSettings,
    LineAddress,
    PortalSettings,
    PrivacySettings,
    RegistrarSettings,
    TlsSettings,
    Trunk,
    WatchSettings,
    sip_destination,
)
from chakka.errors import InputError, Problem
from chakka.sip.address import transport_of
from chakka.sip.timers import Timers
from chakka.stores.segments import NODE_NAME

Table = TypeVar("Table")

_LONGEST_SOCKET_PATH = 107
_LONGEST_SOCKET_NAME = "telephone.sock"


class _Listen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    udp: str = "127.0.0.1:5060"
    tcp: str | None = None
    tls: str | None = None
    annc: str | None = None
    http: str | None = None


class _Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    certificate: str | None = None
    key: str | None = None
    ca: str | None = None


class _Rtp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str = "127.0.0.1"
    ports: str = "20000-29999"


class _Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str = "node1"


class _Tariff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str = "hikari-wide"


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dir: str = "var"
    prompts: str | None = None


_TABLES = {"node", "listen", "rtp", "trunk", "line", "tariff", "data", "timers", "calls"}
_TABLES |= {
    "auth",
    "registrar",
    "keepalive",
    "tls",
    "watch",
    "privacy",
    "database",
    "ledger",
    "billing",
    "portal",
}


def parse_config(text: bytes, base: Path) -> Config:
    """Return the configuration that a TOML text describes.

    base:   directory that relative paths start from.
    Raises: InputError with one problem for each table that is wrong.
    """
    try:
        document = tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise _refusal([Problem(code="syntax", where="", message=f"no TOML: {fault}")]) from fault
    reading = _Reading(document)
    config = _read(reading, base)
    if reading.problems:
        raise _refusal(reading.problems)
    return config


def _refusal(problems: list[Problem]) -> InputError:
    lines = "\n".join(f"  {problem.where}: {problem.message}" for problem in problems)
    return InputError(f"the configuration has problems:\n{lines}", problems)


class _Reading:
    """A document taken apart table by table; faults are collected."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.problems: list[Problem] = []
        for key in sorted(document.keys() - _TABLES):
            self.fault(key, "unknown_key", f"[{key}] is no table of the configuration")

    def fault(self, where: str, code: str, message: str) -> None:
        self.problems.append(Problem(code=code, where=where, message=message))

    def one(self, name: str, kind: type[Table]) -> Table:
        """Return a table, its defaults when absent or wrong."""
        read = self._convert(name, self.document.get(name, {}), kind)
        return kind() if read is None else read

    def many(self, name: str, kind: type[Table]) -> list[Table]:
        """Return the tables of an array, the wrong ones left out."""
        rows = self.document.get(name, [])
        if not isinstance(rows, list):
            self.fault(name, "bad_value", f"write [[{name}]]: there can be several")
            return []
        read = (self._convert(f"{name}[{place}]", row, kind) for place, row in enumerate(rows))
        return [row for row in read if row is not None]

    def _convert(self, where: str, value: object, kind: type[Table]) -> Table | None:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as fault:
            self.fault(where, "bad_value", str(fault))
            return None

    def address(self, where: str, text: str, default: Address) -> Address:
        """Return (IP address, port) of `host:port`."""
        host, _, port = text.rpartition(":")
        host = host.strip("[]")
        if not _is_ip(host) or not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65536:
            self.fault(where, "bad_value", f"{text!r} must be an IP address and a port: 127.0.0.1:5060")
            return default
        self.own_address(where, host)
        return host, int(port)

    def own_address(self, where: str, host: str) -> None:
        """Check an address that our messages name: peers must be able to send to it."""
        if not _is_ip(host):
            self.fault(where, "bad_value", f"{host!r} must be an IP address")
        elif ip_address(host).is_unspecified or ip_address(host).is_multicast:
            self.fault(where, "bad_value", f"{host!r} must be one address of this host: peers send to it")

    def ports(self, where: str, text: str) -> tuple[int, int]:
        """Return (first, last) of a port range `20000-29999`."""
        match = re.fullmatch("([0-9]{1,5})-([0-9]{1,5})", text)
        if match is None or not 1024 <= int(match[1]) < int(match[2]) < 65536:
            self.fault(where, "bad_value", f"{text!r} must be a range of ports within 1024-65535")
            return Config().rtp_ports
        return int(match[1]), int(match[2])


def _read(reading: _Reading, base: Path) -> Config:
    data, rtp = reading.one("data", _Data), reading.one("rtp", _Rtp)
    directory = _directory(reading, base / data.dir)
    trunks = _trunks(reading)
    listen = reading.one("listen", _Listen)
    return Config(
        node=_node(reading),
        listen=reading.address("listen.udp", listen.udp, Config().listen),
        announcer=_announcer(reading, listen),
        http=_stream(reading, "listen.http", listen.http),
        listen_tcp=_stream(reading, "listen.tcp", listen.tcp),
        listen_tls=_stream(reading, "listen.tls", listen.tls),
        tls=_tls(reading, listen, base),
        rtp_host=_rtp_host(reading, rtp.host),
        rtp_ports=reading.ports("rtp.ports", rtp.ports),
        trunks=trunks,
        lines=_lines(reading, trunks),
        tariff=reading.one("tariff", _Tariff).name,
        directory=directory,
        prompts=base / data.prompts if data.prompts else directory / "prompts",
        timers=_timers(reading),
        calls=reading.one("calls", CallTimers),
        auth=reading.one("auth", AuthSettings),
        registrar=_registrar(reading),
        keepalive=reading.one("keepalive", KeepaliveSettings),
        watch=reading.one("watch", WatchSettings),
        privacy=reading.one("privacy", PrivacySettings),
        database=reading.one("database", DatabaseSettings),
        ledger_settings=_ledger(reading),
        billing=reading.one("billing", BillingSettings),
        portal=_portal(reading),
    )


def _portal(reading: _Reading) -> PortalSettings:
    settings = reading.one("portal", PortalSettings)
    host = "127.0.0.1"
    if settings.listen:
        host, _ = reading.address("portal.listen", settings.listen, Config().listen)
    if not settings.https and not ip_address(host).is_loopback:
        message = f"only on a loopback address can the portal do without encryption, not on {host} (R7.3)"
        reading.fault("portal.https", "bad_value", message)
    for proxy in settings.proxies:
        if not _is_ip(proxy):
            reading.fault("portal.proxies", "bad_value", f"{proxy!r} must be an IP address")
    return settings


def _ledger(reading: _Reading) -> LedgerSettings:
    settings = reading.one("ledger", LedgerSettings)
    parts = urlsplit(settings.url)
    if settings.url and parts.scheme not in ("postgresql", "postgres"):
        reading.fault("ledger.url", "bad_value", f"{settings.url!r} must be postgresql://USER@HOST/NAME")
    elif parts.password:
        message = "has a password: write it into ~/.pgpass, where no list of processes shows it"
        reading.fault("ledger.url", "bad_value", message)
    return settings


def _announcer(reading: _Reading, listen: _Listen) -> Address | None:
    if listen.annc is None:
        return None
    if listen.annc == listen.udp:
        reading.fault("listen.annc", "bad_value", f"{listen.annc} is the call plane's own address")
    return reading.address("listen.annc", listen.annc, Config().listen)


def _stream(reading: _Reading, where: str, text: str | None) -> Address | None:
    return None if text is None else reading.address(where, text, Config().listen)


def _tls(reading: _Reading, listen: _Listen, base: Path) -> TlsSettings:
    given = reading.one("tls", _Tls)
    if listen.tls is not None and (given.certificate is None or given.key is None):
        reading.fault("listen.tls", "bad_value", "TLS needs certificate and key in [tls]")
    files = ((name, getattr(given, name)) for name in ("certificate", "key", "ca"))
    return TlsSettings(**{name: base / file for name, file in files if file is not None})


def _registrar(reading: _Reading) -> RegistrarSettings:
    settings = reading.one("registrar", RegistrarSettings)
    if not settings.shortest <= settings.usual <= settings.longest:
        order = f"shortest = {settings.shortest}, usual = {settings.usual}, longest = {settings.longest}"
        reading.fault("registrar", "bad_value", f"{order} must not fall")
    return settings


def _node(reading: _Reading) -> str:
    name = reading.one("node", _Node).name
    if not NODE_NAME.fullmatch(name):
        reading.fault("node.name", "bad_value", f"{name!r} must be letters, digits, - and _, at most 32")
    return name


def _rtp_host(reading: _Reading, host: str) -> str:
    reading.own_address("rtp.host", host)
    return host


def _directory(reading: _Reading, directory: Path) -> Path:
    """Return where the data lies; the sockets in it must fit what Unix allows (unix(7): 108 with a NUL)."""
    longest = len(os.fsencode(directory / _LONGEST_SOCKET_NAME))
    if longest > _LONGEST_SOCKET_PATH:
        reading.fault(
            "data.dir",
            "bad_value",
            f"{str(directory)!r} is {longest - _LONGEST_SOCKET_PATH} bytes too long for the sockets in it;"
            " choose a shorter one, or give the configuration by a relative path",
        )
    return directory


def _timers(reading: _Reading) -> Timers:
    given = reading.document.get("timers", {})
    names = {field.name for field in fields(Timers)}
    for name, value in given.items() if isinstance(given, dict) else ():
        if name not in names:
            reading.fault(f"timers.{name}", "unknown_key", f"{name} is none of {', '.join(sorted(names))}")
        elif isinstance(value, int | float) and not 0 < value <= 86_400:
            reading.fault(f"timers.{name}", "bad_value", f"{name} = {value} must be over 0 and at most a day")
    return reading.one("timers", Timers)


def _trunks(reading: _Reading) -> tuple[Trunk, ...]:
    trunks = reading.many("trunk", Trunk)
    owners: dict[str, str] = {}
    for place, trunk in enumerate(trunks):
        if not trunk.trusted and trunk.facts != Spelling():
            message = f"caller facts of trunk {trunk.name!r} are read only with trusted = true"
            reading.fault(f"trunk[{place}].facts", "bad_value", message)
        for host in trunk.hosts:
            where = f"trunk[{place}].hosts"
            if not _is_ip(host):
                reading.fault(where, "bad_value", f"{host!r} must be an IP address")
            if owners.setdefault(host, trunk.name) != trunk.name:
                reading.fault(where, "bad_value", f"{host} is already a host of trunk {owners[host]!r}")
        for message in _trunk_faults(trunk):
            reading.fault(f"trunk[{place}]", "bad_value", message)
    outbound = [trunk.name for trunk in trunks if trunk.outbound]
    if len(outbound) > 1:
        reading.fault("trunk", "bad_value", f"only one trunk can be outbound, not {', '.join(outbound)}")
    return tuple(trunks)


def _trunk_faults(trunk: Trunk) -> Iterator[str]:
    if not trunk.hosts and not trunk.peer_user:
        yield f"trunk {trunk.name!r} needs hosts, or peer_user to be known by"
    if bool(trunk.peer_user) != bool(trunk.peer_password):
        yield f"trunk {trunk.name!r}: peer_user and peer_password go together"
    if trunk.outbound and not trunk.hosts:
        yield f"trunk {trunk.name!r}: an outbound trunk needs hosts, to be called at"
    if len({bool(trunk.user), bool(trunk.realm), bool(trunk.password)}) > 1:
        yield f"trunk {trunk.name!r}: user, realm and password go together"


def _lines(reading: _Reading, trunks: tuple[Trunk, ...]) -> dict[str, LineAddress]:
    lines: dict[str, LineAddress] = {}
    passwords = {trunk.peer_user: trunk.peer_password for trunk in trunks}
    for place, line in enumerate(reading.many("line", LineAddress)):
        faults = list(_line_faults(line))
        if line.number in lines:
            faults.append(f"number {line.number} has an address already")
        if line.register and passwords.setdefault(line.user, line.password) != line.password:
            faults.append(f"user {line.user!r} has another password elsewhere")
        for message in faults:
            reading.fault(f"line[{place}]", "bad_value", message)
        lines[line.number] = line
    return lines


def _line_faults(line: LineAddress) -> Iterator[str]:
    if not re.fullmatch("0[0-9]{9,10}", line.number):
        yield f"number {line.number!r} must be digits as dialled: 0352001234"
    if not re.fullmatch("0[0-9]{9,10}", line.number):
        yield f"number {line.number!r} must be digits as dialled: 0352001234"
    if not line.addresses and not line.register:
        yield f"line {line.number} needs an address, or register = true"
    for address in line.addresses:
        if not _is_reachable(address):
            yield f"address {address!r} must be sip:…@IP-address:port"
        elif transport_of(sip_destination(address)) == "tls" and not line.tls_name:
            yield f"address {address!r} needs a tls_name: the SIP domain that its certificate must name"
    needs_user = line.register or bool(line.realm)
    if needs_user != bool(line.user) or needs_user != bool(line.password):
        yield f"line {line.number}: user and password go together, with register = true or a realm"
    if line.register and line.realm:
        yield f"line {line.number}: with register = true the realm is ours, [auth] realm"


def _is_reachable(address: str) -> bool:
    try:
        return _is_ip(sip_destination(address)[0])
    except InputError:
        return False


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
