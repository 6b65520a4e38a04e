-- A subtree is the row at :path and the rows from :path/ up to, not including, :path0
-- ("0" is the character after "/"). Parents stand before children in the order of paths.

-- name: at
SELECT path, number, item, mount, spelling FROM journal WHERE namespace = ? AND path = ?;

-- name: at_any
SELECT journal.path, number, item, mount, spelling
FROM json_each(?) CROSS JOIN journal ON namespace = ? AND journal.path = json_each.value;

-- name: page
SELECT path, number, item, mount, spelling FROM journal
WHERE namespace = ? AND number > ?
ORDER BY number LIMIT ?;

-- name: put
INSERT INTO journal (namespace, path, number, item, mount, spelling) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (namespace, path) DO UPDATE SET
        number = excluded.number,
        item = excluded.item,
        mount = excluded.mount,
        spelling = excluded.spelling,
        buried_at = NULL;

-- name: gather
-- The live rows of a subtree, in the order of their paths: `rank` begins at 1.
INSERT INTO temp.subtree (path, item, mount, spelling)
    SELECT path, item, mount, spelling
    FROM (
        SELECT path, item, mount, spelling FROM journal
        WHERE namespace = :namespace AND path = :path AND item IS NOT NULL
        UNION ALL
        SELECT path, item, mount, spelling FROM journal
        WHERE namespace = :namespace AND path >= :path || '/' AND path < :path || '0'
            AND item IS NOT NULL
    )
    ORDER BY path;

-- name: bury
-- Where they were is a tombstone now, with a number behind :head and the spelling that it had.
INSERT INTO journal (namespace, path, number, buried_at)
    SELECT :namespace, path, :head + rank, :now FROM temp.subtree WHERE true ORDER BY rank
    ON CONFLICT (namespace, path) DO UPDATE SET
        number = excluded.number,
        item = NULL,
        mount = NULL,
        buried_at = excluded.buried_at;

-- name: place
-- They stand at :to_path instead of :path, or there as before, with a number behind :head. The
-- top of them has a new spelling.
INSERT INTO journal (namespace, path, number, item, mount, spelling)
    SELECT :to_namespace, :to_path || substr(path, length(:path) + 1), :head + rank, item, mount,
        iif(path = :path, :spelling, spelling)
    FROM temp.subtree WHERE true ORDER BY rank
    ON CONFLICT (namespace, path) DO UPDATE SET
        number = excluded.number,
        item = excluded.item,
        mount = excluded.mount,
        spelling = excluded.spelling,
        buried_at = NULL;

-- name: forget
DELETE FROM temp.subtree;

-- name: oldest_tombstones
-- In a journal they are as old as their numbers are small.
SELECT namespace, number FROM journal
WHERE buried_at IS NOT NULL AND buried_at < ?
ORDER BY buried_at, namespace, number LIMIT ?;

-- name: remove
DELETE FROM journal WHERE namespace = ? AND number = ?;
