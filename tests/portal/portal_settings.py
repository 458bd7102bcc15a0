"""The portal's settings for tests: a data directory of their own, no database of anybody else's."""

import atexit
import os
import shutil
import tempfile

_DIRECTORY = tempfile.mkdtemp(prefix="chakka-portal-")
atexit.register(shutil.rmtree, _DIRECTORY, ignore_errors=True)
_BEFORE = {name: os.environ.pop(name, None) for name in ("CHAKKA_DATA", "CHAKKA_CONFIG")}
os.environ["CHAKKA_DATA"] = _DIRECTORY

from chakka.portal.database import database  # noqa: E402
from chakka.portal.settings import *  # noqa: E402, F403

# Other tests run commands, which must find what they would find without this file.
for _name, _value in _BEFORE.items():
    os.environ.pop(_name, None)
    if _value is not None:
        os.environ[_name] = _value
# Set for the tests that run once more on PostgreSQL.
if url := os.environ.get("CHAKKA_TEST_DATABASE"):
    DATABASES = {"default": database(url, CONFIG.directory)}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
