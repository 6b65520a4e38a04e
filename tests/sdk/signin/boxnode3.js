// Every way in which a user of box-node-sdk 3 signs in: one JSON line each, with who it is then.
//
// It runs beside its own node_modules. Its only argument is a JSON object: see
// `tests/sdk/test_signin.py`.

'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const { createRequire } = require('node:module');

const task = JSON.parse(process.argv[2]);
const sdks = createRequire(`${task.home}/`)(task.package);
const BoxSDK = sdks.default ?? sdks; // box-node-sdk 4 has it as the default of a module

const place = {
  apiRootURL: task.url,
  uploadAPIRootURL: `${task.url}/api`,
  authorizeRootURL: `${task.url}/api`,
  request: { agentClass: http.Agent }, // its own agent speaks https only
};
const sdk = new BoxSDK({
  clientID: task.client_id,
  clientSecret: task.client_secret,
  enterpriseID: task.enterprise,
  ...place,
});
const configured = BoxSDK.getPreconfiguredInstance(JSON.parse(fs.readFileSync(task.config)));
configured.configure(place);

async function say(how, client) {
  const me = await client.users.get('me');
  process.stdout.write(`${JSON.stringify({ how, id: me.id })}\n`);
}

async function isRefused(asked) {
  try {
    await asked();
  } catch (error) {
    return [401, 403, 404].includes(error.statusCode);
  }
  return false;
}

async function main() {
  await say('developer token', sdk.getBasicClient(task.token));
  await say('ccg user', sdk.getCCGClientForUser(task.user));
  const service = sdk.getAnonymousClient();
  await say('ccg enterprise', service);
  await say('jwt enterprise', configured.getAppAuthClient('enterprise'));
  const whole = configured.getAppAuthClient('user', task.user);
  await say('jwt user', whole);
  service.asUser(task.user);
  await say('as user', service);

  const first = await sdk.getTokensRefreshGrant(task.refresh_token);
  await say('refresh', sdk.getPersistentClient(first));
  await say('refresh again', sdk.getPersistentClient({ ...first, accessTokenTTLMS: 1 }));

  const resource = `${task.url}/2.0/folders/${task.folder}`;
  const narrow = await whole.exchangeToken(['item_preview'], resource);
  const inside = sdk.getBasicClient(narrow.accessToken);
  assert.equal((await inside.folders.get(task.folder)).id, task.folder);
  assert(await isRefused(() => inside.folders.get('0')));
  assert(await isRefused(() => inside.events.get({})));
  await say('downscoped', whole);

  const tokens = await configured.getAppUserTokens(task.user);
  await configured.revokeTokens(tokens.accessToken);
  assert(await isRefused(() => sdk.getBasicClient(tokens.accessToken).users.get('me')));
  await say('revoked', whole);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
