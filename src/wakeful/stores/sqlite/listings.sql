-- Templates: {where} is what is listed, {key} the column it is sorted by, {way} the direction,
-- {than} the comparison that goes on in that direction.

-- name: from_count
SELECT id, namespace, parent, is_folder, name, key, revision, version, size, sha1, content_hash,
       created_at, modified_at, content_created_at, content_modified_at, created_by, modified_by,
       trashed_at, seen, content, notes
FROM item
WHERE {where}
ORDER BY is_folder DESC, {key} {way}, id {way}
LIMIT :limit OFFSET :start;

-- name: from_spot
-- Of one kind at a time, for then the index leads to the spot.
SELECT id, namespace, parent, is_folder, name, key, revision, version, size, sha1, content_hash,
       created_at, modified_at, content_created_at, content_modified_at, created_by, modified_by,
       trashed_at, seen, content, notes
FROM item
WHERE {where} AND is_folder = :is_folder AND ({key}, id) {than} (:key, :id)
ORDER BY {key} {way}, id {way}
LIMIT :limit;

-- name: of_files
SELECT id, namespace, parent, is_folder, name, key, revision, version, size, sha1, content_hash,
       created_at, modified_at, content_created_at, content_modified_at, created_by, modified_by,
       trashed_at, seen, content, notes
FROM item
WHERE {where} AND is_folder = 0
ORDER BY {key} {way}, id {way}
LIMIT :limit;

-- name: count
SELECT count(*) FROM item WHERE {where};
