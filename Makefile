# Contributor's menu: `make help`. Only Python 3.11+ and make are assumed; Java 17+ is used if found, else fetched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Installed when the locked versions or the distribution change; never silently out of date.
READY := $(VENV)/.ready

# Compiled modules halve every start; an environment that forbids writing them is overruled inside the project.
unexport PYTHONDONTWRITEBYTECODE

# Each has a broker and an engine of its own, and takes up to two gigabytes.
TEST_PROCESSES ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo up test test-long bench lint types imports check-programmes lock clean

help: ## show this menu
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(READY): pyproject.toml requirements/bootstrap.txt requirements/all.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "chitieu needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements/all.txt
	$(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation --quiet -e .
	@touch $@

demo: $(READY) ## start everything on fresh data with simulated reports (DEMO_ARGS='--port N --data DIR')
	@exec $(BIN)/chitieu demo $(DEMO_ARGS)

up: $(READY) ## start everything on your own data (UP_ARGS='--port N --data DIR')
	@exec $(BIN)/chitieu up $(UP_ARGS)

lint: $(READY) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## mypy --strict
	$(BIN)/mypy

imports: $(READY) ## which way imports may point
	$(BIN)/lint-imports

check-programmes: $(READY) ## every mistake in the programme files
	$(BIN)/chitieu programmes check programmes

test: lint types imports check-programmes ## everything CI runs (TEST_ARGS='-k name' TEST_PROCESSES=2)
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadfile $(TEST_ARGS)

bench: $(READY) ## measure it all beside the limit and a naive peer, an hour (BENCH_ARGS='--quick --only NAME')
	@$(BIN)/python -m bench $(BENCH_ARGS)

test-long: $(READY) ## thousands of random histories and hundreds of faulty runs: more than an hour
	CHITIEU_TEST_PROFILE=long $(BIN)/pytest tests/unit/test_rollup.py tests/unit/test_array_fold.py \
		tests/unit/test_partitions.py tests/unit/test_histories.py tests/unit/test_landing.py \
		tests/unit/test_held_cells.py tests/unit/test_judgements.py tests/unit/test_proof.py \
		tests/integration/test_attainment_oracle.py tests/integration/test_bench.py tests/contract/test_openapi_http.py \
		tests/faults $(TEST_ARGS)

lock: $(READY) ## resolve the versions again
	$(BIN)/uv pip compile requirements/bootstrap.in --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q -o requirements/bootstrap.txt
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q -o requirements/production.txt
	$(BIN)/uv pip compile pyproject.toml --extra embedded --extra test --extra bench --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q -o requirements/all.txt

clean: ## remove what make made (not your data)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
