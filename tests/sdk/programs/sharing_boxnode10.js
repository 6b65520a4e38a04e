// What a user of box-node-sdk 10 writes who works on files with others. One JSON line for each step;
// it goes on when it is sent a line.
//
// It runs beside its own node_modules and knows nothing of this project but the URL. Its arguments:
// the folder of the SDK, the URL of the server, a token, the id of a folder at the top, the id and
// the login of another user.

'use strict';

const { readSync } = require('node:fs');
const { createRequire } = require('node:module');

const [home, url, token, place, other, login] = process.argv.slice(2);
const sdk = createRequire(`${home}/`)('box-node-sdk');
const client = new sdk.BoxClient({
  auth: new sdk.BoxDeveloperTokenAuth({ token }),
}).withCustomBaseUrls({ baseUrl: url, uploadUrl: `${url}/api`, oauth2Url: `${url}/api/oauth2` });

function say(step, more) {
  console.log(JSON.stringify({ step, ...more }));
  readSync(0, Buffer.alloc(1));
}

function collaboration(step, made) {
  const { role, status, item } = made;
  say(step, { role, who: made.accessibleBy.login, item: item.id, status });
}

async function refused(step, action) {
  try {
    await action();
  } catch (error) {
    const { statusCode, code } = error.responseInfo;
    // The SDK leaves `code` as it stood in the JSON, with its quotes; of a DELETE it reads none.
    say(step, { status: statusCode, code: code && JSON.parse(code) });
  }
}

async function main() {
  const people = client.userCollaborations;
  const invite = (role, who) => {
    const wish = { item: { type: 'folder', id: place }, accessibleBy: { type: 'user', ...who }, role };
    return people.createCollaboration(wish, { queryParams: { notify: true } });
  };
  let made = await invite('viewer', { id: other });
  collaboration('invite', made);
  await refused('invite again', () => invite('editor', { login }));
  await refused('invite nobody', () => invite('viewer', { login: 'zoe@example.com' }));
  made = await people.updateCollaborationById(made.id, { requestBody: { role: 'editor' } });
  collaboration('change role', made);
  collaboration('read', await people.getCollaborationById(made.id));
  const found = await client.listCollaborations.getFolderCollaborations(place);
  say('list', { logins: found.entries.map((each) => each.accessibleBy.login) });
  const waiting = await client.listCollaborations.getCollaborations({ status: 'pending' });
  say('pending', { count: waiting.entries.length });
  await people.deleteCollaborationById(made.id);
  say('remove', { done: true });
  collaboration('invite by login', await invite('viewer uploader', { login }));
  say('end');
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
