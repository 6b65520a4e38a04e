"""`python -m wakeful`."""

from __future__ import annotations

import sys

from wakeful.cli import main

sys.exit(main())
