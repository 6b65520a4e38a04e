"""The Dropbox dialect, version 2 of its API, apart from the long poll, which the front answers."""

from __future__ import annotations

from wakeful.dialects.dropbox import asked, shapes
from wakeful.http.description import Described
from wakeful.http.dropbox import api
from wakeful.http.dropbox.actions import FileActions
from wakeful.http.dropbox.answers import Calls, DropboxDialect, DropboxErrors
from wakeful.http.dropbox.content import FileContent
from wakeful.http.dropbox.files import Files
from wakeful.http.dropbox.jobs import Jobs
from wakeful.http.dropbox.sessions import Sessions
from wakeful.http.dropbox.team_log import TeamLog
from wakeful.http.dropbox.uploads import Uploads
from wakeful.http.dropbox.users import Users
from wakeful.http.services import Services


def dropbox(services: Services) -> DropboxDialect:
    """The app to mount at `/2`."""
    calls, content = Calls(services), FileContent(services)
    files, users, team_log = Files(services), Users(services), TeamLog(services)
    actions, uploads = FileActions(services, Jobs()), Uploads(services)
    listing = shapes.ListFolder
    return DropboxDialect(
        [
            calls.route("files/list_folder", files.list_folder, listing, api.LIST_FOLDER),
            calls.route(
                "files/list_folder/continue", files.go_on, shapes.GivenCursor, api.CONTINUE
            ),
            calls.route(
                "files/list_folder/get_latest_cursor",
                files.latest_cursor,
                listing,
                api.LATEST_CURSOR,
            ),
            calls.route(
                "files/get_metadata", files.get_metadata, shapes.GetMetadata, api.GET_METADATA
            ),
            calls.route(
                "files/list_revisions",
                files.list_revisions,
                asked.ListRevisions,
                api.LIST_REVISIONS,
            ),
            calls.action(
                "files/get_temporary_link",
                content.temporary_link,
                shapes.Download,
                api.TEMPORARY_LINK,
            ),
            calls.content_route("files/download", content.download, shapes.Download, api.DOWNLOAD),
            *_actions(calls, actions, uploads),
            *_sessions(calls, Sessions(services)),
            calls.route(
                "users/get_current_account",
                users.current_account,
                None,
                api.CURRENT_ACCOUNT,
                reads_files=False,
            ),
            calls.route(
                "users/get_space_usage",
                users.space_usage,
                None,
                api.SPACE_USAGE,
                reads_files=False,
            ),
            calls.team_route(
                "team_log/get_events", team_log.get_events, shapes.GetTeamEvents, api.TEAM_EVENTS
            ),
            calls.team_route(
                "team_log/get_events/continue",
                team_log.go_on,
                shapes.GivenCursor,
                api.TEAM_EVENTS_CONTINUE,
            ),
            calls.route(
                "auth/token/revoke", users.revoke, None, api.REVOKE_TOKEN, reads_files=False
            ),
            calls.route("check/user", users.check, shapes.Query, api.CHECK_USER, reads_files=False),
        ],
        DropboxErrors(),
    )


def _actions(calls: Calls, actions: FileActions, uploads: Uploads) -> list[Described]:
    """The functions that change something. Without a number in their names, those that Dropbox
    had first, and some clients still call."""
    one, many = asked.Relocation, asked.Relocations
    folder, deletion = asked.NewFolder, asked.Deletion
    return [
        calls.upload("files/upload", uploads.upload, asked.Upload, api.UPLOAD),
        calls.action("files/create_folder_v2", actions.create_folder, folder, api.CREATE_FOLDER),
        calls.action("files/create_folder", actions.create_folder_v1, folder, api.CREATE_FOLDER_V1),
        calls.action(
            "files/create_folder_batch",
            actions.create_folders,
            asked.NewFolders,
            api.CREATE_FOLDERS,
        ),
        calls.action("files/move_v2", actions.moves.one, one, api.MOVE),
        calls.action("files/move", actions.moves.one_v1, one, api.MOVE_V1),
        calls.action("files/move_batch_v2", actions.moves.many, many, api.RELOCATE),
        calls.action("files/copy_v2", actions.copies.one, one, api.COPY),
        calls.action("files/copy", actions.copies.one_v1, one, api.COPY_V1),
        calls.action("files/copy_batch_v2", actions.copies.many, many, api.COPY_BATCH),
        calls.action("files/delete_v2", actions.delete, deletion, api.DELETE),
        calls.action("files/delete", actions.delete_v1, deletion, api.DELETE_V1),
        calls.action("files/delete_batch", actions.delete_batch, asked.Deletions, api.DELETE_BATCH),
        calls.action("files/restore", actions.restore, asked.Restoring, api.RESTORE),
        calls.action("files/permanently_delete", actions.purge, deletion, api.PURGE),
        *(
            calls.route(f"files/{name}/check{version}", actions.check_job, asked.Job, api.CHECK_JOB)
            for name, version in (
                ("create_folder_batch", ""),
                ("move_batch", "_v2"),
                ("copy_batch", "_v2"),
                ("delete_batch", ""),
                ("upload_session/finish_batch", ""),
            )
        ),
    ]


def _sessions(calls: Calls, sessions: Sessions) -> list[Described]:
    batch, name = asked.Finishes, "files/upload_session"
    return [
        calls.upload(f"{name}/start", sessions.start, asked.Start, api.START),
        calls.action(
            f"{name}/start_batch", sessions.start_batch, asked.StartBatch, api.START_BATCH
        ),
        calls.upload(f"{name}/append_v2", sessions.append, asked.Append, api.APPEND),
        calls.upload(f"{name}/append", sessions.append_v1, asked.SessionCursor, api.APPEND_V1),
        calls.upload(f"{name}/finish", sessions.finish, asked.Finish, api.FINISH),
        calls.action(f"{name}/finish_batch_v2", sessions.finish_batch, batch, api.FINISH_BATCH),
        calls.action(f"{name}/finish_batch", sessions.finish_batch_v1, batch, api.FINISH_BATCH_V1),
    ]
