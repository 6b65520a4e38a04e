// What a user of box-node-sdk 10 writes who talks about files, and shares them by links. One JSON
// line for each step.
//
// It runs beside its own node_modules and knows nothing of this project but the URL. Its arguments:
// the folder of the SDK, the URL of the server, a token, the id of a folder, the id of another user.

'use strict';

const { createRequire } = require('node:module');
const { Readable } = require('node:stream');

const [home, url, token, place, other] = process.argv.slice(2);
const sdk = createRequire(`${home}/`)('box-node-sdk');
const client = new sdk.BoxClient({
  auth: new sdk.BoxDeveloperTokenAuth({ token }),
}).withCustomBaseUrls({ baseUrl: url, uploadUrl: `${url}/api`, oauth2Url: `${url}/api/oauth2` });

const say = (step, more) => console.log(JSON.stringify({ step, ...more }));

async function refused(step, action) {
  try {
    await action();
  } catch (error) {
    const { statusCode, code } = error.responseInfo;
    // The SDK leaves `code` as it stood in the JSON, with its quotes; of a DELETE it reads none.
    say(step, { status: statusCode, code: code && JSON.parse(code) });
  }
}

async function text(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function main() {
  const attributes = { name: 'a.txt', parent: { id: place } };
  const content = Readable.from([Buffer.from('shared')]);
  const file = (await client.uploads.uploadFile({ attributes, file: content })).entries[0];
  say('upload', { id: file.id });
  const told = (step, { message, item, isReplyComment }) =>
    say(step, { message, item: item.id, reply: isReplyComment });
  const tagged = { message: '', taggedMessage: `See this, @[${other}:Pal]` };
  const first = await client.comments.createComment({
    ...tagged,
    item: { id: file.id, type: 'file' },
  });
  told('comment', first);
  const item = { id: first.id, type: 'comment' };
  let second = await client.comments.createComment({ message: 'Seen.', item });
  told('reply', second);
  const requestBody = { message: 'Seen twice.' };
  second = await client.comments.updateCommentById(second.id, { requestBody });
  say('edit comment', { message: second.message });
  const page = await client.comments.getFileComments(file.id);
  say('comments', { messages: page.entries.map((each) => each.message) });
  const fields = { queryParams: { fields: ['comment_count'] } };
  const counted = await client.files.getFileById(file.id, fields);
  say('count', { count: counted.commentCount });
  await client.comments.deleteCommentById(second.id);
  say('delete comment', { done: true });
  await links(file);
}

async function links(file) {
  const shared = { fields: 'shared_link' };
  const ofFiles = client.sharedLinksFiles;
  const wish = { sharedLink: { access: 'open', password: 'open sesame' } };
  const { sharedLink: link } = await ofFiles.addShareLinkToFile(file.id, wish, shared);
  say('link', { url: link.url, access: link.access, closed: link.isPasswordEnabled });
  const boxapi = (password) => `shared_link=${link.url}&shared_link_password=${password}`;
  const byLink = (password) => ofFiles.findFileForSharedLink({}, { boxapi: boxapi(password) });
  const found = await byLink('open sesame');
  const headers = { boxapi: boxapi('open sesame') };
  const stream = await client.downloads.downloadFile(found.id, { headers });
  say('by link', { id: found.id, content: await text(stream) });
  await refused('by link without', () => byLink('wrong'));
  const company = { sharedLink: { access: 'company' } };
  const ofFolders = client.sharedLinksFolders;
  const folder = await ofFolders.addShareLinkToFolder(place, company, shared);
  say('url', { url: folder.sharedLink.url });
  await ofFiles.removeSharedLinkFromFile(file.id, { sharedLink: null }, shared);
  say('unlink', { done: true });
  await refused('by no link', () => byLink(''));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
