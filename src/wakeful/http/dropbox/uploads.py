"""The function of the Dropbox dialect that takes the content of a file in one request.

What would be refused is refused before anything of the content is kept, and judged again in the
commit.
"""

from __future__ import annotations

from starlette.requests import Request

from wakeful.access import Identity
from wakeful.core.errors import TooLarge
from wakeful.core.people import User
from wakeful.dialects.dropbox import asked
from wakeful.dialects.dropbox.actions import plan_upload
from wakeful.dialects.dropbox.errors import Refused, UploadRefused
from wakeful.dialects.dropbox.refusals import told_as
from wakeful.dialects.dropbox.shapes import Metadata
from wakeful.http.dropbox.acting import DropboxActing
from wakeful.http.services import Services


class Uploads:
    """Each method is a function of the API."""

    def __init__(self, services: Services) -> None:
        self._acting = DropboxActing(services)

    async def upload(
        self, request: Request, user: User, identity: Identity, wanted: asked.Upload
    ) -> Metadata:
        expected = asked.parse_content_hash(wanted.content_hash)
        try:
            with told_as(None, "path", UploadRefused):
                there = await self._acting.take_in(
                    request, identity, lambda facts: plan_upload(user, wanted, facts), expected
                )
                return await self._acting.metadata(user, there)
        except TooLarge:
            raise Refused("payload_too_large") from None
