"""By what calls are charged now: a version of the tariff that is published is taken up without a restart."""

import logging
from pathlib import Path

from chakka.errors import InputError
from chakka.facts import numbering_table, tariff_named
from chakka.ingest.rating import Rules
from chakka.stores.tariff_store import TariffStore

log = logging.getLogger(__name__)


class CurrentRules:
    """Gives the rules with every version of one tariff; asking costs no more than listing a directory."""

    def __init__(self, name: str, published: Path) -> None:
        """Read the tariff. Raises: InputError if there is none of this name, or a file is damaged."""
        self._name = name
        self._published = published
        self._store = TariffStore(published)
        self._versions = self._store.versions()
        self._rules = self._read()

    def __call__(self) -> Rules:
        """Return the rules. A version that cannot be read is logged, and those before it go on."""
        versions = self._store.versions()
        if versions != self._versions:
            self._versions = versions
            try:
                self._rules = self._read()
            except InputError as fault:
                log.error("%s; calls are charged as before", fault)
            else:
                log.info("tariff %s: the newest version is %s", self._name, self._rules.tariff.version)
        return self._rules

    def _read(self) -> Rules:
        return Rules(tariff=tariff_named(self._name, self._published), table=numbering_table())
