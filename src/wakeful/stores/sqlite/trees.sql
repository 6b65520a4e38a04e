-- name: item
SELECT id, namespace, parent, is_folder, name, key, revision, version, size, sha1, content_hash,
       created_at, modified_at, content_created_at, content_modified_at, created_by, modified_by,
       trashed_at, seen, content, notes
FROM item WHERE id = ?;

-- name: child_by_name
-- The index holds folders and files apart, so both are looked for. Names are unique among
-- them, so there is nothing to order: a sorter for one row would cost thirty times the search.
SELECT id, namespace, parent, is_folder, name, key, revision, version, size, sha1, content_hash,
       created_at, modified_at, content_created_at, content_modified_at, created_by, modified_by,
       trashed_at, seen, content, notes
FROM item
WHERE parent = ? AND trashed_at IS NULL AND is_folder IN (0, 1) AND name = ?
LIMIT 1;

-- name: children_by_name
SELECT item.id, namespace, item.parent, is_folder, name, item.key, revision, version, size, sha1,
       content_hash, created_at, modified_at, content_created_at, content_modified_at, created_by,
       modified_by, trashed_at, seen, content, notes
FROM json_each(?) CROSS JOIN item
    ON item.parent = ? AND trashed_at IS NULL AND is_folder IN (0, 1) AND name = json_each.value;

-- name: lineage
WITH RECURSIVE line (id, parent, depth) AS (
    SELECT id, parent, 0 FROM item WHERE id = ?
    UNION ALL
    SELECT item.id, item.parent, line.depth + 1 FROM line JOIN item ON item.id = line.parent
)
SELECT item.id, namespace, item.parent, is_folder, name, key, revision, version, size, sha1,
       content_hash, created_at, modified_at, content_created_at, content_modified_at, created_by,
       modified_by, trashed_at, seen, content, notes
FROM line CROSS JOIN item ON item.id = line.id
ORDER BY line.depth DESC;

-- name: items_of
SELECT id, namespace, parent, is_folder, name, key, revision, version, size, sha1, content_hash,
       created_at, modified_at, content_created_at, content_modified_at, created_by, modified_by,
       trashed_at, seen, content, notes
FROM item
WHERE namespace = ? AND trashed_at IS NULL AND id > ?
ORDER BY id LIMIT ?;

-- name: named_contents
-- One look each: a content may have any number of items.
SELECT json_each.value FROM json_each(?)
WHERE EXISTS (SELECT 1 FROM item INDEXED BY item_content
              WHERE content = json_each.value AND content != '')
   OR EXISTS (SELECT 1 FROM version INDEXED BY version_content WHERE content = json_each.value);

-- name: version
SELECT item, id, size, sha1, content_hash, content_created_at, content_modified_at, modified_at,
       modified_by, content, replaced_at
FROM version WHERE item = ? AND id = ?;

-- name: versions_of
SELECT item, id, size, sha1, content_hash, content_created_at, content_modified_at, modified_at,
       modified_by, content, replaced_at
FROM version WHERE item = ? AND id < ?
ORDER BY id DESC LIMIT ?;

-- name: put_version
INSERT OR REPLACE INTO version
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: oldest_versions
SELECT item, id FROM version INDEXED BY version_age
WHERE replaced_at < ?
ORDER BY replaced_at LIMIT ?;

-- name: remove_version
DELETE FROM version WHERE item = ? AND id = ?;

-- name: trashed_before
SELECT id, namespace, parent, is_folder, name, key, revision, version, size, sha1, content_hash,
       created_at, modified_at, content_created_at, content_modified_at, created_by, modified_by,
       trashed_at, seen, content, notes
FROM item INDEXED BY item_trashed
WHERE trashed_at IS NOT NULL AND trashed_at < ? AND (trashed_at, id) > (?, ?)
ORDER BY trashed_at, id LIMIT ?;

-- name: space_used
SELECT used FROM space WHERE namespace = ?;

-- name: space_of
SELECT namespace.owner, namespace.id, coalesce(space.used, 0)
FROM json_each(?)
CROSS JOIN namespace ON namespace.owner = json_each.value
LEFT JOIN space ON space.namespace = namespace.id
ORDER BY namespace.id;

-- name: size_below
WITH RECURSIVE subtree (id, size) AS (
    SELECT id, size FROM item WHERE id = ?
    UNION ALL
    SELECT item.id, item.size FROM subtree JOIN item ON item.parent = subtree.id
)
SELECT coalesce(sum(size), 0) FROM subtree;

-- name: put_item
INSERT INTO item (id, namespace, parent, is_folder, name, key, revision, version, size, sha1,
                  content_hash, created_at, modified_at, content_created_at, content_modified_at,
                  created_by, modified_by, trashed_at, seen, content, notes)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        namespace = excluded.namespace,
        parent = excluded.parent,
        is_folder = excluded.is_folder,
        name = excluded.name,
        key = excluded.key,
        revision = excluded.revision,
        version = excluded.version,
        size = excluded.size,
        sha1 = excluded.sha1,
        content_hash = excluded.content_hash,
        created_at = excluded.created_at,
        modified_at = excluded.modified_at,
        content_created_at = excluded.content_created_at,
        content_modified_at = excluded.content_modified_at,
        created_by = excluded.created_by,
        modified_by = excluded.modified_by,
        trashed_at = excluded.trashed_at,
        seen = excluded.seen,
        content = excluded.content,
        notes = excluded.notes;

-- name: change_item
-- Of an item that stays where it is: the indexes by place need not be written. Most items that
-- change do stay.
UPDATE item SET
    key = ?, revision = ?, version = ?, size = ?, sha1 = ?, content_hash = ?, created_at = ?,
    modified_at = ?, content_created_at = ?, content_modified_at = ?, created_by = ?,
    modified_by = ?, seen = ?, content = ?, notes = ?
WHERE id = ? AND namespace = ? AND parent IS ? AND is_folder = ? AND name = ? AND trashed_at IS ?
RETURNING id;

-- name: remove_versions_below
WITH RECURSIVE subtree (id) AS (
    VALUES (?)
    UNION ALL
    SELECT item.id FROM subtree JOIN item ON item.parent = subtree.id
)
DELETE FROM version WHERE item IN subtree;

-- name: remove_subtree
WITH RECURSIVE subtree (id) AS (
    VALUES (?)
    UNION ALL
    SELECT item.id FROM subtree JOIN item ON item.parent = subtree.id
)
DELETE FROM item WHERE id IN subtree;

-- name: rehome_subtree
WITH RECURSIVE below (id) AS (
    SELECT id FROM item WHERE parent = :item
    UNION ALL
    SELECT item.id FROM below JOIN item ON item.parent = below.id
)
UPDATE item SET namespace = :namespace WHERE id IN below;
