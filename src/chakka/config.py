"""What a node is told: addresses, trunks, lines, timers, places of data. `config_text` reads it from TOML."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from chakka.caller.profile import Spelling, TrunkProfile
from chakka.errors import InputError
from chakka.sip.address import Address as SipAddress
from chakka.sip.address import transport_of
from chakka.sip.dialog import address_of
from chakka.sip.digest import Algorithm
from chakka.sip.grammar import Malformed
from chakka.sip.timers import Timers

Address = tuple[str, int]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
# RFC 5922 §7: the SIP domain that a certificate vouches for; wildcards match nothing.
TlsName = Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9.\-]{0,252})?\Z")]
# reliability.md §1: after a crash no more than this is unknown of a call.
TickSeconds = Annotated[float, msgspec.Meta(gt=0, le=5)]


class Trunk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A peer that brings calls, known by its addresses.

    trusted:             its caller facts beyond the number are believed (signalling.md §1).
    facts:               how it spells them (docs/caller-facts.md).
    single_early_dialog: 180 without SDP until the 200, for peers that cannot take several early dialogs.
    early_media:         announcements and guidance are heard before the answer; False: answered (R5.3).
    user, password:      who we are in its `realm`; its challenges in other realms are not answered.
    peer_user, peer_password: who it is in ours; given, its calls are challenged, and it may have no hosts.
    port, keepalive:     its hosts are asked by OPTIONS whether they are there, at this port.
    outbound:            calls of lines go there: to its hosts, in order, at `port`.
    presents_in:         where the freephone number stands when number notification is on (R6.2).
    tls_name:            the SIP domain of its certificate; given, only calls that come by TLS are its own.
    """

    name: str
    hosts: tuple[str, ...] = ()
    trusted: bool = False
    facts: Spelling = Spelling()
    single_early_dialog: bool = False
    early_media: bool = True
    user: str = ""
    realm: str = ""
    password: str = ""
    peer_user: str = ""
    peer_password: str = ""
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 5060
    keepalive: bool = False
    outbound: bool = False
    presents_in: tuple[Literal["pai", "from"], ...] = ("pai", "from")
    tls_name: TlsName = ""

    @property
    def profile(self) -> TrunkProfile:
        """What reading its INVITEs needs to know."""
        return TrunkProfile(name=self.name, trusted=self.trusted, spelling=self.facts)


class LineAddress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a line number is reached: a SIP URI with an IP address as host, or wherever it registers from.

    address:         with `;transport=tcp` or `tls`, or as `sips:`, by a stream; else by UDP.
    tls_name:        the SIP domain of its certificate, without which it is not called over TLS.
    answer_within:   seconds for the first 1xx, else the line is unreachable (service.md R4.2).
    more_addresses:  tried in this order when the line is not reached at `address`.
    register:        a telephone registers for the number as `user` with `password`, in our realm; several
                     lines may have one user.
    realm:           without `register`: we are `user` with `password` in this realm of the line's own server.
    keepalive:       its addresses are asked by OPTIONS whether they are there; registered telephones always
                     are, which also keeps the way through NAT open.
    """

    number: str
    address: str = ""
    answer_within: Seconds = 4.0
    more_addresses: tuple[str, ...] = ()
    register: bool = False
    user: str = ""
    password: str = ""
    realm: str = ""
    keepalive: bool = False
    tls_name: TlsName = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every configured address, in the order in which they are tried."""
        return (self.address, *self.more_addresses) if self.address else self.more_addresses

    @property
    def destination(self) -> SipAddress:
        """Where requests for this line go."""
        return sip_destination(self.address)


def sip_destination(address: str) -> SipAddress:
    """Return where requests for a SIP URI go. Raises: InputError if it names no address that we can reach."""
    try:
        destination = address_of(address)
    except Malformed as fault:
        raise InputError(f"{address!r} is no SIP URI: {fault}") from fault
    if destination is None:
        raise InputError(f"{address!r} is no SIP URI with an IP address, by udp, tcp or tls")
    return destination


class CallTimers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Timers of call control in seconds, beside the protocol's own, and how many calls are let in.

    ring:         longest ringing of one target (plan-format.md, ring_seconds).
    tick:         proof of life of answered calls (reliability.md §1: at most 5).
    media_open:   how long the media process may take to open a stream before the call goes on without it.
    announcement: longest announcement; beyond it the media process is taken for lost, and the call ends.
    longest:      longest conversation; then both legs are released.
    shed_delay:   queue delay above which new calls get 503.
    per_number_per_second:   INVITEs of trunks to one number beyond which they get 503; 0 = no bound.
    per_stranger_per_second: the same for all that comes from one address that is no trunk's.
    """

    ring: Seconds = 180.0
    tick: TickSeconds = 5.0
    media_open: Seconds = 0.5
    announcement: Seconds = 60.0
    longest: Seconds = 43_200.0
    shed_delay: Seconds = 0.2
    per_number_per_second: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 100
    per_stranger_per_second: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 50


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How we ask for credentials.

    realm:            ours.
    algorithms:       offered in this order (RFC 8760 §2.3), and no other is accepted. Telephones that know
                      MD5 alone should take the second challenge; some stumble over the first (baresip 1.0).
    nonce_lifetime:   seconds that a challenge can be answered.
    wrong_per_minute: wrong answers of one host; any more of it are not looked at. 0 = no bound.
    """

    realm: Annotated[str, msgspec.Meta(pattern=r"^[!#-\[\]-~ ]{1,64}\Z")] = "chakka"
    algorithms: Annotated[tuple[Algorithm, ...], msgspec.Meta(min_length=1)] = tuple(Algorithm)
    nonce_lifetime: Seconds = 300.0
    wrong_per_minute: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 30


class RegistrarSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long telephones may register, in seconds: at least, unless they say, at most; how many a line."""

    shortest: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 60
    usual: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 3600
    longest: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 3600
    most_contacts: Annotated[int, msgspec.Meta(ge=1, le=32)] = 5


class KeepaliveSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """OPTIONS to lines and trunks in seconds: how often, and how long they may take.

    failures: so many in a row and the address is down; one answer and it is up again.
    """

    interval: Seconds = 30.0
    within: Seconds = 4.0
    failures: Annotated[int, msgspec.Meta(ge=1, le=100)] = 2


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Files in PEM. certificate, key: ours. ca: authorities for the peers'; None: the system's."""

    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None


class WatchSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept for whoever watches a node.

    log_calls:       one line of log for each event of a call; False: `chakka run` shows them for people.
    ladder_messages: SIP messages of recent calls kept for `chakka ladder`, at most 2,000 octets each.
    """

    log_calls: bool = True
    ladder_messages: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 30_000


class DatabaseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the business database is: `postgresql://USER@HOST/NAME`; "" = SQLite in the data directory."""

    url: str = ""


class LedgerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where calls and charges are kept: `postgresql://USER@HOST/NAME`; "" = SQLite in the data directory.

    The password is in the file that libpq looks into (~/.pgpass, $PGPASSFILE), where no list of processes
    shows it.
    """

    url: str = ""


class BillingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who issues the invoices and how.

    issuer, postal_code, address, registration_number: stand on every invoice (charging.md §5).
    payment, contact: what invoices say on how to pay and whom to ask, in lines.
    price_list: by name. series: begins every invoice number. keep_years: how long invoices are kept.
    specification: what JP PINT XML claims to be.
    """

    issuer: str = ""
    postal_code: str = ""
    address: str = ""
    registration_number: str = ""
    payment: str = ""
    contact: str = ""
    specification: str = "urn:peppol:pint:billing-1@jp-1"
    price_list: str = "standard"
    series: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{0,8}\Z")] = "INV"
    keep_years: Annotated[int, msgspec.Meta(ge=7, le=100)] = 7


class PortalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the pages of subscribers are, and what entry asks for (service.md §7).

    listen:   where the portal takes HTTP, usually from a proxy that ends TLS (docs/portal.md); "": nowhere.
    https:    encrypted transport only (R7.3); false for a trial, on a loopback address alone.
    hosts:    the names by which browsers may ask for it, beside those of a loopback address.
    proxies:  the addresses whose X-Forwarded-For and X-Forwarded-Proto are believed.
    lock_rule: R7.2. failures, failures_within: so many from one address in so many seconds, over more than
              one login id, and further ids get 429.
    mail_host: takes our mail by SMTP at mail_port; "": mail is printed.
    """

    listen: str = ""
    https: bool = True
    hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    lock_rule: Literal["literal"] = "literal"
    failures: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 6
    failures_within: Seconds = 600.0
    mail_host: str = ""
    mail_port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 25
    mail_from: str = "chakka@localhost"

    @property
    def address(self) -> Address | None:
        """Where the portal listens, if anywhere."""
        if not self.listen:
            return None
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class PrivacySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """retention_months: whole months after the month of a call in which the caller's number can be read."""

    retention_months: Annotated[int, msgspec.Meta(ge=1, le=120)] = 6


class Config(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything that a node is told.

    listen:    for SIP over UDP; listen_tcp, listen_tls: for connections, if they are taken.
    announcer: where RFC 4240 announcements are offered, if anywhere.
    http:      where /metrics and /healthz are, if anywhere.
    """

    node: str = "node1"
    listen: Address = ("127.0.0.1", 5060)
    announcer: Address | None = None
    http: Address | None = None
    listen_tcp: Address | None = None
    listen_tls: Address | None = None
    tls: TlsSettings = TlsSettings()
    rtp_host: str = "127.0.0.1"
    rtp_ports: tuple[int, int] = (20000, 29999)
    trunks: tuple[Trunk, ...] = ()
    lines: Mapping[str, LineAddress] = {}
    tariff: str = "hikari-wide"
    directory: Path = Path("var")
    prompts: Path = Path("var/prompts")
    timers: Timers = Timers()
    calls: CallTimers = CallTimers()
    auth: AuthSettings = AuthSettings()
    registrar: RegistrarSettings = RegistrarSettings()
    keepalive: KeepaliveSettings = KeepaliveSettings()
    watch: WatchSettings = WatchSettings()
    database: DatabaseSettings = DatabaseSettings()
    ledger_settings: LedgerSettings = LedgerSettings()
    billing: BillingSettings = BillingSettings()
    privacy: PrivacySettings = PrivacySettings()
    portal: PortalSettings = PortalSettings()

    @property
    def keys(self) -> Path:
        """The keys that callers' numbers are sealed with, one a month."""
        return self.directory / "keys"

    @property
    def access_log(self) -> Path:
        """Who looked at whole numbers, when and why."""
        return self.directory / "access.log"

    @property
    def live(self) -> Path:
        """The live store: registrations and number-notification flags of this node."""
        return self.directory / "live"

    @property
    def plans(self) -> Path:
        """The plan store."""
        return self.directory / "plans"

    @property
    def journal(self) -> Path:
        """The journal's segments."""
        return self.directory / "journal"

    @property
    def tariffs(self) -> Path:
        """Where published tariffs are, beside those that ship with chakka."""
        return self.directory / "tariffs"

    @property
    def ledger(self) -> Path:
        """The ledger, if it is a file (SQLite)."""
        return self.directory / "ledger.sqlite"

    @property
    def ledger_place(self) -> str:
        """Where the ledger is: that file, or the URL of a database."""
        return self.ledger_settings.url or str(self.ledger)

    @property
    def media_socket(self) -> Path:
        """Where the media process listens."""
        return self.directory / "media.sock"

    @property
    def feed_socket(self) -> Path:
        """Where call events go; nobody need listen."""
        return self.directory / "feed.sock"

    @property
    def status_socket(self) -> Path:
        """Where the call plane shows figures and ladders to this user."""
        return self.directory / "status.sock"

    @property
    def outbound(self) -> Trunk | None:
        """The trunk to which lines call out, if they can."""
        return next((trunk for trunk in self.trunks if trunk.outbound), None)

    def trunk_of(self, host: str) -> Trunk | None:
        """Return the trunk that calls from this address belong to."""
        return self._trunk_by_host.get(host)

    @cached_property
    def _trunk_by_host(self) -> dict[str, Trunk]:
        # Asked several times a call, and a carrier has dozens. The first trunk that names an address has it.
        return {host: trunk for trunk in reversed(self.trunks) for host in trunk.hosts}

    def trunk_at(self, source: SipAddress) -> Trunk | None:
        """Return the trunk whose call comes from `source`: one with a tls_name must have proved it by TLS."""
        trunk = self.trunk_of(source[0])
        is_proven = trunk is None or not trunk.tls_name or transport_of(source) == "tls"
        return trunk if is_proven else None

    def is_peer(self, host: str) -> bool:
        """Return whether an address is that of a trunk or of a configured line."""
        return self.trunk_of(host) is not None or any(host == each for each, _ in self._line_hosts())

    def tls_name(self, host: str) -> str | None:
        """Return the SIP domain that the certificate of a peer at an address must name, None for any."""
        trunk = self.trunk_of(host)
        if trunk is not None and trunk.tls_name:
            return trunk.tls_name
        return next((name for each, name in self._line_hosts() if name and each == host), None)

    def _line_hosts(self) -> Iterator[tuple[str, str]]:
        for line in self.lines.values():
            for address in line.addresses:
                yield sip_destination(address)[0], line.tls_name
