from __future__ import annotations

import inspect
import json

import pytest

from tests.contract.things import A_FILE
from wakeful.core import errors
from wakeful.core.errors import InvalidRequest, NameTaken, WakefulError
from wakeful.core.items import Kind
from wakeful.dialects.native.errors import ERRORS, answer_for, error_body, status_body

EVERY_ERROR = [
    cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, WakefulError)
]


def test_every_error_has_an_answer_and_a_code_of_its_own() -> None:
    assert set(ERRORS) == set(EVERY_ERROR)
    codes = [code for _, code in ERRORS.values()]
    assert len(set(codes)) == len(codes)


def test_a_new_class_is_answered_as_the_one_above_it() -> None:
    class Odd(errors.KeyReused):
        pass

    assert answer_for(Odd("why")) == (409, "key_reused")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InvalidRequest("why"), {"code": "invalid_request"}),
        (InvalidRequest("why", field="size"), {"code": "invalid_request", "field": "size"}),
        (NameTaken("why", item=A_FILE, wanted=Kind.FILE), {"code": "name_taken", "item": "100"}),
        (errors.NotFound("why"), {"code": "not_found"}),
    ],
)
def test_an_error_names_what_is_at_fault(error: WakefulError, told: dict[str, str]) -> None:
    expected = {"message": "why", "request_id": "abc", **told}
    assert json.loads(error_body(error, "abc")) == {"error": expected}


@pytest.mark.parametrize(("status", "code"), [(404, "not_found"), (500, "bug")])
def test_a_bare_status_has_the_same_form(status: int, code: str) -> None:
    assert json.loads(status_body(status, "abc"))["error"]["code"] == code
