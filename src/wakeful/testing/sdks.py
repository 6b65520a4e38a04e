"""Clients of the official SDKs, as they are installed, that reach an emulator."""

from __future__ import annotations

from typing import Any


class SdkMissing(Exception):
    """The SDK is not installed. The text says how to get it."""


def box_client(url: str, token: str) -> Any:
    """A `BoxClient` of the generated SDK, or a `Client` of `boxsdk` where it is the only one.

    Raises SdkMissing.
    """
    try:
        import box_sdk_gen as sdk
    except ImportError:
        return boxsdk_client(url, token)
    urls = sdk.BaseUrls(base_url=url, upload_url=f"{url}/api", oauth_2_url=f"{url}/api/oauth2")
    return sdk.BoxClient(
        auth=sdk.BoxDeveloperTokenAuth(token=token),
        network_session=sdk.NetworkSession(base_urls=urls),
    )


def boxsdk_client(url: str, token: str) -> Any:
    """A `Client` of `boxsdk` (boxsdk 3, and beside the other in boxsdk 4). Raises SdkMissing."""
    try:
        import boxsdk
        from boxsdk.config import API
        from boxsdk.session.session import AuthorizedSession
    except ImportError:
        raise SdkMissing("Box's SDK is not installed: pip install boxsdk") from None

    # Its URLs are those of a class; a class of its own leaves other clients alone.
    urls = {
        "BASE_API_URL": f"{url}/2.0",
        "UPLOAD_URL": f"{url}/api/2.0",
        "OAUTH2_API_URL": f"{url}/oauth2",
        "OAUTH2_AUTHORIZE_URL": f"{url}/api/oauth2/authorize",
    }
    auth = boxsdk.OAuth2(client_id="", client_secret="", access_token=token)
    return boxsdk.Client(
        auth, session=AuthorizedSession(auth, api_config=type("Here", (API,), urls))
    )


def dropbox_client(url: str, token: str) -> Any:
    """A `Dropbox` client. The SDK asks by TLS and of Dropbox's hosts only; its session takes what
    it asks to *url*. Raises SdkMissing."""
    try:
        import dropbox
    except ImportError:
        raise SdkMissing("Dropbox's SDK is not installed: pip install dropbox") from None
    from requests.adapters import HTTPAdapter

    class Here(HTTPAdapter):
        def send(self, request: Any, *args: Any, **options: Any) -> Any:
            request.url = f"{url}/{request.url.split('/', 3)[3]}"
            return super().send(request, *args, **options)

    session = dropbox.create_session()
    session.trust_env = False  # no proxy leads to this machine
    session.mount("https://", Here())
    return dropbox.Dropbox(token, session=session)
