"""How TLS is spoken: 1.2 and up, our certificate, the authorities that we trust (reliability.md §4)."""

import ssl

from chakka.config import TlsSettings


def server_context(settings: TlsSettings) -> ssl.SSLContext:
    """Return how we answer TLS: a peer may show a certificate, and what it shows must be good.

    Raises: OSError or ssl.SSLError if a file is missing or wrong.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL
    return _prepared(context, settings)


def client_context(settings: TlsSettings) -> ssl.SSLContext:
    """Return how we open TLS: the peer must show a good certificate; whose it is we compare (RFC 5922 §7.3).

    Raises: OSError or ssl.SSLError if a file is missing or wrong.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # RFC 5922 asks for other names than those of web servers: transport_identity compares them.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    return _prepared(context, settings)


def _prepared(context: ssl.SSLContext, settings: TlsSettings) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.certificate is not None:
        context.load_cert_chain(settings.certificate, settings.key)
    if settings.ca is not None:
        context.load_verify_locations(settings.ca)
    else:
        context.load_default_certs()
    return context
