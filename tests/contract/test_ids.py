from __future__ import annotations

from wakeful.core.accounts import create_enterprise
from wakeful.core.lookups import FIRST_ID
from wakeful.core.ports import Store


async def test_ids_begin_beyond_those_that_mean_something_on_the_wire(store: Store) -> None:
    enterprise = await store.commit(create_enterprise("first"))

    assert enterprise.id == FIRST_ID
