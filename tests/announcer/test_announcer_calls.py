"""The announcer on a network of simulated time: what its callers get, and what the media process is told."""

from collections.abc import Iterator
from itertools import product

import pytest
from network import ALICE, BOB, Link, Network, to_bob, tokens, user_agent

from chakka.announcer import session as machine
from chakka.announcer.announcer import Announcer
from chakka.announcer.asked import Asked, Early
from chakka.announcer.session import Caller, Session, State, begin, step
from chakka.media import control
from chakka.sip import events
from chakka.sip.address import Address
from chakka.sip.call_outgoing import OutgoingCall
from chakka.sip.sdp import answer, offer

TEXT_S = 4.0
OFFER = offer("192.0.2.1", 4_000)
G729 = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n"


class OnNetwork:
    """The announcer as the network sees it; the media process answers by simulated time."""

    def __init__(self, announcer: Announcer) -> None:
        self.announcer = announcer
        self.commands: list[control.Command] = []
        self.media_is_up = True
        self.media_answers = True
        self._later: list[tuple[float, control.Event]] = []
        self._now = 0.0

    def receive(self, data: bytes, source: Address, now: float) -> None:
        self._now = now
        self.announcer.receive(data, source, now)

    def handle_timer(self, now: float) -> None:
        self._now = now
        due = [event for at, event in self._later if at <= now]
        self._later = [one for one in self._later if one[0] > now]
        for event in due:
            self.announcer.media(event, now)
        self.announcer.handle_timer(now)

    def next_timer(self) -> float | None:
        own = self.announcer.next_timer()
        moments = [at for at, _ in self._later]
        return min(moments if own is None else [own, *moments], default=None)

    def take_events(self) -> list[events.Event]:
        while commands := self.announcer.take_commands():
            for command in commands:
                self._media(command)
        return []

    def take_datagrams(self) -> list[tuple[bytes, tuple[str, int]]]:
        self.take_events()
        return self.announcer.take_datagrams()

    def take_stream_messages(self) -> list[tuple[bytes, object]]:
        return []

    def _media(self, command: control.Command) -> None:
        if not self.media_is_up:
            self.announcer.media_is_away(command.id, self._now)
            return
        self.commands.append(command)
        if not self.media_answers:
            return
        if isinstance(command, control.Open):
            opened = control.Opened(id=command.id, host="192.0.2.2", port=20_000)
            self._later.append((self._now + 0.001, opened))
        elif isinstance(command, control.Play):
            self._later.append((self._now + TEXT_S, control.Finished(id=command.id)))

    def said(self) -> list[str]:
        return [type(command).__name__ for command in self.commands]

    @property
    def played(self) -> list[control.Play]:
        return [command for command in self.commands if isinstance(command, control.Play)]


class Scene:
    """A caller and the announcer."""

    def __init__(self, *, peers: frozenset[str] = frozenset({ALICE[0]}), link: Link | None = None) -> None:
        agent = user_agent("annc", BOB, may_accept=lambda address: address[0] in peers)
        self.annc = OnNetwork(Announcer(agent, peers, tokens("stream")))
        self.alice = user_agent("alice", ALICE)
        self.network = Network({ALICE: self.alice, BOB: self.annc}, link or Link())  # type: ignore[dict-item]
        self.network.on_event = self._on_event
        self.ack_body = b""
        self.acks = True

    def invite(self, parameters: str, **changes: object) -> OutgoingCall:
        uri = f"sip:annc@192.0.2.2;{parameters}"
        call = self.alice.invite(to_bob(**{"request_uri": uri, "body": OFFER, **changes}), self.network.now)
        self.run(0.3)
        return call

    def run(self, seconds: float) -> None:
        self.network.run(self.network.now + seconds)

    def _on_event(self, where: Address, event: events.Event) -> None:
        if where == ALICE and isinstance(event, events.Answered) and self.acks:
            event.call.ack(self.network.now, self.ack_body)

    def heard(self) -> list[int]:
        """Return the statuses that came for the INVITE, each once, 100 left out."""
        seen = [
            event.status if isinstance(event, events.Failed) else event.response.status
            for event in self.network.told(ALICE)
            if isinstance(event, events.Provisional | events.Answered | events.Failed)
        ]
        return [status for status in dict.fromkeys(seen) if status != 100]

    @property
    def refusal(self) -> events.Failed:
        return next(event for event in self.network.told(ALICE) if isinstance(event, events.Failed))

    @property
    def provisional(self) -> events.Provisional:
        return next(
            event
            for event in self.network.told(ALICE)
            if isinstance(event, events.Provisional) and event.response.status == 183
        )

    def was_hung_up(self) -> bool:
        return any(isinstance(event, events.Bye) for event in self.network.told(ALICE))


def test_the_plain_form_is_answered_played_and_hung_up() -> None:
    scene = Scene()
    scene.invite("play=blocked")
    assert scene.heard() == [200]
    assert not scene.was_hung_up()
    scene.run(TEXT_S)
    assert scene.was_hung_up()
    assert scene.annc.said() == ["Open", "Play", "Close"]
    assert scene.annc.played[0].clips == ("pause_400", "blocked")
    assert (scene.annc.played[0].host, scene.annc.played[0].port) == ("192.0.2.1", 4_000)


def test_nothing_is_played_before_the_ack_has_shown_who_asks() -> None:
    scene = Scene()
    scene.acks = False
    scene.invite("play=blocked")
    scene.run(40.0)
    assert scene.heard() == [200]
    assert scene.annc.said() == ["Open", "Close"]


def test_r5_3_the_early_form_is_heard_before_it_is_refused_with_status_and_cause() -> None:
    scene = Scene()
    scene.invite("play=not_in_service;early=404;cause=1")
    assert scene.heard() == [183]
    assert scene.provisional.response.body
    scene.run(TEXT_S)
    assert scene.heard() == [183, 404]
    assert scene.refusal.response is not None
    assert scene.refusal.response.headers.get("Reason") == "Q.850;cause=1"
    assert scene.annc.said() == ["Open", "Play", "Close"]


def test_r4_4_off_hours_is_heard_twice_with_a_pause_between() -> None:
    scene = Scene()
    scene.invite("play=off_hours;param[1]=0120123456;early=480;cause=31")
    scene.run(2 * TEXT_S)
    assert [play.clips[0] for play in scene.annc.played] == ["pause_400", "pause_1000"]
    assert scene.heard() == [183, 480]


def test_a_text_without_end_ends_with_its_duration() -> None:
    scene = Scene()
    scene.invite("play=blocked;repeat=forever;duration=10000;delay=50")
    scene.run(9.0)
    assert not scene.was_hung_up()
    scene.run(2.0)
    assert scene.was_hung_up()
    assert [play.clips[0] for play in scene.annc.played] == ["pause_400", "pause_50", "pause_50"]
    assert scene.annc.said()[-1] == "Close"


def test_and_without_a_duration_after_five_minutes() -> None:
    scene = Scene()
    scene.invite("play=blocked;repeat=forever")
    scene.run(299.0)
    assert not scene.was_hung_up()
    scene.run(2.0)
    assert scene.was_hung_up()


@pytest.mark.parametrize("after", [0.0, 0.011, 0.5, 2.0])
@pytest.mark.parametrize("parameters", ["play=blocked", "play=blocked;early=603;cause=21"])
def test_a_caller_may_give_up_at_any_moment(parameters: str, after: float) -> None:
    scene = Scene()
    scene.acks = False
    uri = f"sip:annc@192.0.2.2;{parameters}"
    call = scene.alice.invite(to_bob(request_uri=uri, body=OFFER), 0.0)
    scene.run(after)
    call.cancel(scene.network.now)
    scene.run(40.0)
    assert scene.annc.said()[-1:] in ([], ["Close"])
    assert len(scene.network.told(ALICE)) > 0
    assert scene.annc.next_timer() is None


def test_a_caller_that_gives_up_while_it_listens_gets_487() -> None:
    scene = Scene()
    call = scene.invite("play=blocked;early=603;cause=21")
    call.cancel(scene.network.now)
    scene.run(1.0)
    assert scene.heard() == [183, 487]
    assert scene.annc.said() == ["Open", "Play", "Close"]


def test_a_caller_that_hangs_up_while_it_listens_ends_the_stream() -> None:
    scene = Scene()
    call = scene.invite("play=blocked")
    call.bye(scene.network.now)
    scene.run(1.0)
    assert scene.annc.said() == ["Open", "Play", "Close"]
    assert not scene.was_hung_up()


@pytest.mark.parametrize(
    ("parameters", "status"),
    [("play=weather", 404), ("x=1", 400), ("play=file:///etc/passwd", 404), ("play=blocked;repeat=no", 400)],
)
def test_what_is_not_there_is_refused_and_costs_the_media_process_nothing(
    parameters: str, status: int
) -> None:
    scene = Scene()
    scene.invite(parameters)
    assert scene.heard() == [status]
    assert scene.annc.commands == []


def test_without_g711_it_is_refused_by_488() -> None:
    scene = Scene()
    scene.invite("play=blocked", body=G729)
    assert scene.heard() == [488]
    assert scene.refusal.response is not None
    assert "305" in (scene.refusal.response.headers.get("Warning") or "")


@pytest.mark.parametrize(
    ("parameters", "status"), [("play=blocked", 503), ("play=blocked;early=603;cause=21", 603)]
)
@pytest.mark.parametrize("fault", ["away", "mute"])
def test_when_media_is_away_the_call_ends_all_the_same(parameters: str, status: int, fault: str) -> None:
    scene = Scene()
    scene.annc.media_is_up = fault != "away"
    scene.annc.media_answers = False
    scene.invite(parameters)
    scene.run(1.0)
    assert scene.heard() == [status]


def test_a_port_that_is_opened_too_late_is_closed() -> None:
    scene = Scene()
    scene.annc.media_answers = False
    scene.invite("play=blocked")
    scene.run(1.0)
    opened = scene.annc.commands[0]
    scene.annc.announcer.media(control.Opened(id=opened.id, host="192.0.2.2", port=20_000), scene.network.now)
    scene.annc.take_events()
    assert scene.annc.said() == ["Open", "Close", "Close"]


def test_media_without_a_free_port_is_503() -> None:
    scene = Scene()
    scene.annc.media_answers = False
    scene.invite("play=blocked")
    opened = scene.annc.commands[0]
    scene.annc.announcer.media(control.Refused(id=opened.id, error="no RTP port is free"), scene.network.now)
    scene.run(0.1)
    assert scene.heard() == [503]


def test_an_offerless_caller_gets_our_offer_in_the_200_and_answers_in_its_ack() -> None:
    scene = Scene()
    ours = offer("192.0.2.2", 20_000)
    scene.ack_body = answer(ours, "192.0.2.1", 5_000) or b""
    scene.invite("play=blocked", body=b"")
    scene.run(TEXT_S)
    assert scene.was_hung_up()
    assert (scene.annc.played[0].host, scene.annc.played[0].port) == ("192.0.2.1", 5_000)


def test_an_offerless_caller_that_answers_nothing_is_hung_up() -> None:
    scene = Scene()
    scene.invite("play=blocked", body=b"")
    scene.run(0.1)
    assert scene.was_hung_up()
    assert scene.annc.played == []


def test_an_offerless_caller_that_cannot_prack_is_refused_without_the_text() -> None:
    scene = Scene()
    scene.invite("play=blocked;early=603;cause=21", body=b"")
    assert scene.heard() == [603]
    assert scene.annc.commands == []


def test_an_offerless_caller_that_can_prack_hears_the_text_early() -> None:
    session = begin("s", _wanted(early=Early(status=603, cause=21)), Caller(offer=b"", has_100rel=True))
    assert isinstance(session, Session)
    session, effects = step(session, control.Opened(id="s", host="192.0.2.2", port=20_000))
    assert [type(effect).__name__ for effect in effects] == ["Progress", "Wait"]
    theirs = answer(offer("192.0.2.2", 20_000), "192.0.2.1", 5_000) or b""
    session, effects = step(session, machine.Acknowledged(theirs))
    assert isinstance(effects[-1], control.Play)
    assert effects[-1].port == 5_000
    session, _ = step(session, control.Finished(id="s"))
    assert step(session, control.Finished(id="s"))[1] == [control.Close(id="s"), machine.Reject(603, 21)]


def test_strangers_may_not_ask_for_the_early_form() -> None:
    scene = Scene(peers=frozenset())
    scene.invite("play=blocked;early=603;cause=21")
    assert scene.heard() == [403]
    assert scene.annc.commands == []


def test_strangers_may_hear_a_text_themselves() -> None:
    scene = Scene(peers=frozenset())
    scene.invite("play=blocked")
    scene.run(TEXT_S)
    assert scene.heard() == [200]
    assert len(scene.annc.played) == 1


@pytest.mark.parametrize("is_offerless", [True, False])
def test_strangers_cannot_have_a_text_sent_to_somebody_else(is_offerless: bool) -> None:
    scene = Scene(peers=frozenset())
    victim = offer("198.51.100.7", 4_000)
    scene.ack_body = victim if is_offerless else b""
    scene.invite("play=blocked", body=b"" if is_offerless else victim)
    scene.run(1.0)
    assert scene.annc.played == []
    assert scene.was_hung_up() or scene.heard() == [488]


def test_a_peer_may_have_it_sent_where_its_sdp_says() -> None:
    scene = Scene()
    scene.invite("play=blocked", body=offer("198.51.100.7", 4_000))
    assert [play.host for play in scene.annc.played] == ["198.51.100.7"]


def test_a_refresh_of_the_session_does_not_end_the_text() -> None:
    scene = Scene()
    call = scene.invite("play=blocked")
    call.reinvite(scene.network.now, OFFER)
    scene.run(1.0)
    assert any(isinstance(event, events.ReinviteFailed) for event in scene.network.told(ALICE))
    scene.run(TEXT_S)
    assert scene.was_hung_up()


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 200), ("MESSAGE", 405)])
def test_other_requests_are_answered(method: str, status: int) -> None:
    scene = Scene()
    scene.alice.request(method, to_bob(body=b""), 0.0)
    scene.run(1.0)
    ended = [event for event in scene.network.told(ALICE) if isinstance(event, events.RequestEnded)]
    assert [event.response.status for event in ended if event.response] == [status]


def test_a_stopping_server_ends_what_it_plays() -> None:
    scene = Scene()
    scene.invite("play=blocked")
    scene.annc.announcer.stop(scene.network.now)
    scene.run(0.5)
    assert scene.was_hung_up()


@pytest.mark.parametrize("seed", range(5))
def test_a_lossy_network_loses_no_session(seed: int) -> None:
    scene = Scene(link=Link(loss=0.1, duplicates=0.05, delay=0.05, jitter=0.02))
    scene.network.seed = seed
    scene.network.__post_init__()
    for number in range(20):
        scene.invite("play=blocked;early=603;cause=21" if number % 2 else "play=blocked")
    scene.run(120.0)
    told = scene.network.told(ALICE)
    assert sum(isinstance(event, events.Failed) for event in told) == 10
    assert sum(isinstance(event, events.Answered) for event in told) == 10
    assert scene.annc.said().count("Open") == scene.annc.said().count("Close") == 20
    assert scene.annc.next_timer() is None


def _wanted(*, early: Early | None) -> Asked:
    return Asked(clips=("blocked",), repeat=2, delay_ms=100, longest_s=300.0, early=early)


def _sessions() -> Iterator[Session]:
    for early, described in product((None, Early(status=480, cause=31)), (OFFER, b"")):
        session = begin("s", _wanted(early=early), Caller(offer=described, has_100rel=True))
        assert isinstance(session, Session)
        yield session


EVENTS: tuple[machine.Event, ...] = (
    control.Opened(id="s", host="192.0.2.2", port=20_000),
    control.Finished(id="s"),
    control.Refused(id="s", error="no"),
    control.Silent(id="s"),
    machine.Acknowledged(OFFER),
    machine.Acknowledged(b""),
    machine.Cancelled(),
    machine.Ended(),
    machine.Unacknowledged(),
    machine.Expired(),
)


@pytest.mark.parametrize("first", EVENTS, ids=lambda event: type(event).__name__)
def test_whatever_happens_in_whatever_order_a_call_ends_once_and_its_port_is_closed(
    first: machine.Event,
) -> None:
    for session, second, third in product(_sessions(), EVENTS, EVENTS):
        finals = closes = 0
        for event in (first, second, third, machine.Expired()):
            was_over = session.state is State.OVER
            session, effects = step(session, event)
            finals += sum(isinstance(effect, machine.Reject | machine.HangUp) for effect in effects)
            closes += sum(isinstance(effect, control.Close) for effect in effects) if not was_over else 0
        assert session.state is State.OVER
        assert finals <= 1
        assert closes == 1
