// What a user of box-node-sdk 10 writes who uploads a large file in parts. One JSON line for each
// step; it goes on when it is sent a line.
//
// It runs beside its own node_modules and knows nothing of this project but the URL. Its arguments:
// the folder of the SDK, the URL of the server, a token, the id of the folder to work in, the file
// to upload.

'use strict';

const fs = require('node:fs');
const { createRequire } = require('node:module');

const [home, url, token, place, path] = process.argv.slice(2);
const sdk = createRequire(`${home}/`)('box-node-sdk');
const client = new sdk.BoxClient({
  auth: new sdk.BoxDeveloperTokenAuth({ token }),
}).withCustomBaseUrls({ baseUrl: url, uploadUrl: `${url}/api`, oauth2Url: `${url}/api/oauth2` });
const chunked = client.chunkedUploads;

function say(step, item, more = {}) {
  const shown = item && { id: item.id, name: item.name, etag: item.etag, sha1: item.sha1 };
  console.log(JSON.stringify({ step, ...shown, ...more }));
  fs.readSync(0, Buffer.alloc(1));
}

async function main() {
  const size = fs.statSync(path).size;
  const file = await chunked.uploadBigFile(fs.createReadStream(path), 'large.bin', size, place);
  say('upload in parts', file);
  const asked = { folderId: place, fileSize: size, fileName: 'slow.bin' };
  const session = await chunked.createFileUploadSession(asked);
  say('session', undefined, { parts: session.totalParts, done: session.numPartsProcessed });
  const listed = await chunked.getFileUploadSessionParts(session.id);
  say('listed', undefined, { parts: listed.entries.map((part) => part.offset) });
  await chunked.deleteFileUploadSessionById(session.id);
  say('given up', undefined, { done: true });
  try {
    await chunked.createFileUploadSession({ ...asked, fileName: 'large.bin' });
  } catch (error) {
    const { statusCode, code } = error.responseInfo;
    say('again', undefined, { status: statusCode, code: code && JSON.parse(code) });
  }
  say('end');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
