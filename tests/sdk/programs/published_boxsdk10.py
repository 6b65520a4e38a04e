"""The calls of the generated Python SDK that Box's reference lists, with every argument that they
take; what they return is printed.

Only where the API is, and the credentials, are different. The arguments: which call, the URL of
the server, a token.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from box_sdk_gen import (
    BaseUrls,
    BoxClient,
    BoxDeveloperTokenAuth,
    GetEventsStreamType,
    GetEventStreamHeaders,
    GetEventStreamQueryParams,
    NetworkSession,
)

call, url, token = sys.argv[1:]
urls = BaseUrls(base_url=url, upload_url=f"{url}/api", oauth_2_url=f"{url}/api/oauth2")
client = BoxClient(
    auth=BoxDeveloperTokenAuth(token=token),
    network_session=NetworkSession(base_urls=urls),
)

if call == "get_events_with_long_polling":
    for servers in (
        client.events.get_events_with_long_polling(),
        client.events.get_events_with_long_polling(extra_headers={"X-Of-Mine": "1"}),
    ):
        for server in servers.entries:
            print(server.type, server.url, server.ttl, server.max_retries, server.retry_timeout)

if call == "get_events":
    for events in (
        client.events.get_events(),
        client.events.get_events(
            stream_type=GetEventsStreamType.CHANGES,
            stream_position="0",
            limit=10,
            event_type=["UPLOAD", "LOGIN"],
            created_after=datetime(2000, 1, 1, tzinfo=UTC),
            created_before=datetime(2000, 1, 2, tzinfo=UTC),
            extra_headers={"X-Of-Mine": "1"},
        ),
    ):
        for event in events.entries:
            print(events.chunk_size, event.event_type.value, event.source.name)

if call == "get_event_stream":
    stream = client.events.get_event_stream(
        query_params=GetEventStreamQueryParams(stream_position="0"),
        headers=GetEventStreamHeaders(extra_headers={"X-Of-Mine": "1"}),
    )
    for event in stream:
        print(event.event_type.value, event.source.name)
