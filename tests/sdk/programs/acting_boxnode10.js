// What a user of box-node-sdk 10 writes who changes files and folders. One JSON line for each step; it
// goes on when it is sent a line.
//
// It runs beside its own node_modules and knows nothing of this project but the URL. Its arguments:
// the folder of the SDK, the URL of the server, a token, the id of the folder to work in.

'use strict';

const { readSync } = require('node:fs');
const { createRequire } = require('node:module');
const { Readable } = require('node:stream');

const [home, url, token, place] = process.argv.slice(2);
const sdk = createRequire(`${home}/`)('box-node-sdk');
const client = new sdk.BoxClient({
  auth: new sdk.BoxDeveloperTokenAuth({ token }),
}).withCustomBaseUrls({ baseUrl: url, uploadUrl: `${url}/api`, oauth2Url: `${url}/api/oauth2` });

function say(step, item, more = {}) {
  const shown = item && { id: item.id, name: item.name, etag: item.etag, parent: item.parent.id };
  console.log(JSON.stringify({ step, ...shown, ...more }));
  readSync(0, Buffer.alloc(1));
}

async function refused(step, action) {
  try {
    await action();
  } catch (error) {
    const { statusCode, code, contextInfo } = error.responseInfo;
    // The SDK leaves `code` as it stood in the JSON, with its quotes; of a DELETE it reads none.
    const told = code && JSON.parse(code);
    say(step, undefined, { status: statusCode, code: told, context: contextInfo });
  }
}

const create = (name) => client.folders.createFolder({ name, parent: { id: place } });
const content = (text) => Readable.from([Buffer.from(text)]);

async function upload(parent, name, text) {
  const attributes = { name, parent: { id: parent } };
  return (await client.uploads.uploadFile({ attributes, file: content(text) })).entries[0];
}

async function text(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function main() {
  let docs = await create('docs');
  say('create folder', docs);
  await refused('create folder again', () => create('docs'));
  let file = await upload(docs.id, 'a.txt', 'first');
  say('upload', file);
  await refused('upload again', () => upload(docs.id, 'a.txt', 'x'));
  const check = (name) =>
    client.uploads.preflightFileUploadCheck({ name, size: 5, parent: { id: docs.id } });
  await refused('check', () => check('a.txt'));
  say('may upload', undefined, { url: (await check('b.txt')).uploadUrl });
  const version = { attributes: { name: 'a.txt' }, file: content('second') };
  const match = (etag) => ({ headers: { ifMatch: etag } });
  file = (await client.uploads.uploadFileVersion(file.id, version, match(file.etag))).entries[0];
  say('new version', file);
  const update = (body, etag) =>
    client.files.updateFileById(file.id, { requestBody: body, ...(etag ? match(etag) : {}) });
  file = await update({ name: 'b.txt' }, file.etag);
  say('rename', file);
  await refused('rename what changed', () => update({ name: 'c' }, '0'));
  const other = await create('other');
  say('create another', other);
  file = await update({ parent: { id: other.id } });
  say('move', file);
  const copied = await client.files.copyFile(file.id, {
    parent: { id: docs.id },
    name: 'copy.txt',
  });
  say('copy', copied);
  const parent = { id: other.id };
  say('copy folder', await client.folders.copyFolder(docs.id, { parent }));
  const stream = await client.downloads.downloadFile(copied.id);
  say('download', undefined, { content: await text(stream) });
  file = await update({ description: 'mine' });
  say('describe', file);
  file = await update({ tags: ['one'] });
  say('tag', file);
  const item = { id: file.id, type: 'file' };
  const comment = await client.comments.createComment({ message: 'Good.', item });
  say('comment');
  await client.comments.updateCommentById(comment.id, { requestBody: { message: 'Better.' } });
  say('edit the comment');
  await client.comments.deleteCommentById(comment.id);
  say('delete the comment');
  file = await update({ lock: { access: 'lock' } });
  say('lock', file);
  file = await update({ lock: null });
  say('unlock', file);
  const links = client.sharedLinksFiles;
  const queryParams = { fields: 'shared_link' };
  await links.addShareLinkToFile(file.id, { sharedLink: { access: 'open' } }, queryParams);
  say('share');
  await links.removeSharedLinkFromFile(file.id, { sharedLink: null }, queryParams);
  say('unshare');
  const earlier = (await client.fileVersions.getFileVersions(file.id)).entries;
  const requestBody = { id: earlier[0].id, type: 'file_version' };
  await client.fileVersions.promoteFileVersion(file.id, { requestBody });
  say('promote a version', undefined, { versions: earlier.length });
  await client.files.deleteFileById(file.id);
  say('trash');
  file = await client.trashedFiles.restoreFileFromTrash(file.id);
  say('restore', file);
  await client.files.deleteFileById(file.id);
  say('trash again');
  await client.trashedFiles.deleteTrashedFileById(file.id);
  say('purge');
  docs = await client.folders.updateFolderById(docs.id, { requestBody: { name: 'papers' } });
  say('rename folder', docs);
  docs = await client.folders.updateFolderById(docs.id, { requestBody: { parent } });
  say('move folder', docs);
  await client.folders.updateFolderById(docs.id, { requestBody: { syncState: 'synced' } });
  say('sync folder');
  await refused('trash what is not empty', () => client.folders.deleteFolderById(docs.id));
  await client.folders.deleteFolderById(docs.id, { queryParams: { recursive: true } });
  say('trash folder');
  say('restore folder', await client.trashedFolders.restoreFolderFromTrash(docs.id));
  await client.folders.deleteFolderById(docs.id, { queryParams: { recursive: true } });
  say('trash folder again');
  await client.trashedFolders.deleteTrashedFolderById(docs.id);
  say('purge folder');
  say('end');
}

main();
