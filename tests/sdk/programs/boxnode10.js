// What a user of box-node-sdk 10 writes: sign in, follow events, or read. One JSON line each.
//
// It runs beside its own node_modules and knows nothing of this project but the URL. Its only
// argument is a JSON object: see `tests/sdk/followers.py`.

'use strict';

const { createRequire } = require('node:module');

const task = JSON.parse(process.argv[2]);
const sdk = createRequire(`${task.home}/`)(task.package);
const { BoxClient, BoxDeveloperTokenAuth, BoxCcgAuth, BoxJwtAuth, BoxOAuth } = sdk;
const known = task.sign_in;
const app = { clientId: known.client_id, clientSecret: known.client_secret };

// The SDK's object for each way to sign in that it has.
const ways = {
  'developer token': () => new BoxDeveloperTokenAuth({ token: task.token }),
  ccg: () =>
    new BoxCcgAuth({ config: new sdk.CcgConfig({ ...app, enterpriseId: known.enterprise }) }),
  'ccg user': () => new BoxCcgAuth({ config: new sdk.CcgConfig({ ...app, userId: known.user }) }),
  jwt: () =>
    new BoxJwtAuth({ config: sdk.JwtConfig.fromConfigJsonString(JSON.stringify(known.config)) }),
  'jwt user': () => ways.jwt().withUserSubject(known.user),
  refresh: () => new BoxOAuth({ config: new sdk.OAuthConfig({ ...app, tokenStorage }) }),
};
const tokenStorage = {
  held: { accessToken: task.token, refreshToken: known.refresh_token },
  async store(token) {
    this.held = token;
  },
  async get() {
    return this.held;
  },
  async clear() {
    this.held = undefined;
  },
};

const client = new BoxClient({
  auth: ways[known.way](),
}).withCustomBaseUrls({
  baseUrl: task.url,
  uploadUrl: `${task.url}/api`,
  oauth2Url: `${task.url}/api/oauth2`,
});

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function shape(item) {
  return {
    id: item.id,
    type: item.type,
    name: item.name,
    sequence_id: item.sequenceId,
    etag: item.etag,
    parent: item.parent ? item.parent.id : null,
    item_id: item.itemId,
  };
}

function follow() {
  const params = {};
  if (task.start !== null) params.streamPosition = task.start;
  if (task.stream_type !== null) params.streamType = task.stream_type;
  const stream = client.events.getEventStream(params);
  stream.on('error', (error) => console.error('the SDK says:', error.message));
  stream.on('data', show);
}

// The enterprise's events, page by page until one is empty.
async function history() {
  let streamPosition = '0';
  for (;;) {
    const page = await client.events.getEvents({
      streamPosition,
      streamType: task.history,
      limit: task.limit || undefined,
      eventType: task.event_types || undefined,
      createdAfter: date(task.created_after),
      createdBefore: date(task.created_before),
    });
    if (page.entries.length === 0) return;
    page.entries.forEach(show);
    streamPosition = String(page.nextStreamPosition);
  }
}

function date(text) {
  return text ? { value: new Date(text) } : undefined;
}

function show(event) {
  say({
    event_id: event.eventId,
    event_type: event.eventType,
    source: event.source ? shape(event.source) : null,
    time: Date.now() / 1000,
  });
}

async function read() {
  const me = await client.users.getUserMe();
  say({ kind: 'me', id: me.id, type: me.type, login: me.login });
  for (const id of task.files) {
    say({ kind: 'item', ...shape(await client.files.getFileById(id)) });
  }
  for (const id of task.folders) {
    say({ kind: 'item', ...shape(await client.folders.getFolderById(id)) });
    for (const item of (await client.folders.getFolderItems(id)).entries) {
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
  const content = await bytes(await client.downloads.downloadFile(task.file));
  const range = { headers: { range: 'bytes=2-5', extraHeaders: {} } };
  const part = await bytes(await client.downloads.downloadFile(task.file, range));
  say({ content, part, url: await client.downloads.getDownloadFileUrl(task.file) });
  say({ users: (await client.users.getUsers()).entries.map((user) => user.login) });
  say({ trash: (await client.trashedItems.getTrashedItems()).entries.map((item) => item.name) });
  const items = [];
  let marker;
  do {
    const queryParams = { limit: 2, usemarker: true, marker, direction: 'DESC', sort: 'name' };
    const page = await client.folders.getFolderItems('0', { queryParams });
    items.push(...page.entries.map((item) => item.name));
    marker = page.nextMarker;
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
