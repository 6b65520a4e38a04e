from __future__ import annotations

import inspect
import json

import pytest

from tests.box_answers import BEYOND_THE_SCHEMA
from tests.box_rules import check
from tests.contract.things import A_FILE, A_FOLDER
from wakeful.core import errors
from wakeful.core.errors import InvalidRequest, WakefulError
from wakeful.core.items import Item, Kind
from wakeful.core.names import NameTooLong
from wakeful.dialects.box.errors import (
    ERRORS,
    BadDigest,
    InvalidSessionId,
    MetadataAfterFile,
    RangeMismatch,
    SessionExpired,
    WrongDigest,
    WrongLinkPassword,
    answer_for,
    error_body,
    status_body,
)
from wakeful.dialects.box.parameters import InvalidLimit, parse_limit

EVERY_ERROR = [
    cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, WakefulError)
]

TAKEN = errors.NameTaken("why", item=A_FILE, wanted=Kind.FILE)


@pytest.mark.parametrize("cls", EVERY_ERROR)
def test_every_error_has_an_answer(cls: type[WakefulError]) -> None:
    status, code = ERRORS[cls]

    assert 400 <= status <= 599
    assert code


def test_no_answer_is_for_something_else() -> None:
    assert set(ERRORS) == {
        *EVERY_ERROR,
        BadDigest,
        InvalidLimit,
        InvalidSessionId,
        MetadataAfterFile,
        NameTooLong,
        RangeMismatch,
        SessionExpired,
        WrongDigest,
        WrongLinkPassword,
    }


def test_a_new_class_is_answered_as_the_one_above_it() -> None:
    class Odd(errors.NameTaken):
        pass

    assert answer_for(Odd("taken", item=A_FILE, wanted=Kind.FILE)) == (409, "item_name_in_use")


@pytest.mark.parametrize(("status", "code"), sorted(set(ERRORS.values())))
def test_errors_have_boxes_form(status: int, code: str) -> None:
    cls = next(cls for cls, answer in ERRORS.items() if answer == (status, code))
    error = TAKEN if cls is errors.NameTaken else cls("why")

    raw = json.loads(error_body(error, "abc"))

    assert raw["status"] == status
    assert (raw["code"], raw["message"], raw["request_id"]) == (code, "why", "abc")
    if code in BEYOND_THE_SCHEMA:
        raw["code"] = "bad_request"
    check("ClientError", raw)


def test_the_parameter_at_fault_is_named() -> None:
    raw = json.loads(error_body(InvalidRequest("bad", field="stream_type"), "abc"))

    assert raw["context_info"] == {
        "errors": [{"reason": "invalid_parameter", "name": "stream_type"}]
    }


@pytest.mark.parametrize(
    ("present", "shown"),
    [
        pytest.param(
            A_FILE,
            {
                "type": "file",
                "id": "100",
                "file_version": {"type": "file_version", "id": "101", "sha1": ""},
                "sequence_id": "1",
                "etag": "1",
                "sha1": "",
                "name": "a.txt",
            },
            id="a file",
        ),
        pytest.param(
            A_FOLDER,
            {"type": "folder", "id": "100", "sequence_id": "1", "etag": "1", "name": "a.txt"},
            id="a folder",
        ),
    ],
)
def test_what_has_the_name_is_told(present: Item, shown: dict[str, object]) -> None:
    def conflicts(wanted: Kind) -> object:
        error = errors.NameTaken("why", item=present, wanted=wanted)
        return json.loads(error_body(error, "abc"))["context_info"]["conflicts"]

    assert conflicts(Kind.FILE) == shown
    assert conflicts(Kind.FOLDER) == [shown]


def test_a_bad_limit_has_a_code_of_its_own() -> None:
    with pytest.raises(InvalidLimit) as raised:
        parse_limit("many")

    raw = json.loads(error_body(raised.value, "abc"))
    assert (raw["status"], raw["code"]) == (400, "invalid_limit")
    assert raw["message"] == "Limit is not a valid number"


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "not_found", "Not Found"),
        (405, "method_not_allowed", "Method Not Allowed"),
        (500, "internal_server_error", "Internal Server Error"),
        (400, "bad_request", "Bad Request"),
    ],
)
def test_a_bare_status_has_boxes_form_too(status: int, code: str, message: str) -> None:
    raw = json.loads(status_body(status, "abc"))

    check("ClientError", raw)
    assert (raw["status"], raw["code"], raw["message"]) == (status, code, message)
