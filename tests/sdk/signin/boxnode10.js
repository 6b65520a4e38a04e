// Every way in which a user of box-node-sdk 10 signs in: one JSON line each, with who it is then.
//
// It runs beside its own node_modules. Its only argument is a JSON object: see
// `tests/sdk/test_signin.py`.

'use strict';

const assert = require('node:assert');
const { createRequire } = require('node:module');

const task = JSON.parse(process.argv[2]);
const {
  BoxCcgAuth,
  BoxClient,
  BoxDeveloperTokenAuth,
  BoxJwtAuth,
  BoxOAuth,
  CcgConfig,
  JwtConfig,
  OAuthConfig,
} = createRequire(`${task.home}/`)(task.package);

const app = { clientId: task.client_id, clientSecret: task.client_secret };

function client(auth) {
  return new BoxClient({ auth }).withCustomBaseUrls({
    baseUrl: task.url,
    uploadUrl: `${task.url}/api`,
    oauth2Url: `${task.url}/api/oauth2`,
  });
}

const { networkSession } = client(new BoxDeveloperTokenAuth({ token: task.token }));

async function say(how, box) {
  const me = await box.users.getUserMe();
  process.stdout.write(`${JSON.stringify({ how, id: me.id })}\n`);
}

async function isRefused(asked) {
  try {
    await asked();
  } catch (error) {
    // Of a token that is void it says so itself, and that there is no other.
    return [401, 403, 404].includes(error.responseInfo?.statusCode) || /token/i.test(error.message);
  }
  return false;
}

async function main() {
  await say('developer token', client(new BoxDeveloperTokenAuth({ token: task.token })));
  const ccg = (subject) => new BoxCcgAuth({ config: new CcgConfig({ ...app, ...subject }) });
  await say('ccg user', client(ccg({ userId: task.user })));
  const service = client(ccg({ enterpriseId: task.enterprise }));
  await say('ccg enterprise', service);
  const jwt = new BoxJwtAuth({ config: JwtConfig.fromConfigFile(task.config) });
  await say('jwt enterprise', client(jwt));
  const whole = jwt.withUserSubject(task.user);
  await say('jwt user', client(whole));
  await say('as user', service.withAsUserHeader(task.user));

  const oauth = new BoxOAuth({ config: new OAuthConfig(app) });
  await oauth.tokenStorage.store({ accessToken: 'void', refreshToken: task.refresh_token });
  await say('refresh', client(oauth));
  await oauth.refreshToken(networkSession);
  await say('refresh again', client(oauth));

  const resource = `${task.url}/2.0/folders/${task.folder}`;
  const narrow = await whole.downscopeToken(['item_preview'], resource, undefined, networkSession);
  assert.equal(narrow.restrictedTo[0].object.id, task.folder);
  const inside = client(new BoxDeveloperTokenAuth({ token: narrow.accessToken }));
  assert.equal((await inside.folders.getFolderById(task.folder)).id, task.folder);
  assert(await isRefused(() => inside.folders.getFolderById('0')));
  assert(await isRefused(() => inside.events.getEvents()));
  await say('downscoped', client(whole));

  const { accessToken } = await whole.retrieveToken(networkSession);
  await whole.revokeToken(networkSession);
  const old = client(new BoxDeveloperTokenAuth({ token: accessToken }));
  assert(await isRefused(() => old.users.getUserMe()));
  await say('revoked', client(whole)); // signs in again
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
