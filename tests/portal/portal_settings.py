"""The portal's settings for tests: a data directory of their own, no database of anybody else's."""

import atexit
import os
import shutil
import tempfile

_DIRECTORY = tempfile.mkdtemp(prefix="chakka-portal-")
atexit.register(shutil.rmtree, _DIRECTORY, ignore_errors=True)
os.environ["CHAKKA_DATA"] = _DIRECTORY
os.environ.pop("CHAKKA_CONFIG", None)

from chakka.portal.database import database  # noqa: E402
from chakka.portal.settings import *  # noqa: E402, F403

# Set for the tests that run once more on PostgreSQL.
if url := os.environ.get("CHAKKA_TEST_DATABASE"):
    DATABASES = {"default": database(url, CONFIG.directory)}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
