"""The Dropbox dialect, version 2 of its API, apart from the long poll, which the front answers."""

from __future__ import annotations

from wakeful.dialects.dropbox import shapes
from wakeful.http.dropbox import api
from wakeful.http.dropbox.answers import Calls, DropboxDialect, DropboxErrors
from wakeful.http.dropbox.content import FileContent
from wakeful.http.dropbox.files import Files
from wakeful.http.dropbox.team_log import TeamLog
from wakeful.http.dropbox.users import Users
from wakeful.http.services import Services


def dropbox(services: Services) -> DropboxDialect:
    """The app to mount at `/2`."""
    calls, content = Calls(services), FileContent(services)
    files, users, team_log = Files(services), Users(services), TeamLog(services)
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
            calls.content_route("files/download", content.download, shapes.Download, api.DOWNLOAD),
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
