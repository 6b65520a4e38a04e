"""Where changes come from: watched folders."""

from __future__ import annotations

from wakeful.sources.folder import FolderSource
from wakeful.sources.ignore import DEFAULT_IGNORE
from wakeful.sources.ledger import Ledger
from wakeful.sources.status import SourceState, SourceStatus

__all__ = ["DEFAULT_IGNORE", "FolderSource", "Ledger", "SourceState", "SourceStatus"]
