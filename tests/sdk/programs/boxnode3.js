// What a user of box-node-sdk 3 writes: sign in, follow events, or read. One JSON line each.
//
// It runs beside its own node_modules and knows nothing of this project but the URL. Its only
// argument is a JSON object: see `tests/sdk/followers.py`.

'use strict';

const { once } = require('node:events');
const { createRequire } = require('node:module');
const http = require('node:http');

const task = JSON.parse(process.argv[2]);
const sdks = createRequire(`${task.home}/`)(task.package);
const BoxSDK = sdks.default ?? sdks; // box-node-sdk 4 has it as the default of a module

const known = task.sign_in;
const settings = known.config ? known.config.boxAppSettings : {};

const sdk = new BoxSDK({
  clientID: known.client_id || settings.clientID || 'id',
  clientSecret: known.client_secret || settings.clientSecret || 'secret',
  appAuth: settings.appAuth && { ...settings.appAuth, keyID: settings.appAuth.publicKeyID },
  enterpriseID: known.enterprise || (known.config && known.config.enterpriseID),
  apiRootURL: task.url,
  uploadAPIRootURL: `${task.url}/api`,
  authorizeRootURL: `${task.url}/api`,
  request: { agentClass: http.Agent }, // its own agent speaks https only
});

// The SDK's client for each way to sign in that it has.
const clients = {
  'developer token': () => sdk.getBasicClient(task.token),
  ccg: () => sdk.getAnonymousClient(),
  'ccg user': () => sdk.getCCGClientForUser(known.user),
  jwt: () => sdk.getAppAuthClient('enterprise'),
  'jwt user': () => sdk.getAppAuthClient('user', known.user),
  refresh: () =>
    sdk.getPersistentClient({
      accessToken: task.token,
      refreshToken: known.refresh_token,
      acquiredAtMS: Date.now(),
      // By its own clock alone it sees that a token is over, three minutes too early.
      accessTokenTTLMS: known.lifetime + 180000,
    }),
};
const client = clients[known.way]();

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
    item_id: item.item_id,
  };
}

async function follow() {
  if (task.stream_type) {
    const options = { streamType: task.stream_type, pollingInterval: 1 };
    if (task.start !== null) options.streamPosition = task.start;
    show(await client.events.getEnterpriseEventStream(options));
    return;
  }
  // Of a user it always follows the stream type `all`: there is no other choice.
  show(await client.events.getEventStream(...(task.start === null ? [] : [task.start])));
}

// The enterprise's events until there are no more.
async function history() {
  const options = { streamType: task.history, pollingInterval: 0, streamPosition: '0' };
  if (task.event_types) options.eventTypeFilter = task.event_types;
  if (task.limit) options.chunkSize = task.limit;
  if (task.created_after) options.startDate = task.created_after;
  if (task.created_before) options.endDate = task.created_before;
  const stream = await client.events.getEnterpriseEventStream(options);
  show(stream);
  await once(stream, 'end');
}

function show(stream) {
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

async function run() {
  for (const step of task.do) await { follow, history, read, look }[step]();
}

run().catch((error) => {
  console.error(error);
  process.exit(1);
});
