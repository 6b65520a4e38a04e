-- The first schema.
--
-- Rows are found by the keys below and by no others, so that nothing is ever scanned.
-- Times are milliseconds, ids come from one counter (meta.last_id).

CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    identity TEXT NOT NULL,       -- of this store, whatever becomes of its file
    epoch INTEGER NOT NULL,
    copied INTEGER NOT NULL,      -- 1: a copy that was never opened; it draws a new epoch
    clock INTEGER NOT NULL,       -- the last time that a command was given
    last_id INTEGER NOT NULL,
    last_key INTEGER NOT NULL,    -- of the newest event, kept or not: keys are never used again
    commits INTEGER NOT NULL      -- how many there were; tells a rolled back file
) STRICT;

-- Trees.

CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    parent INTEGER,
    is_folder INTEGER NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    revision INTEGER NOT NULL,
    version INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sha1 TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    content_created_at INTEGER NOT NULL,
    content_modified_at INTEGER NOT NULL,
    created_by INTEGER NOT NULL,
    modified_by INTEGER NOT NULL,
    trashed_at INTEGER,
    seen BLOB,                    -- msgpack: an inode may need all 64 bits, which SQLite has not
    content TEXT NOT NULL,        -- the address of what is kept here, '' where nothing is
    notes BLOB                    -- msgpack; NULL: none
) STRICT;

CREATE INDEX item_in_folder ON item (parent, trashed_at, is_folder DESC, name);
CREATE INDEX item_in_namespace ON item (namespace) WHERE trashed_at IS NULL;
CREATE INDEX item_in_trash ON item (namespace, is_folder DESC, name) WHERE trashed_at IS NOT NULL;
CREATE INDEX item_trashed ON item (trashed_at) WHERE trashed_at IS NOT NULL;
CREATE INDEX item_content ON item (content) WHERE content != '';

-- What the files of each namespace take, in the trash or not. Triggers count, so that no statement
-- that writes items can forget to, and in the same transaction, so that no crash comes between.
CREATE TABLE space (
    namespace INTEGER PRIMARY KEY,
    used INTEGER NOT NULL         -- bytes
) STRICT;

CREATE TRIGGER item_came AFTER INSERT ON item WHEN new.size != 0 BEGIN
    INSERT INTO space (namespace, used) VALUES (new.namespace, new.size)
        ON CONFLICT (namespace) DO UPDATE SET used = used + excluded.used;
END;

CREATE TRIGGER item_resized AFTER UPDATE OF size ON item
WHEN new.size != old.size AND new.namespace = old.namespace BEGIN
    INSERT INTO space (namespace, used) VALUES (new.namespace, new.size - old.size)
        ON CONFLICT (namespace) DO UPDATE SET used = used + excluded.used;
END;

CREATE TRIGGER item_rehomed AFTER UPDATE OF namespace ON item
WHEN new.namespace != old.namespace AND (new.size != 0 OR old.size != 0) BEGIN
    UPDATE space SET used = used - old.size WHERE namespace = old.namespace;
    INSERT INTO space (namespace, used) VALUES (new.namespace, new.size)
        ON CONFLICT (namespace) DO UPDATE SET used = used + excluded.used;
END;

CREATE TRIGGER item_went AFTER DELETE ON item WHEN old.size != 0 BEGIN
    UPDATE space SET used = used - old.size WHERE namespace = old.namespace;
END;

CREATE TABLE comment (
    id INTEGER PRIMARY KEY,
    item INTEGER NOT NULL,
    reply_to INTEGER,
    author INTEGER NOT NULL,
    said TEXT NOT NULL,
    is_tagged INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL
) STRICT;

CREATE INDEX comment_item ON comment (item, id);
CREATE INDEX comment_reply ON comment (reply_to) WHERE reply_to IS NOT NULL;

-- What files held before, for as long as that is kept.
CREATE TABLE version (
    item INTEGER NOT NULL,
    id INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sha1 TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    content_created_at INTEGER NOT NULL,
    content_modified_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    modified_by INTEGER NOT NULL,
    content TEXT NOT NULL,
    replaced_at INTEGER NOT NULL,
    PRIMARY KEY (item, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX version_content ON version (content);
CREATE INDEX version_age ON version (replaced_at);

-- Journals.

CREATE TABLE journal (
    namespace INTEGER NOT NULL,
    path TEXT NOT NULL,
    number INTEGER NOT NULL,
    item INTEGER,                 -- NULL: a tombstone
    mount INTEGER,
    spelling TEXT,                -- of the last part of the path; NULL: as it is there
    buried_at INTEGER,            -- when it became a tombstone
    PRIMARY KEY (namespace, path)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX journal_number ON journal (namespace, number);
CREATE INDEX journal_tombstone ON journal (buried_at, namespace, number)
    WHERE buried_at IS NOT NULL;

CREATE TABLE journal_head (
    namespace INTEGER PRIMARY KEY,
    head INTEGER NOT NULL,
    trimmed INTEGER NOT NULL
) STRICT;

-- Streams: bodies are appended by key, which writes several times faster than keeping
-- them in the order of their streams; the narrow rows find them.

CREATE TABLE event (
    key INTEGER PRIMARY KEY,
    recorded_at INTEGER NOT NULL, -- ascending with the key
    version INTEGER NOT NULL,     -- of the stored form
    streams INTEGER NOT NULL,     -- how many show it
    checksum INTEGER NOT NULL,    -- CRC-32 of the body
    body BLOB NOT NULL
) STRICT;

CREATE TABLE entry (
    stream INTEGER NOT NULL,
    number INTEGER NOT NULL,
    event INTEGER NOT NULL,       -- ascending with the number
    classes INTEGER NOT NULL,
    type INTEGER,                 -- of event_type; this and the event time in the streams of
    at INTEGER,                   -- enterprises only, for users ask for neither
    PRIMARY KEY (stream, number)
) STRICT, WITHOUT ROWID;

-- The numbers stand in these by their name, so that they are known to be a part of the order,
-- and the events, so that the entry itself need not be looked up.
CREATE INDEX entry_by_time ON entry (stream, at, number, event) WHERE at IS NOT NULL;
CREATE INDEX entry_by_type ON entry (stream, type, number, event) WHERE type IS NOT NULL;
CREATE INDEX entry_by_type_and_time ON entry (stream, type, at, number, event)
    WHERE type IS NOT NULL;

-- The types of those entries, as small numbers.
CREATE TABLE event_type (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE stream (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    head_all INTEGER NOT NULL,
    head_changes INTEGER NOT NULL,
    head_sync INTEGER NOT NULL,
    trimmed INTEGER NOT NULL,
    trimmed_at INTEGER NOT NULL,  -- when the newest event removed was recorded, 0 if none was
    oldest INTEGER                -- key of the oldest event kept, NULL if none is
) STRICT;

-- Finds the streams that have something to trim without looking at the others.
CREATE INDEX stream_oldest ON stream (kind, oldest) WHERE oldest IS NOT NULL;

-- People and access.

CREATE TABLE enterprise (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    enterprise INTEGER NOT NULL,
    login TEXT NOT NULL,
    folded_login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    is_admin INTEGER NOT NULL,
    home INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER,
    app INTEGER,                  -- whose service account this is
    quota INTEGER                 -- bytes, 0: without limit, NULL: the server's
) STRICT;

CREATE INDEX user_enterprise ON user (enterprise);
CREATE INDEX user_disabled ON user (enterprise) WHERE disabled_at IS NOT NULL;

CREATE TABLE password (
    user INTEGER PRIMARY KEY,
    hashed TEXT NOT NULL,         -- with its salt and what it cost
    set_at INTEGER NOT NULL
) STRICT;

CREATE TABLE namespace (
    id INTEGER PRIMARY KEY,
    enterprise INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    root INTEGER NOT NULL,
    is_home INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX namespace_enterprise ON namespace (enterprise);
CREATE INDEX namespace_owner ON namespace (owner);

CREATE TABLE member (
    namespace INTEGER NOT NULL,
    user INTEGER NOT NULL,
    role TEXT NOT NULL,
    mount_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    id INTEGER NOT NULL,          -- 0: in their own home
    invited_by INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX member_user ON member (user);
CREATE UNIQUE INDEX member_id ON member (id) WHERE id != 0;

CREATE TABLE app (
    id INTEGER PRIMARY KEY,
    enterprise INTEGER NOT NULL,
    client_id TEXT NOT NULL UNIQUE,
    secret BLOB NOT NULL,         -- SHA-256; empty: it has none
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,         -- JSON
    service_account INTEGER NOT NULL,
    redirect_uris TEXT NOT NULL,  -- JSON
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE INDEX app_enterprise ON app (enterprise);

CREATE TABLE public_key (
    app INTEGER NOT NULL,
    kid TEXT NOT NULL,
    pem TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (app, kid)
) STRICT, WITHOUT ROWID;

CREATE TABLE assertion (
    app INTEGER NOT NULL,
    jti TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (app, jti)
) STRICT, WITHOUT ROWID;

CREATE INDEX assertion_expiry ON assertion (expires_at);

CREATE TABLE code (
    digest BLOB PRIMARY KEY,
    app INTEGER NOT NULL,
    user INTEGER NOT NULL,
    scopes TEXT NOT NULL,         -- JSON
    flow TEXT NOT NULL,
    access_type TEXT NOT NULL,
    redirect_uri TEXT,
    challenge TEXT NOT NULL,
    challenge_method TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    access_grant INTEGER          -- made of it; NULL: not used
) STRICT, WITHOUT ROWID;

CREATE INDEX code_expiry ON code (expires_at);

CREATE TABLE access_grant (
    id INTEGER PRIMARY KEY,
    user INTEGER NOT NULL,
    enterprise INTEGER NOT NULL,
    app TEXT NOT NULL,
    scopes TEXT NOT NULL,         -- JSON
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    app_id INTEGER,
    standing INTEGER NOT NULL
) STRICT;

CREATE INDEX access_grant_user ON access_grant (user);
CREATE INDEX access_grant_enterprise ON access_grant (enterprise);
CREATE INDEX access_grant_app ON access_grant (app_id) WHERE app_id IS NOT NULL;
CREATE UNIQUE INDEX access_grant_standing ON access_grant (user, app_id)
    WHERE standing AND revoked_at IS NULL;

CREATE TABLE token (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    access_grant INTEGER NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    kind TEXT NOT NULL,
    scopes TEXT,                  -- JSON; NULL: those of the grant
    item INTEGER,                 -- NULL: everything that the user may see
    family INTEGER,
    parent INTEGER,
    used_at INTEGER
) STRICT;

CREATE INDEX token_access_grant ON token (access_grant);
CREATE INDEX token_expiry ON token (expires_at) WHERE expires_at IS NOT NULL;

-- The rest.

CREATE TABLE remembered (
    access_grant INTEGER NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    digest BLOB NOT NULL,
    answer BLOB NOT NULL,
    PRIMARY KEY (access_grant, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX remembered_at ON remembered (at);

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
