-- name: page
-- An entry whose event is missing comes with NULLs, so that the damage is seen.
SELECT entry.number, entry.event, event.version, event.checksum, event.body
FROM entry LEFT JOIN event ON event.key = entry.event
WHERE entry.stream = ? AND entry.number > ? AND entry.number <= ? AND entry.classes & ?
ORDER BY entry.number LIMIT ?;

-- name: page_of_type
SELECT entry.number, entry.event, event.version, event.checksum, event.body
FROM entry INDEXED BY entry_by_type LEFT JOIN event ON event.key = entry.event
WHERE entry.stream = ? AND entry.type = ? AND entry.number > ? AND entry.number <= ?
ORDER BY entry.number;

-- name: timeline
SELECT entry.at, entry.number, entry.event, event.version, event.checksum, event.body
FROM entry INDEXED BY entry_by_time LEFT JOIN event ON event.key = entry.event
WHERE entry.stream = ? AND (entry.at, entry.number) > (?, ?) AND entry.at < ?
ORDER BY entry.at, entry.number;

-- name: timeline_of_type
SELECT entry.at, entry.number, entry.event, event.version, event.checksum, event.body
FROM entry INDEXED BY entry_by_type_and_time LEFT JOIN event ON event.key = entry.event
WHERE entry.stream = ? AND entry.type = ?
    AND (entry.at, entry.number) > (?, ?) AND entry.at < ?
ORDER BY entry.at, entry.number;

-- name: oldest_time
SELECT at, number FROM entry INDEXED BY entry_by_time
WHERE stream = ? AND at IS NOT NULL ORDER BY at, number LIMIT 1;

-- name: newest_time
SELECT at, number FROM entry INDEXED BY entry_by_time
WHERE stream = ? AND at < ? ORDER BY at DESC, number DESC LIMIT 1;

-- name: time_of
SELECT at FROM entry WHERE stream = ? AND number = ?;

-- name: recorded_at
SELECT event.recorded_at FROM entry JOIN event ON event.key = entry.event
WHERE entry.stream = ? AND entry.number = ?;

-- name: type_id
SELECT id FROM event_type WHERE name = ?;

-- name: last_type_id
SELECT coalesce(max(id), 0) FROM event_type;

-- name: put_type
INSERT INTO event_type (id, name) VALUES (?, ?);

-- name: last_key
SELECT last_key FROM meta;

-- name: is_enterprise
SELECT count(*) FROM enterprise WHERE id = ?;

-- name: put_event
INSERT INTO event (key, recorded_at, version, streams, checksum, body) VALUES (?, ?, ?, ?, ?, ?);

-- name: put_entry
INSERT INTO entry (stream, number, event, classes, type, at) VALUES (?, ?, ?, ?, ?, ?);

-- name: event_from
SELECT key, recorded_at FROM event WHERE key >= ? ORDER BY key LIMIT 1;

-- name: recorded
SELECT recorded_at FROM event WHERE key = ?;

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
