from __future__ import annotations

import pytest

from wakeful.http.etags import matches


@pytest.mark.parametrize(
    ("headers", "match"),
    [
        ([], False),
        (["1"], True),
        (['"1"'], True),
        (['W/"1"'], True),
        (['"0", "1"'], True),
        (["0", "1"], True),
        (["*"], True),
        ([""], False),
        (['"10"'], False),
        (["01"], False),
    ],
)
def test_an_etag_in_every_form_that_clients_send(headers: list[str], match: bool) -> None:
    assert matches(headers, "1") is match
