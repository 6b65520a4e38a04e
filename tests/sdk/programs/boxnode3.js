// What a user of box-node-sdk 3 writes: follow the events, or read items. One JSON line each.
//
// It runs beside its own node_modules and knows nothing of this project but the URL. Its only
// argument is a JSON object: see `tests/sdk/followers.py`.

'use strict';

const { createRequire } = require('node:module');
const http = require('node:http');

const task = JSON.parse(process.argv[2]);
const sdks = createRequire(`${task.home}/`)(task.package);
const BoxSDK = sdks.default ?? sdks; // box-node-sdk 4 has it as the default of a module

const sdk = new BoxSDK({
  clientID: 'id',
  clientSecret: 'secret',
  apiRootURL: task.url,
  uploadAPIRootURL: `${task.url}/api`,
  authorizeRootURL: `${task.url}/api`,
  request: { agentClass: http.Agent }, // its own agent speaks https only
});
const client = sdk.getBasicClient(task.token);

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function shape(item) {
  return {
    id: item.id,
    type: item.type,
    name: item.name,
    sequence_id: item.sequence_id,
    etag: item.etag,
    parent: item.parent ? item.parent.id : null,
  };
}

async function follow() {
  // It always follows the stream type `all`: there is no other choice.
  const stream = await client.events.getEventStream(...(task.start === null ? [] : [task.start]));
  stream.on('error', (error) => console.error('the SDK says:', error.message));
  stream.on('data', (event) =>
    say({
      event_id: event.event_id,
      event_type: event.event_type,
      source: event.source ? shape(event.source) : null,
      time: Date.now() / 1000,
    }),
  );
}

async function read() {
  const me = await client.users.get('me');
  say({ kind: 'me', id: me.id, type: me.type, login: me.login });
  for (const id of task.files) {
    say({ kind: 'item', ...shape(await client.files.get(id)) });
  }
  for (const id of task.folders) {
    say({ kind: 'item', ...shape(await client.folders.get(id)) });
    for (const item of (await client.folders.getItems(id)).entries) {
      say({ kind: 'entry', folder: id, ...shape(item) });
    }
  }
}

async function bytes(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString('hex');
}

async function look() {
  const content = await bytes(await client.files.getReadStream(task.file));
  const part = await bytes(await client.files.getReadStream(task.file, { byteRange: [2, 5] }));
  say({ content, part, url: await client.files.getDownloadURL(task.file) });
  say({ users: (await client.enterprise.getUsers()).entries.map((user) => user.login) });
  say({ trash: (await client.trash.get()).entries.map((item) => item.name) });
  const items = [];
  let marker;
  do {
    const page = await client.folders.getItems('0', {
      limit: 2, usemarker: true, marker, direction: 'DESC', sort: 'name',
    });
    items.push(...page.entries.map((item) => item.name));
    marker = page.next_marker;
  } while (marker);
  say({ items });
}

({ follow, read, look })[task.do]().catch((error) => {
  console.error(error);
  process.exit(1);
});
