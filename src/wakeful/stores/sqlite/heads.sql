-- name: stream
SELECT kind, head_all, head_changes, head_sync, trimmed, trimmed_at, oldest
FROM stream WHERE id = ?;

-- name: put_stream
INSERT INTO stream (id, kind, head_all, head_changes, head_sync, trimmed, trimmed_at, oldest)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        head_all = excluded.head_all,
        head_changes = excluded.head_changes,
        head_sync = excluded.head_sync,
        trimmed = excluded.trimmed,
        trimmed_at = excluded.trimmed_at,
        oldest = excluded.oldest;

-- name: grow_stream
-- The index by what is oldest need not be written.
UPDATE stream SET head_all = ?, head_changes = ?, head_sync = ? WHERE id = ?;

-- name: journal
SELECT head, trimmed FROM journal_head WHERE namespace = ?;

-- name: put_journal
INSERT INTO journal_head (namespace, head, trimmed) VALUES (?, ?, ?)
    ON CONFLICT (namespace) DO UPDATE SET head = excluded.head, trimmed = excluded.trimmed;
