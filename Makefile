# make up        set up on first use, then run the whole product with demo data (PORT=8000)
# make test      the same set-up, then every check and test
# make cover     the tests, and which lines they reach (half as fast)
# make lint      the checks without the tests
# make bench     measure; prints ratios
# make messages  collect strings for translation
# make clean     forget what was built and all local data
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
COMPILE = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links pyproject.toml
# npm of the machine, else the one that the node group brings from PyPI.
NPM = PATH="$$PATH:$(CURDIR)/$(VENV)/bin" npm

# Certificates of the machine, not those that uv brings: some networks have their own.
export UV_SYSTEM_CERTS ?= 1
# Compiled once and kept beside the packages: dozens of short programs start here, each would compile all it imports.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/pycache

.PHONY: up test cover lint bench messages build clean setup lock
.DEFAULT_GOAL := up

up: setup build
	@exec $(PY) -m stack up

# Four workers on two cores: much of a test's time is waiting, for a browser or for programs of its own.
test: lint
	@$(PY) -m pytest -n 4 --dist loadgroup $(ARGS)

cover: setup build
	@$(PY) -m pytest -n 4 --dist loadgroup --cov --cov-report=term $(ARGS)

lint: setup build
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(VENV)/bin/lint-imports
	@$(PY) -m stack exec -- $(VENV)/bin/mypy
	@$(PY) -m stack exec --owner -- $(PY) manage.py makemigrations --check --dry-run
	@$(PY) -m tools.messages --check

bench: setup build
	@$(PY) -m stack exec -- $(PY) -m bench $(ARGS)

messages: setup
	@$(PY) -m tools.messages --update

# Front end and message catalogues; quick when nothing has changed.
FRONT := $(shell find frontend templates -type f 2>/dev/null) $(shell find apps -name '*.py' 2>/dev/null)
build: static/build/.built $(VENV)/.messages

static/build/.built: $(FRONT) package-lock.json | setup
	@PATH="$$PATH:$(CURDIR)/$(VENV)/bin" node frontend/build.mjs
	@touch $@

$(VENV)/.messages: $(shell find apps -name '*.po' 2>/dev/null) | setup
	@$(PY) -m tools.messages --compile
	@touch $@

clean:
	@test ! -x $(PY) || $(PY) -m stack wipe
	@rm -rf static/build var .ruff_cache .mypy_cache .pytest_cache .import_linter_cache .coverage* htmlcov .hypothesis
	@find apps -name '*.mo' -delete

setup: $(VENV)/.dev $(VENV)/.node

$(VENV)/bin/uv: requirements-stack.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python has no venv module here: apt install python3-venv"; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-stack.lock
	@touch $@

# What it takes to run; `.dev` is a superset with the same versions.
$(VENV)/.run: requirements.lock requirements-stack.lock | $(VENV)/bin/uv
	@$(UV) pip install -q --python $(PY) --require-hashes -r requirements.lock -r requirements-stack.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/bin/uv
	@$(UV) pip sync -q --python $(PY) --require-hashes requirements-dev.lock
	@touch $(VENV)/.run $@

$(VENV)/.node: package.json package-lock.json requirements-node.lock | $(VENV)/bin/uv
	@command -v npm >/dev/null || test -x $(VENV)/bin/npm || \
		$(UV) pip install -q --python $(PY) --require-hashes -r requirements-node.lock
	@$(NPM) ci --silent --no-fund --no-audit --ignore-scripts
	@touch $@

# pyproject.toml -> locks with hashes and without the name of any package index.
lock: | $(VENV)/bin/uv
	$(COMPILE) --group dev -o requirements-dev.lock
	$(COMPILE) --extra s3 --extra pdf -c requirements-dev.lock -o requirements.lock
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --group stack -o requirements-stack.lock
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --group node -o requirements-node.lock
	$(NPM) install --package-lock-only --silent --no-fund --no-audit --ignore-scripts
