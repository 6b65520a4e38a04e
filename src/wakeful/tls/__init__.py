"""TLS for a server: a local authority, certificates, and the context that serves them.

Nothing here knows HTTP. `authority` makes certificates, `store` keeps the server's own in the
data folder, `certificates` reads a pair and says what is wrong with it, `context` serves it and
reads it again.
"""

from __future__ import annotations

from wakeful.tls.authority import RENEW_BEFORE, BadName, check_name
from wakeful.tls.certificates import Certificate, Pair, TlsError, load_pair, read_certificate
from wakeful.tls.context import ServerTls
from wakeful.tls.store import LocalFiles, Made

__all__ = [
    "RENEW_BEFORE",
    "BadName",
    "Certificate",
    "LocalFiles",
    "Made",
    "Pair",
    "ServerTls",
    "TlsError",
    "check_name",
    "load_pair",
    "read_certificate",
]
