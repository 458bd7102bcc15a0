"""Serves the portal's pages."""

from django.conf import settings
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from chakka.errors import InputError
from chakka.portal.schema import bring_up_to_date

# A page takes some milliseconds, most of them in the database; more threads than cores only wait there.
THREADS = 4


def serve() -> None:
    """Serve until SIGTERM. Raises: InputError if the configuration says nowhere to listen."""
    if settings.PORTAL.address is None:
        raise InputError("the configuration says nowhere to listen: [portal] listen")
    bring_up_to_date(settings.CONFIG.directory)
    host, port = settings.PORTAL.address
    server = Granian(
        "chakka.portal.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        log_level=LogLevels.warning,
    )
    server.serve()
