"""sippy's own B2BUA with one worker thread each way and its null logger: the peer to compare with.

`python -m sipp.sippy_b2bua PORT NEXT_PORT DIRECTORY` serves: it takes G.711 only, sends every call by a
static route to NEXT_PORT, asks no RADIUS server and relays no media.
"""

import os
import sys

os.environ["SIPLOG_BEND"] = "none"

# The logger is chosen when its module is first used.
from sippy.b2bua import main_func
from sippy.Udp_server import Udp_server_opts


def main(port: str, next_port: str, directory: str) -> None:
    """Bridge until killed."""
    Udp_server_opts.nworkers = 1
    here = ["-f", "-l", "127.0.0.1", "-p", port, "-c", f"{directory}/b2bua.sock"]
    sys.argv[1:] = [*here, "-u", "-A", "0", "-F", "0,8,101", "-s", f"127.0.0.1:{next_port}"]
    main_func()


if __name__ == "__main__":
    main(*sys.argv[1:])
