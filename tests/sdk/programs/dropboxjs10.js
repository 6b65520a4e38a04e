// What a user of dropbox 10 for Node writes: follow a whole account, or look around. It prints
// JSON lines.
//
// It runs beside its own node_modules and knows nothing of this project but the host. Its only
// argument is a JSON object: see `tests/sdk/dropbox_followers.py`.

'use strict';

const { createRequire } = require('node:module');
const { setTimeout: sleep } = require('node:timers/promises');

const task = JSON.parse(process.argv[2]);
const { Dropbox, DropboxResponseError } = createRequire(`${task.home}/`)(task.package);

const AWAY = 100; // milliseconds between two tries while the server is away

const options = { accessToken: task.token, domain: task.host, domainDelimiter: '' };
const client = new Dropbox(options);

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function follow() {
  let { cursor } = task;
  for (const [limit, wakes] of task.listings) {
    if (cursor === null) {
      const page = await patiently(() =>
        client.filesListFolder({ path: '', recursive: true, limit }),
      );
      cursor = await tell(page, true);
    }
    let left = wakes === null ? Infinity : wakes;
    while (left > 0) {
      const asked = cursor;
      const polled = await patiently(() =>
        client.filesListFolderLongpoll({ cursor: asked, timeout: 30 }),
      );
      if (polled.changes) {
        cursor = await tell(await goOn(cursor), false);
        left -= 1;
      }
      if (polled.backoff) await sleep(polled.backoff * 1000);
    }
    cursor = null;
  }
}

// Tells of a page and of those after it; the cursor of the last.
async function tell(page, begins) {
  for (;;) {
    say({
      begins,
      entries: page.entries.map(shape),
      cursor: page.cursor,
      has_more: page.has_more,
    });
    if (!page.has_more) return page.cursor;
    begins = false;
    page = await goOn(page.cursor);
  }
}

function goOn(cursor) {
  return patiently(() => client.filesListFolderContinue({ cursor }));
}

// What a call returns: of connections that fail the SDK leaves it to its user.
async function patiently(call) {
  for (;;) {
    try {
      return (await call()).result;
    } catch (error) {
      if (error instanceof DropboxResponseError && error.status < 500) throw error;
      console.error(error.name);
      await sleep(AWAY);
    }
  }
}

async function look() {
  const account = (await client.usersGetCurrentAccount()).result;
  const space = (await client.usersGetSpaceUsage()).result;
  const downloaded = (await client.filesDownload({ path: task.file })).result;
  const nobody = new Dropbox({ ...options, accessToken: "nobody's" });
  say({
    account: {
      account_id: account.account_id,
      name: account.name.display_name,
      email: account.email,
      root: account.root_info.root_namespace_id,
    },
    space: { used: space.used, allocated: space.allocation.allocated },
    echo: (await client.checkUser({ query: 'ping' })).result.result,
    metadata: shape((await client.filesGetMetadata({ path: task.file })).result),
    downloaded: shape({ '.tag': 'file', ...downloaded }),
    content: Buffer.from(downloaded.fileBinary).toString('hex'),
    refused: {
      token: await refused(nobody.usersGetCurrentAccount()),
      path: await refused(client.filesListFolder({ path: '/none' })),
      file: await refused(client.filesListFolder({ path: task.file })),
      root: await refused(client.filesListFolder({ path: '/' })),
      cursor: await refused(client.filesListFolderContinue({ cursor: 'none' })),
      poll: await refused(client.filesListFolderLongpoll({ cursor: 'none' })),
    },
  });
}

// The status of a call that fails, and what the SDK makes of it.
async function refused(call) {
  try {
    await call;
  } catch (error) {
    return [error.status, tags(error.error.error)];
  }
  throw new Error('it was not refused');
}

// The tag of a union, and of what is in it.
function tags(union) {
  if (!union || !union['.tag']) return [];
  return [union['.tag'], ...tags(union[union['.tag']])];
}

function shape(entry) {
  const kind = entry['.tag'];
  const found = { kind, path: entry.path_lower, shown: entry.path_display, name: entry.name };
  if (kind === 'deleted') return found;
  if (kind === 'folder') return { ...found, id: entry.id };
  const { id, rev, size, content_hash: hash = null } = entry;
  return { ...found, id, rev, size, hash };
}

(async () => ({ follow, look })[task.do]())().catch((error) => {
  console.error(error);
  process.exit(1);
});
