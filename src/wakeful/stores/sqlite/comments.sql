-- name: comment
SELECT id, item, reply_to, author, said, is_tagged, created_at, modified_at FROM comment
WHERE id = ?;

-- name: comments
SELECT id, item, reply_to, author, said, is_tagged, created_at, modified_at FROM comment
WHERE item = ? ORDER BY id LIMIT ? OFFSET ?;

-- name: replies
SELECT id, item, reply_to, author, said, is_tagged, created_at, modified_at FROM comment
WHERE reply_to = ? ORDER BY id;

-- name: count_comments
SELECT json_each.value, (SELECT count(*) FROM comment WHERE item = json_each.value)
FROM json_each(?);

-- name: put_comment
INSERT INTO comment (id, item, reply_to, author, said, is_tagged, created_at, modified_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        said = excluded.said,
        is_tagged = excluded.is_tagged,
        modified_at = excluded.modified_at;

-- name: remove_comment
DELETE FROM comment WHERE id = ?;

-- name: remove_below
-- The comments on everything below an item, and on itself.
WITH RECURSIVE subtree (id) AS (
    VALUES (?)
    UNION ALL
    SELECT item.id FROM subtree JOIN item ON item.parent = subtree.id
)
DELETE FROM comment WHERE item IN subtree;
