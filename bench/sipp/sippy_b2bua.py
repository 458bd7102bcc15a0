"""sippy's own simple B2BUA with one worker thread each way and its null logger: the peer to compare with.

`python -m sipp.sippy_b2bua PORT NEXT_PORT` serves: every call that comes to PORT goes to NEXT_PORT.
"""

import os
import sys

os.environ["SIPLOG_BEND"] = "none"

# The logger is chosen when its module is first used.
from sippy.b2bua_simple import main_func
from sippy.Udp_server import Udp_server_opts


def main(port: str, next_port: str) -> None:
    """Bridge until killed."""
    Udp_server_opts.nworkers = 1
    sys.argv[1:] = ["-f", "-l", "127.0.0.1", "-p", port, "-n", f"127.0.0.1:{next_port}"]
    main_func()


if __name__ == "__main__":
    main(*sys.argv[1:])
