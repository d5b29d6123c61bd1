# Everything runs from one environment, built once from requirements.lock and rebuilt when that changes.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8642
# Tests wait for processes and disks much of the time: two workers more than there are cores.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(4, 2 + (os.cpu_count() or 1)))')
BIN := $(VENV)/bin
BUILT := $(VENV)/.built

.DEFAULT_GOAL := help
.PHONY: help run test faults model fuzz check format docs bench bench-quick lock clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

$(BUILT): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Stepdown needs Python 3.11 or later: name one, as in make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(BUILT)

# Every process that is started would compile what isn't: a third of how long it takes to start.
.PHONY: compiled
compiled: $(BUILT)
	@$(BIN)/python -m compileall -q api bench domain exchange projections stepdown store

run: compiled  ## serve the sample program on an embedded Postgres
	$(BIN)/stepdown demo --port $(PORT)

test: compiled  ## all tests, on a real Postgres of their own, or make test TESTS=tests/domain
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

faults: $(BUILT)  ## kills, cuts and full disks in their long form, from a new seed or make faults SEED=7
	$(BIN)/pytest tests/faults --full -rP $(if $(SEED),--seed $(SEED)) $(if $(FACTS),--facts $(FACTS))

model: $(BUILT)  ## the program against a plain model of the contract, 2,000 random histories, or make model SEED=7
	$(BIN)/pytest tests/domain/model --full -rP $(if $(SEED),--seed $(SEED))

fuzz: $(BUILT)  ## asks the running server whatever its description allows, and forbids, for ten minutes; or SEED=7
	$(BIN)/pytest tests/api/test_schemathesis.py --full -rP $(if $(SEED),--seed $(SEED))

check: $(BUILT)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(BUILT)  ## put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(BUILT)  ## write the pages that are made from the code: states, refusals
	$(BIN)/python -m docs

bench: $(BUILT)  ## measure against floor and peer; writes bench/results.md
	$(BIN)/python -m bench

bench-quick: $(BUILT)  ## the same in two minutes, written nowhere
	$(BIN)/python -m bench --quick

lock: $(BUILT)  ## compile requirements.lock anew (needs uv)
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-header --group dev pyproject.toml -o requirements.lock

clean:  ## remove the environment and the data of the demo
	rm -rf $(VENV) .stepdown-demo
