"""Certificates of a test's own authority, made by openssl."""

import subprocess
from pathlib import Path

from chakka.config import TlsSettings


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.ca = directory / "ca.pem"
        self._key = directory / "ca.key"
        openssl(*self._new_key(self._key), "-x509", "-days", "2", "-subj", "/CN=ca", "-out", self.ca)

    def _new_key(self, key: Path) -> tuple[str | Path, ...]:
        return (
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            key,
        )

    def certified(self, name: str, alternative: str) -> TlsSettings:
        """Return key and certificate of a peer, and this authority as the one to trust."""
        at = self._directory
        key, request, certificate = at / f"{name}.key", at / f"{name}.csr", at / f"{name}.pem"
        extensions = at / f"{name}.ext"
        extensions.write_text(
            f"subjectAltName={alternative}\n" if alternative else "basicConstraints=CA:FALSE\n"
        )
        openssl(*self._new_key(key), "-subj", f"/CN={name}", "-out", request)
        signing = (
            "-CA",
            self.ca,
            "-CAkey",
            self._key,
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            extensions,
        )
        openssl("x509", "-req", "-in", request, *signing, "-out", certificate)
        return TlsSettings(certificate=certificate, key=key, ca=self.ca)
