"""baresip, a real softphone, as caller and as line: it says a tone, and what it hears goes into a file."""

import re
import subprocess
import wave
from pathlib import Path

import numpy as np
from peer_ear import Samples
from peer_node import SIP_PORT, wait_until
from peer_sipp import is_bound

from chakka.media.g711 import SAMPLE_RATE

LONGEST_CALL_S = 60
# Where Debian and its derivatives keep them: directly, or below the architecture's directory.
_MODULES = ("/usr/lib/baresip/modules", "/usr/lib/*/baresip/modules")

# Its sound leaves from the address that the kernel takes on the loopback, so that its SDP must name that one:
# the relay hears nothing that comes from elsewhere.
_CONFIG = """module_path {modules}
net_interface 127.0.0.1
sip_listen {host}:{port}
rtp_ports {first}-{last}
audio_player aubridge,nowhere
audio_source aufile,{directory}/says.wav
audio_alert aubridge,nowhere
snd_path {directory}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
"""


class Baresip:
    """One telephone. It answers at once when it is called."""

    def __init__(self, directory: Path, user: str, host: str, tone_hz: int) -> None:
        directory.mkdir()
        self._directory = directory
        self._user = user
        self._host = host
        self._account = f"<sip:{user}@{host}>;regint=0"
        self._process: subprocess.Popen[bytes] | None = None
        # The tone is long enough for any call, so that silence means that nothing comes.
        tone = f"synth {LONGEST_CALL_S} sine {tone_hz} gain -16".split()
        speech = ("sox", "-n", "-r", str(SAMPLE_RATE), "-c", "1", "-b", "16", directory / "says.wav", *tone)
        subprocess.run(speech, check=True)

    def registers_at(self, host: str, user: str, password: str) -> "Baresip":
        """Have it register for its number with a password."""
        secret = f"auth_user={user};auth_pass={password}"
        self._account = f"<sip:{self._user}@{host}:{SIP_PORT}>;regint=60;{secret}"
        return self

    def start(self, dial: str | None = None) -> "Baresip":
        """Switch the telephone on; dial a SIP URI if there is one."""
        # RTP is bound on all addresses: the last byte of its own gives each telephone ports of its own.
        first = 22_000 + 40 * int(self._host.rpartition(".")[2])
        config = _CONFIG.format(
            modules=modules(),
            host=self._host,
            port=SIP_PORT,
            directory=self._directory,
            first=first,
            last=first + 38,
        )
        (self._directory / "config").write_text(config)
        account = f"{self._account};audio_codecs=PCMU;answermode=auto\n"
        (self._directory / "accounts").write_text(account)
        dials = ("-e", f"/dial {dial}") if dial else ()
        command = ("baresip", "-f", self._directory, "-t", str(LONGEST_CALL_S), "-s", *dials)
        with (self._directory / "output").open("wb") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=self._directory
            )
        wait_until(lambda: is_bound(self._host, SIP_PORT), f"baresip listens on {self._host}")
        return self

    def end(self) -> None:
        """Switch the telephone off; a call that is up is released."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)

    def output(self) -> str:
        """Return what it says to its user, and the SIP messages."""
        return (self._directory / "output").read_text(errors="replace")

    def wait_for(self, text: str, within_s: float = 10.0) -> None:
        """Wait until it has told its user something."""
        wait_until(
            lambda: re.search(text, self.output()), f"baresip says {text!r}\n{self.output()}", within_s
        )

    def has_heard(self, seconds: float) -> bool:
        """Return whether it has recorded so much of what its user hears."""
        recordings = self._recordings()
        return bool(recordings) and recordings[-1].stat().st_size > 2 * SAMPLE_RATE * seconds

    def heard(self) -> Samples:
        """Return what its user heard last, with full scale at 1; call it after `end`.

        baresip begins its sound, and so its recording, anew with every session description that it gets, a
        repeated 183 too.
        """
        return _recorded(self._recordings()[-1])

    def heard_from_the_first(self) -> Samples:
        """Return what its user heard in all its recordings, one after another; call it after `end`."""
        return np.concatenate([_recorded(recording) for recording in self._recordings()])

    def _recordings(self) -> list[Path]:
        # Their names are times.
        return sorted(self._directory.glob("dump-*-dec.wav"))


def _recorded(path: Path) -> Samples:
    with wave.open(str(path)) as recording:
        assert (recording.getframerate(), recording.getnchannels()) == (SAMPLE_RATE, 1)
        return np.frombuffer(recording.readframes(recording.getnframes()), "<i2") / 32_768


def modules() -> Path:
    """Return the directory of baresip's modules."""
    return next(found.parent for place in _MODULES for found in Path("/").glob(f"{place[1:]}/menu.so"))
