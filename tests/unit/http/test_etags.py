from __future__ import annotations

import pytest

from wakeful.http.etags import matches, revisions


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


@pytest.mark.parametrize(
    ("header", "named"),
    [
        pytest.param(None, None, id="no condition"),
        pytest.param('"7"', (7,), id="quoted"),
        pytest.param('7, W/"1"', (7, 1), id="bare and weak"),
        pytest.param('"7", *', None, id="any"),
        pytest.param("new, -1, 1.0, \xb2", (), id="what is none"),
        pytest.param("9" * 5_000, (), id="longer than any"),
    ],
)
def test_the_revisions_that_a_change_is_for(
    header: str | None, named: tuple[int, ...] | None
) -> None:
    assert revisions(header) == named
