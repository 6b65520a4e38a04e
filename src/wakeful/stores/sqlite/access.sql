-- name: grant
SELECT id, user, enterprise, app, scopes, created_at, revoked_at FROM access_grant WHERE id = ?;

-- name: grants
SELECT id, user, enterprise, app, scopes, created_at, revoked_at FROM access_grant
WHERE user = ? ORDER BY id;

-- name: put_grant
INSERT INTO access_grant (id, user, enterprise, app, scopes, created_at, revoked_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        user = excluded.user,
        enterprise = excluded.enterprise,
        app = excluded.app,
        scopes = excluded.scopes,
        created_at = excluded.created_at,
        revoked_at = excluded.revoked_at;

-- name: token
SELECT id, digest, access_grant, label, created_at, expires_at, revoked_at FROM token
WHERE id = ?;

-- name: token_by_digest
SELECT id, digest, access_grant, label, created_at, expires_at, revoked_at FROM token
WHERE digest = ?;

-- name: tokens
SELECT token.id, digest, access_grant, label, token.created_at, expires_at, token.revoked_at
FROM access_grant JOIN token ON token.access_grant = access_grant.id
WHERE access_grant.enterprise = ? ORDER BY token.id;

-- name: put_token
INSERT INTO token (id, digest, access_grant, label, created_at, expires_at, revoked_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        digest = excluded.digest,
        access_grant = excluded.access_grant,
        label = excluded.label,
        created_at = excluded.created_at,
        expires_at = excluded.expires_at,
        revoked_at = excluded.revoked_at;

-- name: remembered
SELECT digest, answer FROM remembered WHERE access_grant = ? AND key = ?;

-- name: remember
INSERT INTO remembered (access_grant, key, at, digest, answer) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (access_grant, key) DO UPDATE SET
        at = excluded.at,
        digest = excluded.digest,
        answer = excluded.answer;

-- name: forget
DELETE FROM remembered WHERE (access_grant, key) IN (
    SELECT access_grant, key FROM remembered WHERE at < ? ORDER BY at LIMIT ?
);

-- name: setting
SELECT value FROM setting WHERE name = ?;

-- name: put_setting
INSERT INTO setting (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: remove_setting
DELETE FROM setting WHERE name = ?;
