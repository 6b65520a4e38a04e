-- name: page
-- An entry whose event is missing comes with NULLs, so that the damage is seen.
SELECT entry.number, entry.event, event.version, event.checksum, event.body
FROM entry LEFT JOIN event ON event.key = entry.event
WHERE entry.stream = ? AND entry.number > ? AND entry.number <= ? AND entry.classes & ?
ORDER BY entry.number LIMIT ?;

-- name: last_key
SELECT last_key FROM meta;

-- name: is_enterprise
SELECT count(*) FROM enterprise WHERE id = ?;

-- name: put_event
INSERT INTO event (key, recorded_at, version, streams, checksum, body) VALUES (?, ?, ?, ?, ?, ?);

-- name: put_entry
INSERT INTO entry (stream, number, event, classes) VALUES (?, ?, ?, ?);

-- name: event_from
SELECT key, recorded_at FROM event WHERE key >= ? ORDER BY key LIMIT 1;

-- name: oldest_key
SELECT min(oldest) FROM stream WHERE kind = ? AND oldest IS NOT NULL;

-- name: streams_to_trim
SELECT id FROM stream WHERE kind = ? AND oldest <= ? ORDER BY oldest, id LIMIT ?;

-- name: oldest_entries
SELECT number, event FROM entry WHERE stream = ? ORDER BY number LIMIT ?;

-- name: remove_entries
DELETE FROM entry WHERE stream = ? AND number <= ?;

-- name: show_less
UPDATE event SET streams = streams - 1 WHERE key = ?;

-- name: remove_unseen
DELETE FROM event WHERE key = ? AND streams = 0;
