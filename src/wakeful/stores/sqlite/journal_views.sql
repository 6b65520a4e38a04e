-- Rows are walked in the order of their numbers, along an index that has the paths too. So many of
-- them are looked at that a step stays short; those that are not asked for cost no look at the table.

-- name: looked_at
-- The last of :most numbers after :after; none where fewer are left.
SELECT number FROM journal INDEXED BY journal_number
WHERE namespace = :namespace AND number > :after
ORDER BY number LIMIT 1 OFFSET :most - 1;

-- name: everywhere
SELECT path, number, item, mount, spelling FROM journal INDEXED BY journal_number
WHERE namespace = :namespace AND number > :after AND number <= :until
    AND (item IS NOT NULL OR number > :buried_after)
ORDER BY number LIMIT :limit;

-- name: at_top
SELECT path, number, item, mount, spelling FROM journal INDEXED BY journal_number
WHERE namespace = :namespace AND number > :after AND number <= :until
    AND instr(path, '/') = 0
    AND (item IS NOT NULL OR number > :buried_after)
ORDER BY number LIMIT :limit;

-- name: below
SELECT path, number, item, mount, spelling FROM journal INDEXED BY journal_number
WHERE namespace = :namespace AND number > :after AND number <= :until
    AND (path = :under OR (path >= :under || '/' AND path < :under || '0'))
    AND (item IS NOT NULL OR number > :buried_after)
ORDER BY number LIMIT :limit;

-- name: directly_below
SELECT path, number, item, mount, spelling FROM journal INDEXED BY journal_number
WHERE namespace = :namespace AND number > :after AND number <= :until
    AND (path = :under OR (path >= :under || '/' AND path < :under || '0'
                           AND instr(substr(path, length(:under) + 2), '/') = 0))
    AND (item IS NOT NULL OR number > :buried_after)
ORDER BY number LIMIT :limit;

-- name: with_folders
WITH RECURSIVE wanted (id) AS (
    SELECT value FROM json_each(?)
    UNION
    SELECT parent FROM wanted CROSS JOIN item ON item.id = wanted.id WHERE parent IS NOT NULL
)
SELECT item.id, namespace, parent, is_folder, name, key, revision, version, size, sha1,
       content_hash, created_at, modified_at, content_created_at, content_modified_at, created_by,
       modified_by, trashed_at, seen, content, notes
FROM wanted CROSS JOIN item ON item.id = wanted.id;

-- name: mounts_of
-- CROSS keeps the order: by the memberships, which are few, and not through the whole home.
SELECT journal.path, journal.number, journal.item, journal.mount, journal.spelling
FROM user
CROSS JOIN member ON member.user = user.id
CROSS JOIN journal ON journal.namespace = user.home AND journal.path = member.mount_key
WHERE user.id = ? AND journal.mount = member.namespace
ORDER BY journal.mount;
