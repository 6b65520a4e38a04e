"""The operation of the Box dialect about shared links, as `/openapi.json` describes it."""

from __future__ import annotations

from wakeful.dialects.box import shapes
from wakeful.http.box.api import FIELDS
from wakeful.http.description import Answer, Operation, Parameter

BOX_API = Parameter(
    "BoxApi",
    "A shared link, by which is read what the user may not see otherwise: "
    "`shared_link=URL&shared_link_password=PASSWORD`.",
    where="header",
)

READ = Operation(
    "Read the file or folder that a shared link leads to",
    {200: Answer(shapes.File | shapes.Folder, is_chosen=True)},
    parameters=(FIELDS, BOX_API),
    refusals=(404,),
)
