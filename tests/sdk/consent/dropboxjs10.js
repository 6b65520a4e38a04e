// How a user of dropbox 10 for Node asks another user for consent: it prints JSON lines, and reads
// the code, or the URL that the browser was sent to.
//
// It runs beside its own node_modules. Its only argument is a JSON object: see
// `tests/sdk/test_consent.py`.

'use strict';

const assert = require('node:assert');
const { createRequire } = require('node:module');
const { createInterface } = require('node:readline');

const task = JSON.parse(process.argv[2]);
const { Dropbox, DropboxAuth } = createRequire(`${task.home}/`)(task.package);

// Its hosts are built in, for sign-in behind another domain, too.
const here = (url) => url.replace(/^https:\/\/[^/]+/, task.url);
const place = { fetch: (url, options) => fetch(here(url), options) };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function asked(auth, redirectUri, ...options) {
  tell({ ask: here(await auth.getAuthenticationUrl(redirectUri, 'state', 'code', ...options)) });
  const { value } = await lines.next();
  if (!redirectUri) return (await auth.getAccessTokenFromCode(undefined, value)).result;
  const sent = new URL(value).searchParams;
  assert.equal(sent.get('state'), 'state');
  return (await auth.getAccessTokenFromCode(redirectUri, sent.get('code'))).result;
}

async function say(how, box) {
  tell({ how, login: (await box.usersGetCurrentAccount()).result.email });
}

async function main() {
  const whole = { clientId: task.client_id, clientSecret: task.client_secret, ...place };
  const open = { clientId: task.public_id, ...place };

  let told = await asked(new DropboxAuth(whole), undefined, 'online');
  await say('pasted', new Dropbox({ accessToken: told.access_token, ...place }));
  const scopes = ['account_info.read', 'files.metadata.read'];
  const ways = ['offline', scopes, 'none', true];
  told = await asked(new DropboxAuth(open), task.redirect_uri, ...ways);
  await say('redirected, with PKCE', new Dropbox({ accessToken: told.access_token, ...place }));
  const box = new Dropbox({ ...open, refreshToken: told.refresh_token });
  await say('refreshed', box); // by itself, as it has no access token
  await box.authTokenRevoke();
  const again = new Dropbox({ ...open, refreshToken: told.refresh_token });
  await assert.rejects(again.usersGetCurrentAccount());
  tell({ how: 'revoked', login: '' });
  process.exit(0); // standard input is still open
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
