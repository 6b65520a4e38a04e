// How a user of box-node-sdk 10 asks another user for consent: it prints JSON lines, and reads the
// URL that their browser was sent to.
//
// It runs beside its own node_modules. Its only argument is a JSON object: see
// `tests/sdk/test_consent.py`.

'use strict';

const assert = require('node:assert');
const { createRequire } = require('node:module');
const { createInterface } = require('node:readline');

const task = JSON.parse(process.argv[2]);
const { BoxClient, BoxDeveloperTokenAuth, BoxOAuth, OAuthConfig } = createRequire(
  `${task.home}/`,
)(task.package);

function client(auth) {
  return new BoxClient({ auth }).withCustomBaseUrls({
    baseUrl: task.url,
    uploadUrl: `${task.url}/api`,
    oauth2Url: `${task.url}/api/oauth2`,
  });
}

const { networkSession } = client(new BoxDeveloperTokenAuth({ token: '' }));

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function answer() {
  return new Promise((resolve) => {
    createInterface({ input: process.stdin }).once('line', resolve);
  });
}

async function say(how, box) {
  tell({ how, login: (await box.users.getUserMe()).login });
}

async function main() {
  const oauth = new BoxOAuth({
    config: new OAuthConfig({ clientId: task.client_id, clientSecret: task.client_secret }),
  });
  const asked = oauth.getAuthorizeUrl({ redirectUri: task.redirect_uri, state: 'a b' });
  tell({ ask: asked.replace('https://account.box.com', task.url) }); // that is built in
  const sent = new URL(await answer()).searchParams;
  assert.equal(sent.get('state'), 'a b');
  await oauth.getTokensAuthorizationCodeGrant(sent.get('code'), networkSession);
  await say('redirect', client(oauth));
  const fresh = await oauth.refreshToken(networkSession);
  await say('refreshed', client(oauth));
  await oauth.revokeToken(networkSession);
  const old = client(new BoxDeveloperTokenAuth({ token: fresh.accessToken }));
  await assert.rejects(old.users.getUserMe());
  tell({ how: 'revoked', login: '' });
  process.exit(0); // standard input is still open
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
