"""A line on our own user agent that rings and answers at once: `python -m sipp.answering PORT` serves."""

import asyncio
import secrets
import sys
from functools import partial

from chakka import clock
from chakka.callplane.server import sip_socket
from chakka.sip import events
from chakka.sip.agent import UserAgent
from chakka.sip.sdp import answer
from chakka.sip.timers import Timers

_PER_TURN = 64
# Finished transactions linger 64·T1: short enough here that what their timers cost falls into the round.
_T1_S = 0.05


class Line:
    """One socket, one user agent; datagrams are taken in turns of up to 64."""

    def __init__(self, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = sip_socket(("127.0.0.1", port))
        self._timer: asyncio.TimerHandle | None = None
        self._agent = UserAgent(
            contact=f"sip:127.0.0.1:{port}",
            via_host=f"127.0.0.1:{port}",
            timers=Timers(t1=_T1_S),
            token=partial(secrets.token_hex, 8),
            product="chakka",
        )

    async def run(self) -> None:
        """Answer until killed."""
        self._loop.add_reader(self._socket.fileno(), self._readable)
        await asyncio.Event().wait()

    def _readable(self) -> None:
        now = clock.monotonic_s()
        try:
            for _ in range(_PER_TURN):
                data, source = self._socket.recvfrom(65_535)
                self._agent.receive(data, source, now)
        except BlockingIOError:
            pass
        self._settle(now)

    def _on_timer(self) -> None:
        self._timer = None
        now = clock.monotonic_s()
        self._agent.handle_timer(now)
        self._settle(now)

    def _settle(self, now: float) -> None:
        for event in self._agent.take_events():
            if isinstance(event, events.IncomingInvite):
                event.call.progress(now, 180)
                event.call.answer(now, answer(event.call.offer, "127.0.0.1", 6002) or b"")
        for data, destination in self._agent.take_datagrams():
            self._socket.sendto(data, destination)
        due = self._agent.next_timer()
        if due is not None and (self._timer is None or due < self._timer.when()):
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(due, self._on_timer)


async def serve(port: int) -> None:
    """Answer until killed."""
    await Line(port).run()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
