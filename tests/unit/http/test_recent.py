from __future__ import annotations

from wakeful.http.recent import Recent


def test_only_so_many_values_are_remembered_and_the_last_set_longest() -> None:
    recent: Recent[int, int] = Recent(most=3)
    for key in (1, 2, 3, 1, 4):
        recent.set(key, key * 10)
    assert [recent.get(key) for key in (1, 2, 3, 4)] == [10, None, 30, 40]
