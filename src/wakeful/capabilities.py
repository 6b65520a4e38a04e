"""Capabilities: signed texts that say what whoever has them may do, as channels do.

Rule 1: a capability carries a signature instead of an entry in a table: it outlives a restart,
and costs nothing until it is used. Everybody can read it, and only who has the secret of
the store can make it.

Rule 2: a channel names a stream, a grant, a class and the position at which it was made, and
never expires. It is bound to the grant, not to a token: SDKs go on with the same channel after
they refreshed their token. It is worth what the grant is worth at the moment: nothing while
that may not follow the stream.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import secrets
import struct

import msgspec

from wakeful.core.errors import NotFound
from wakeful.core.events import StreamClass
from wakeful.core.lookups import Setting
from wakeful.core.seeds import fresh_seed
from wakeful.core.writes import PutSetting, Steps

_SECRET_SETTING = "access.secret"
_MAC_BYTES = 16
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_CLASSES = tuple(StreamClass)
_BLOCK_BYTES = 64  # of SHA-256
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))

_CHANNEL = struct.Struct(">BQQBQ8s")  # version, stream, grant, class, position, nonce
_CHANNEL_VERSION = 1
_ENTERPRISE_BIT = 0x80  # in the class of a channel


class Channel(msgspec.Struct, frozen=True):
    """What a channel's text says."""

    stream: int
    grant: int
    cls: StreamClass
    position: int  # the stream's head, as a wire position, when the channel was made
    nonce: bytes  # 8 bytes; tells channels apart that are alike otherwise
    is_enterprise: bool = False  # the stream is an enterprise's


class Capabilities:
    """Makes the capabilities of a store, and opens them. *secret* has at most 64 bytes."""

    def __init__(self, secret: bytes) -> None:
        # HMAC (RFC 2104) from states that have taken in the key already: a third of the time, and
        # the interpreter's lock is not given away over a few bytes.
        key = secret.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(key.translate(_INNER))
        self._outer = hashlib.sha256(key.translate(_OUTER))

    def seal(self, purpose: bytes, body: bytes) -> str:
        """*body* with our signature, as URL-safe text. It can be read by all and made by us
        alone; what is sealed for one purpose is worth nothing for another."""
        return _encoded(body + self._sign(purpose, body)).decode()

    def unseal(self, purpose: bytes, text: str) -> bytes | None:
        """What was sealed for *purpose*; None where that was not by us."""
        try:
            encoded = text.encode("ascii")
            padding = b"=" * (-len(encoded) % 4)
            raw = binascii.a2b_base64(encoded.translate(_FROM_URL_SAFE) + padding)
        except (UnicodeEncodeError, binascii.Error):
            return None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        # Base64 has several texts for the same bytes: only the one that was given out counts.
        if _encoded(raw) != encoded or not hmac.compare_digest(mac, self._sign(purpose, body)):
            return None
        return body

    def _sign(self, purpose: bytes, body: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(purpose + b"\0" + body)
        outer.update(inner.digest())
        return outer.digest()[:_MAC_BYTES]

    def channel(
        self,
        stream: int,
        grant: int,
        cls: StreamClass,
        position: int,
        *,
        is_enterprise: bool = False,
    ) -> str:
        """The URL-safe text of a new channel."""
        nonce = fresh_seed()[:8]
        view = cls | _ENTERPRISE_BIT if is_enterprise else cls
        body = _CHANNEL.pack(_CHANNEL_VERSION, stream, grant, view, position, nonce)
        return self.seal(b"channel", body)

    def open_channel(self, text: str) -> Channel:
        """What the text of a channel says; raises NotFound for one that is not ours."""
        body = self.unseal(b"channel", text)
        if body is None or len(body) != _CHANNEL.size:
            raise NotFound("no such channel")
        version, stream, grant, view, position, nonce = _CHANNEL.unpack(body)
        if version != _CHANNEL_VERSION:
            raise NotFound("no such channel")
        cls = _CLASSES[view & ~_ENTERPRISE_BIT]
        return Channel(stream, grant, cls, position, nonce, bool(view & _ENTERPRISE_BIT))


def _encoded(raw: bytes) -> bytes:
    """As `base64.urlsafe_b64encode`, without padding."""
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=").translate(_TO_URL_SAFE)


def own_secret(now: int) -> Steps[bytes]:
    """The secret of a store, which is made when there is none."""
    present: bytes | None = yield Setting(_SECRET_SETTING)
    if present is None:
        present = secrets.token_bytes(32)
        yield PutSetting(_SECRET_SETTING, present)
    return present
