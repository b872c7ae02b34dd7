# make up     set up on first use, then run the whole product with demo data
# make test   the same set-up, then every check and test
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
COMPILE = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links pyproject.toml
# npm of the machine, else the one that the node group brings from PyPI.
NPM = PATH="$$PATH:$(CURDIR)/$(VENV)/bin" npm

export PYTHONDONTWRITEBYTECODE ?=

.PHONY: setup lock
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
	$(COMPILE) --extra s3 -c requirements-dev.lock -o requirements.lock
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --group stack -o requirements-stack.lock
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --group node -o requirements-node.lock
	$(NPM) install --package-lock-only --silent --no-fund --no-audit --ignore-scripts
