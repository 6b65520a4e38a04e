// Reads events as box-node-sdk 10 does, one page for each; see `tests/sdk/test_parsing.py`.

'use strict';

const fs = require('node:fs');
const { createRequire } = require('node:module');

const task = JSON.parse(process.argv[2]);
const { deserializeEvents } = createRequire(`${task.home}/`)(`${task.package}/schemas`);

const events = JSON.parse(fs.readFileSync(task.file, 'utf8'));
const faults = [];
events.forEach((event, index) => {
  try {
    const page = { chunk_size: 1, next_stream_position: 1, entries: [event] };
    if (deserializeEvents(page).entries[0].eventId !== event.event_id) faults.push([index, 'lost']);
  } catch (error) {
    faults.push([index, error.message]);
  }
});
process.stdout.write(JSON.stringify({ read: events.length, faults }));
