// What a user of dropbox 10 for Node writes who changes files and folders. One JSON line for each
// step; it goes on when it is sent a line.
//
// It runs beside its own node_modules and knows nothing of this project but the host. Its only
// argument is a JSON object with the `host`, a `token` and the `place` to work in.

'use strict';

const { readSync } = require('node:fs');
const { createRequire } = require('node:module');

const task = JSON.parse(process.argv[2]);
const { Dropbox, DropboxResponseError } = createRequire(`${task.home}/`)(task.package);

const client = new Dropbox({ accessToken: task.token, domain: task.host, domainDelimiter: '' });
const { place } = task;

function say(step, metadata, more = {}) {
  const told = metadata ? { id: metadata.id, path: metadata.path_display } : {};
  process.stdout.write(`${JSON.stringify({ step, ...told, ...more })}\n`);
  readSync(0, Buffer.alloc(1));
}

async function refused(step, action) {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof DropboxResponseError)) throw error;
    say(step, null, { error: error.error.error_summary });
  }
}

const entries = (step, result) =>
  say(step, null, { tags: result.entries.map((entry) => entry['.tag']) });

const upload = async (path, contents, more = {}) =>
  (await client.filesUpload({ path: `${place}${path}`, contents, ...more })).result;

const relocation = (from, to) => ({ from_path: `${place}${from}`, to_path: `${place}${to}` });

(async () => {
  const made = await client.filesCreateFolderV2({ path: `${place}/docs` });
  say('create folder', made.result.metadata);
  await refused('create folder again', () =>
    client.filesCreateFolderV2({ path: `${place}/DOCS` }),
  );
  const first = await upload('/docs/a.txt', 'first', { mute: true });
  say('upload', first);
  await refused('upload again', () => upload('/docs/A.txt', 'other'));
  say('the same again', await upload('/docs/a.txt', 'first'));
  say('new version', await upload('/docs/a.txt', 'second', { mode: { '.tag': 'overwrite' } }));
  const update = { mode: { '.tag': 'update', update: first.rev } };
  await refused('update what changed', () => upload('/docs/a.txt', 'x', update));
  say('beside', await upload('/docs/a.txt', 'third', { autorename: true }));
  const move = async (from, to) => (await client.filesMoveV2(relocation(from, to))).result.metadata;
  const copy = async (from, to) => (await client.filesCopyV2(relocation(from, to))).result.metadata;
  say('rename', await move('/docs/a.txt', '/docs/b.txt'));
  say('another case', await move('/docs/b.txt', '/docs/B.txt'));
  const other = await client.filesCreateFolderV2({ path: `${place}/other` });
  say('create another', other.result.metadata);
  say('move', await move('/docs/b.txt', '/other/b.txt'));
  say('copy', await copy('/other/b.txt', '/docs/copy.txt'));
  say('copy folder', await copy('/docs', '/other/docs'));
  const download = async (path) =>
    (await client.filesDownload({ path: `${place}${path}` })).result.fileBinary.toString();
  say('download', null, { content: await download('/docs/copy.txt') });
  await refused('into itself', () => move('/docs', '/docs/docs'));

  const start = async (contents, more = {}) =>
    (await client.filesUploadSessionStart({ contents, ...more })).result.session_id;
  const append = (session_id, offset, contents, close = false) =>
    client.filesUploadSessionAppendV2({ cursor: { session_id, offset }, contents, close });
  const finish = async (session_id, offset, path, contents) => {
    const commit = { path: `${place}${path}` };
    const cursor = { session_id, offset };
    return (await client.filesUploadSessionFinish({ cursor, commit, contents })).result;
  };
  let session = await start('one ');
  await append(session, 4, 'two ');
  await refused('append where it does not end', () => append(session, 4, 'x'));
  say('finish', await finish(session, 8, '/parts.txt', 'three'));
  session = await start('', { session_type: { '.tag': 'concurrent' } });
  await append(session, 0, 'at once', true);
  say('finish at once', await finish(session, 7, '/at once.txt', ''));
  const sessions = [await start('batch', { close: true }), await start('batch', { close: true })];
  const finished = await client.filesUploadSessionFinishBatchV2({
    entries: sessions.map((session_id, index) => ({
      cursor: { session_id, offset: 5 },
      commit: { path: `${place}/batch ${index}.txt` },
    })),
  });
  entries('finish batch', finished.result);
  const folders = await client.filesCreateFolderBatch({
    paths: [`${place}/f 1`, `${place}/f 2`, `${place}/docs`],
  });
  entries('create folders', folders.result);
  const later = await client.filesCreateFolderBatch({ paths: [`${place}/f 3`], force_async: true });
  const { async_job_id } = later.result;
  entries(
    'create folders later',
    (await client.filesCreateFolderBatchCheck({ async_job_id })).result,
  );
  const moves = [relocation('/f 1', '/f 2/f 1'), relocation('/none', '/x')];
  entries('move batch', (await client.filesMoveBatchV2({ entries: moves })).result);
  const copies = [relocation('/f 2', '/f 4')];
  entries('copy batch', (await client.filesCopyBatchV2({ entries: copies })).result);
  const gone = ['/f 2', '/f 3', '/none'].map((path) => ({ path: `${place}${path}` }));
  entries('delete batch', (await client.filesDeleteBatch({ entries: gone })).result);
  const deleted = await client.filesDeleteV2({ path: `${place}/docs/copy.txt` });
  say('delete', deleted.result.metadata);
  await client.filesPermanentlyDelete({ path: `${place}/docs/copy.txt` });
  say('purge what is deleted');
  await client.filesPermanentlyDelete({ path: `${place}/f 4` });
  say('purge at once');
  say('from the root', await upload('/Résumé 🎈.txt', 'rooted'));
  const file = `${place}/other/b.txt`;
  const listed = (await client.filesListRevisions({ path: file })).result.entries;
  say('revisions', null, { sizes: listed.map((entry) => entry.size) });
  const back = (await client.filesRestore({ path: file, rev: first.rev })).result;
  say('restore a revision', back);
  say('delete once more', (await client.filesDeleteV2({ path: file })).result.metadata);
  say('bring back', (await client.filesRestore({ path: file, rev: back.rev })).result);
  say('download the parts', null, { content: await download('/parts.txt') });
  say('end');
})();
