# Everything a user or developer does with this folder. `make` alone lists it.
# Works with GNU Make 3.81, which is what macOS has. The work is done by the scripts in scripts/.

.DEFAULT_GOAL := help
.PHONY: help serve test check format bench lock sdk venv clean

# Taken as typed: the script expands ~ where the shell did not, and make leaves a $ in a name alone. Not with the prefix
# WAKEFUL_, for then the server would take them for settings.
export MAKE_WATCH := $(value WATCH)
export MAKE_ARGS := $(value ARGS)

help: ## list what there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do \
	    printf '  make %-8s %s\n' "$$name" "$$text"; done

serve: ## follow a folder: make serve WATCH=~/Documents [ARGS="--port 9000"]
	@exec sh scripts/serve.sh

test: ## everything: what is missing is installed, then the checks and all tests
	@sh scripts/test.sh

check: venv ## formatting, lint, types, import contracts
	@sh scripts/check.sh

format: venv ## put the code into shape
	@.venv/bin/ruff check --quiet --fix-only . && .venv/bin/ruff format .

bench: venv ## measure beside other systems [ARGS="--quick", or names]
	@eval "set -- $$MAKE_ARGS"; exec .venv/bin/python -m benchmarks "$$@"

lock: venv ## lock the newest versions of all dependencies
	@sh scripts/lock.sh

sdk: venv ## the environments of the SDKs that the tests run
	@sh scripts/sdk.sh

venv: ## .venv with all that developers need
	@sh scripts/venv.sh dev

clean: ## remove what was set up and built
	rm -rf .venv .sdk build dist htmlcov .coverage .coverage.* \
	    .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
