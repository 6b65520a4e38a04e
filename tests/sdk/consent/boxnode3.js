// How a user of box-node-sdk 3 asks another user for consent: it prints JSON lines, and reads the
// URL that their browser was sent to.
//
// It runs beside its own node_modules. Its only argument is a JSON object: see
// `tests/sdk/test_consent.py`.

'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { createRequire } = require('node:module');
const { createInterface } = require('node:readline');

const task = JSON.parse(process.argv[2]);
const sdks = createRequire(`${task.home}/`)(task.package);
const BoxSDK = sdks.default ?? sdks; // box-node-sdk 4 has it as the default of a module

const sdk = new BoxSDK({
  clientID: task.client_id,
  clientSecret: task.client_secret,
  apiRootURL: task.url,
  uploadAPIRootURL: `${task.url}/api`,
  authorizeRootURL: `${task.url}/api`,
  request: { agentClass: http.Agent }, // its own agent speaks https only
});

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function answer() {
  return new Promise((resolve) => {
    createInterface({ input: process.stdin }).once('line', resolve);
  });
}

async function say(how, tokens) {
  tell({ how, login: (await sdk.getBasicClient(tokens.accessToken).users.get('me')).login });
}

async function main() {
  tell({
    ask: sdk.getAuthorizeURL({
      response_type: 'code',
      redirect_uri: task.redirect_uri,
      state: 'a b',
    }),
  });
  const sent = new URL(await answer()).searchParams;
  assert.equal(sent.get('state'), 'a b');
  const tokens = await sdk.getTokensAuthorizationCodeGrant(sent.get('code'));
  await say('redirect', tokens);
  const fresh = await sdk.getTokensRefreshGrant(tokens.refreshToken);
  await say('refreshed', fresh);
  await sdk.revokeTokens(fresh.refreshToken);
  await assert.rejects(sdk.getBasicClient(fresh.accessToken).users.get('me'));
  tell({ how: 'revoked', login: '' });
  process.exit(0); // standard input is still open
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
