"""Reads events as boxsdk 3 does, one page for each; see `tests/sdk/test_parsing.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from boxsdk import Client, OAuth2
from boxsdk.util.translator import Translator

task = json.loads(sys.argv[1])
events = json.loads(Path(task["file"]).read_text(encoding="utf-8"))
session = Client(OAuth2(client_id="", client_secret="", access_token="")).session
faults = []
for index, event in enumerate(events):
    try:
        page = {"chunk_size": 1, "next_stream_position": 1, "entries": [event]}
        read = Translator().translate(session=session, response_object=page)["entries"][0]
        if read.event_id != event["event_id"]:
            faults.append([index, "lost"])
        str(read)
    except Exception as error:  # whatever ends the SDK's generator
        faults.append([index, repr(error)])
print(json.dumps({"read": len(events), "faults": faults}))
