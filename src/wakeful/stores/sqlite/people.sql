-- name: enterprises
SELECT id, name, created_at FROM enterprise ORDER BY id;

-- name: put_enterprise
INSERT INTO enterprise (id, name, created_at) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, created_at = excluded.created_at;

-- name: user
SELECT id, enterprise, login, name, is_admin, home, created_at, disabled_at, app, quota FROM user
WHERE id = ?;

-- name: user_by_login
SELECT id, enterprise, login, name, is_admin, home, created_at, disabled_at, app, quota FROM user
WHERE folded_login = ?;

-- name: users
SELECT id, enterprise, login, name, is_admin, home, created_at, disabled_at, app, quota FROM user
WHERE enterprise = ? ORDER BY id;

-- name: disabled_users
SELECT id FROM user WHERE enterprise = ? AND disabled_at IS NOT NULL;

-- name: put_user
INSERT INTO user (
        id, enterprise, login, folded_login, name, is_admin, home, created_at, disabled_at, app,
        quota
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        enterprise = excluded.enterprise,
        login = excluded.login,
        folded_login = excluded.folded_login,
        name = excluded.name,
        is_admin = excluded.is_admin,
        home = excluded.home,
        created_at = excluded.created_at,
        disabled_at = excluded.disabled_at,
        app = excluded.app,
        quota = excluded.quota;

-- name: namespace
SELECT id, enterprise, owner, root, is_home, created_at FROM namespace WHERE id = ?;

-- name: namespaces
SELECT id, enterprise, owner, root, is_home, created_at FROM namespace
WHERE enterprise = ? ORDER BY id;

-- name: put_namespace
INSERT INTO namespace (id, enterprise, owner, root, is_home, created_at)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        enterprise = excluded.enterprise,
        owner = excluded.owner,
        root = excluded.root,
        is_home = excluded.is_home,
        created_at = excluded.created_at;

-- name: remove_namespace
DELETE FROM namespace WHERE id = ?;

-- name: members
SELECT namespace, user, role, mount_key, created_at, id, invited_by, modified_at FROM member
WHERE namespace = ? ORDER BY user;

-- name: member
SELECT namespace, user, role, mount_key, created_at, id, invited_by, modified_at FROM member
WHERE id = ? AND id != 0;

-- name: memberships_of
SELECT namespace, user, role, mount_key, created_at, id, invited_by, modified_at FROM member
WHERE user = ? ORDER BY namespace;

-- name: put_member
INSERT INTO member (namespace, user, role, mount_key, created_at, id, invited_by, modified_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (namespace, user) DO UPDATE SET
        role = excluded.role,
        mount_key = excluded.mount_key,
        created_at = excluded.created_at,
        id = excluded.id,
        invited_by = excluded.invited_by,
        modified_at = excluded.modified_at;

-- name: remove_member
DELETE FROM member WHERE namespace = ? AND user = ?;
