-- name: app
SELECT id, enterprise, client_id, secret, name, scopes, service_account, redirect_uris, created_at,
    disabled_at
FROM app WHERE id = ?;

-- name: app_by_client_id
SELECT id, enterprise, client_id, secret, name, scopes, service_account, redirect_uris, created_at,
    disabled_at
FROM app WHERE client_id = ?;

-- name: apps
SELECT id, enterprise, client_id, secret, name, scopes, service_account, redirect_uris, created_at,
    disabled_at
FROM app WHERE enterprise = ? ORDER BY id;

-- name: put_app
INSERT INTO app (
    id, enterprise, client_id, secret, name, scopes, service_account, redirect_uris, created_at,
    disabled_at
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        enterprise = excluded.enterprise,
        client_id = excluded.client_id,
        secret = excluded.secret,
        name = excluded.name,
        scopes = excluded.scopes,
        service_account = excluded.service_account,
        redirect_uris = excluded.redirect_uris,
        created_at = excluded.created_at,
        disabled_at = excluded.disabled_at;

-- name: remove_app
DELETE FROM app WHERE id = ?;

-- name: remove_keys
DELETE FROM public_key WHERE app = ?;

-- name: keys
SELECT app, kid, pem, created_at FROM public_key WHERE app = ? ORDER BY kid;

-- name: put_key
INSERT INTO public_key (app, kid, pem, created_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (app, kid) DO UPDATE SET pem = excluded.pem, created_at = excluded.created_at;

-- name: remove_key
DELETE FROM public_key WHERE app = ? AND kid = ?;

-- name: assertion
SELECT 1 FROM assertion WHERE app = ? AND jti = ?;

-- name: put_assertion
INSERT INTO assertion (app, jti, expires_at) VALUES (?, ?, ?)
    ON CONFLICT (app, jti) DO UPDATE SET expires_at = excluded.expires_at;

-- name: forget_assertions
DELETE FROM assertion WHERE (app, jti) IN (
    SELECT app, jti FROM assertion WHERE expires_at < ? ORDER BY expires_at, app, jti LIMIT ?
);

-- name: password
SELECT user, hashed, set_at FROM password WHERE user = ?;

-- name: put_password
INSERT INTO password (user, hashed, set_at) VALUES (?, ?, ?)
    ON CONFLICT (user) DO UPDATE SET hashed = excluded.hashed, set_at = excluded.set_at;

-- name: code
SELECT digest, app, user, scopes, flow, access_type, redirect_uri, challenge, challenge_method,
    created_at, expires_at, access_grant
FROM code WHERE digest = ?;

-- name: put_code
INSERT INTO code (
    digest, app, user, scopes, flow, access_type, redirect_uri, challenge, challenge_method,
    created_at, expires_at, access_grant
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (digest) DO UPDATE SET
        app = excluded.app,
        user = excluded.user,
        scopes = excluded.scopes,
        flow = excluded.flow,
        access_type = excluded.access_type,
        redirect_uri = excluded.redirect_uri,
        challenge = excluded.challenge,
        challenge_method = excluded.challenge_method,
        created_at = excluded.created_at,
        expires_at = excluded.expires_at,
        access_grant = excluded.access_grant;

-- name: forget_codes
DELETE FROM code WHERE digest IN (
    SELECT digest FROM code WHERE expires_at < ? ORDER BY expires_at, digest LIMIT ?
);

-- name: grant
SELECT id, user, enterprise, app, scopes, created_at, revoked_at, app_id, standing FROM access_grant
WHERE id = ?;

-- name: grants
SELECT id, user, enterprise, app, scopes, created_at, revoked_at, app_id, standing FROM access_grant
WHERE user = ? ORDER BY id;

-- name: grants_of_app
SELECT id, user, enterprise, app, scopes, created_at, revoked_at, app_id, standing FROM access_grant
WHERE app_id = ? ORDER BY id;

-- name: standing_grant
SELECT id, user, enterprise, app, scopes, created_at, revoked_at, app_id, standing FROM access_grant
WHERE user = ? AND app_id = ? AND standing AND revoked_at IS NULL;

-- name: put_grant
INSERT INTO access_grant (
        id, user, enterprise, app, scopes, created_at, revoked_at, app_id, standing
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        user = excluded.user,
        enterprise = excluded.enterprise,
        app = excluded.app,
        scopes = excluded.scopes,
        created_at = excluded.created_at,
        revoked_at = excluded.revoked_at,
        app_id = excluded.app_id,
        standing = excluded.standing;

-- name: token
SELECT id, digest, access_grant, label, created_at, expires_at, revoked_at,
    kind, scopes, item, family, parent, used_at
FROM token WHERE id = ?;

-- name: token_by_digest
SELECT id, digest, access_grant, label, created_at, expires_at, revoked_at,
    kind, scopes, item, family, parent, used_at
FROM token WHERE digest = ?;

-- name: tokens
SELECT token.id, digest, access_grant, label, token.created_at, expires_at, token.revoked_at,
    kind, token.scopes, item, family, parent, used_at
FROM access_grant JOIN token ON token.access_grant = access_grant.id
WHERE access_grant.enterprise = ? ORDER BY token.id;

-- name: tokens_of_grant
SELECT id, digest, access_grant, label, created_at, expires_at, revoked_at,
    kind, scopes, item, family, parent, used_at
FROM token WHERE access_grant = ? ORDER BY id;

-- name: put_token
INSERT INTO token (
    id, digest, access_grant, label, created_at, expires_at, revoked_at,
    kind, scopes, item, family, parent, used_at
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        digest = excluded.digest,
        access_grant = excluded.access_grant,
        label = excluded.label,
        created_at = excluded.created_at,
        expires_at = excluded.expires_at,
        revoked_at = excluded.revoked_at,
        kind = excluded.kind,
        scopes = excluded.scopes,
        item = excluded.item,
        family = excluded.family,
        parent = excluded.parent,
        used_at = excluded.used_at;

-- name: forget_tokens
DELETE FROM token WHERE id IN (
    SELECT id FROM token WHERE expires_at < ? ORDER BY expires_at, id LIMIT ?
);

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
