-- name: any_table
SELECT count(*) FROM sqlite_schema;

-- name: first_meta
-- Epoch 0 is none: the first opening draws one.
INSERT INTO meta (one, identity, epoch, copied, clock, last_id, last_key, commits)
    VALUES (1, ?, 0, 0, 0, ?, 0, 0);

-- name: read_meta
SELECT identity, epoch, copied, clock, last_id, last_key, commits FROM meta;

-- name: set_epoch
UPDATE meta SET epoch = ?, copied = 0;

-- name: mark_as_copy
UPDATE meta SET copied = 1;

-- name: count_commit
UPDATE meta SET clock = ?, last_id = ?, last_key = ?, commits = ?;

-- name: scratch
-- Where the writer keeps the subtree that it moves.
CREATE TEMP TABLE IF NOT EXISTS subtree (
    rank INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    item INTEGER NOT NULL,
    mount INTEGER,
    spelling TEXT
) STRICT;
