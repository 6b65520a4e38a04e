"""Reads events as boxsdk 10 does, one page for each; see `tests/sdk/test_parsing.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from box_sdk_gen.schemas.events import Events
from box_sdk_gen.serialization.json import deserialize

task = json.loads(sys.argv[1])
events = json.loads(Path(task["file"]).read_text(encoding="utf-8"))
faults = []
for index, event in enumerate(events):
    try:
        page = {"chunk_size": 1, "next_stream_position": 1, "entries": [event]}
        if deserialize(page, Events).entries[0].event_id != event["event_id"]:
            faults.append([index, "lost"])
    except Exception as error:  # whatever ends the SDK's loop
        faults.append([index, repr(error)])
print(json.dumps({"read": len(events), "faults": faults}))
