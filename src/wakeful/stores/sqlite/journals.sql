-- A subtree is the row at :path and the rows from :path/ up to, not including, :path0
-- ("0" is the character after "/"). Parents stand before children in the order of paths.

-- name: at
SELECT path, number, item, mount, spelling FROM journal WHERE namespace = ? AND path = ?;

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

-- name: drop
UPDATE journal SET number = :head + live.place, item = NULL, mount = NULL, buried_at = :now
FROM (
    SELECT path, row_number() OVER (ORDER BY path) AS place
    FROM (
        SELECT path FROM journal
        WHERE namespace = :namespace AND path = :path AND item IS NOT NULL
        UNION ALL
        SELECT path FROM journal
        WHERE namespace = :namespace AND path >= :path || '/' AND path < :path || '0'
            AND item IS NOT NULL
    )
) AS live
WHERE journal.namespace = :namespace AND journal.path = live.path;

-- name: renumber
-- The live rows of the subtree take new numbers, and stay otherwise.
UPDATE journal SET number = :head + live.place
FROM (
    SELECT path, row_number() OVER (ORDER BY path) AS place
    FROM (
        SELECT path FROM journal
        WHERE namespace = :namespace AND path = :path AND item IS NOT NULL
        UNION ALL
        SELECT path FROM journal
        WHERE namespace = :namespace AND path >= :path || '/' AND path < :path || '0'
            AND item IS NOT NULL
    )
) AS live
WHERE journal.namespace = :namespace AND journal.path = live.path;

-- name: copy_renumbered
-- The second step of a move: the rows that `renumber` has given numbers appear at the new
-- place too, in the same order. The order of the insertion is that of the paths.
INSERT INTO journal (namespace, path, number, item, mount, spelling)
    SELECT :to_namespace, :to_path || substr(path, length(:path) + 1), number + :shift, item, mount,
        iif(path = :path, :spelling, spelling)
    FROM journal
    WHERE namespace = :namespace AND number > :head AND number <= :head + :count
    ORDER BY number
    ON CONFLICT (namespace, path) DO UPDATE SET
        number = excluded.number,
        item = excluded.item,
        mount = excluded.mount,
        spelling = excluded.spelling,
        buried_at = NULL;

-- name: spell
UPDATE journal SET spelling = ? WHERE namespace = ? AND path = ?;

-- name: bury_renumbered
-- The last step of a move: what is left with those numbers becomes tombstones.
UPDATE journal SET item = NULL, mount = NULL, buried_at = :now
WHERE namespace = :namespace AND number > :head AND number <= :head + :count;

-- name: oldest_tombstones
-- In a journal they are as old as their numbers are small.
SELECT namespace, number FROM journal
WHERE buried_at IS NOT NULL AND buried_at < ?
ORDER BY buried_at, namespace, number LIMIT ?;

-- name: remove
DELETE FROM journal WHERE namespace = ? AND number = ?;
