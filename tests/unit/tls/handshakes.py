"""A TLS handshake in memory, without sockets."""

from __future__ import annotations

import ssl

from cryptography import x509


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str | None) -> ssl.SSLObject:
    """The client's end, when both are done. Raises SSLError of whichever refuses."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up, server_hostname=name)
    its = server.wrap_bio(up, down, server_side=True)
    done = {ours: False, its: False}
    for _ in range(10):
        for end in (ours, its):
            if done[end]:
                continue
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            done[end] = True
        if all(done.values()):
            return ours
    raise AssertionError("the handshake does not end")


def served_by(context: ssl.SSLContext, name: str | None = "localhost") -> x509.Certificate:
    """The certificate that a client of *context* is shown, whatever it is worth."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    shown = shake_hands(client, context, name).getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown)
