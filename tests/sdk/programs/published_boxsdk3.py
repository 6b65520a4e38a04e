"""The programs for boxsdk 3 that Box's reference and its developer blog print, call for call.

Only where the API is, and the credentials, are different. The arguments: which program, the URL
of the server, a token.
"""

from __future__ import annotations

import sys

from boxsdk import Client, OAuth2
from boxsdk.config import API

program, url, token = sys.argv[1:]
API.BASE_API_URL = f"{url}/2.0"
client = Client(OAuth2(client_id="", client_secret="", access_token=token))

if program == "reference":
    events = client.events().generate_events_with_long_polling()
    for event in events:
        print("Got {0} event".format(event.event_type))  # noqa: UP030, UP032 # as printed

if program == "page":
    stream_position = 0
    events = client.events().get_events(
        limit=10,
        stream_position=stream_position,
        stream_type="all",
    )
    stream_position = events["next_stream_position"]

    for event in events["entries"]:
        source = event.source
        print(
            f"Got {event.event_type} on {event.created_at}: {source.type} {source.id} {source.name}"
        )

if program == "generator":
    print("Long polling for events...")
    events = client.events().generate_events_with_long_polling()
    for event in events:
        print(
            "\t",
            event.created_at,
            event.event_type,
            event.source.type,
            event.source.id,
            event.source.name,
        )
