.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE := tests/support/node

help: ## what can be made here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

# Debian's Python makes a venv with pip in it only when python3-venv is there; its pip can put one in from outside.
$(BIN)/pip:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null && $(PYTHON) -m venv $(VENV) || { \
	    $(PYTHON) -m venv --without-pip $(VENV) && \
	    $(PYTHON) -m pip --quiet --disable-pip-version-check --python $(BIN)/python install pip; }

$(VENV)/installed: $(BIN)/pip pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[server]'
	@touch $@

$(VENV)/installed-test: $(VENV)/installed pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

demo: $(VENV)/installed ## the whole road, dev → e2e → staging → production, in ./demo
	$(BIN)/tidegate demo

debian-packages:
	@tests/install-debian-packages chromium:chromium docker-registry:docker-registry skopeo:skopeo ssh:openssh-client \
	    pg_createcluster:postgresql libatomic.so.1:libatomic1

node-programs:
	@tests/install-debian-packages node:nodejs npm:npm rsync:rsync

# What a line of package-lock.json pins, and nothing that a package would run while it is installed.
$(NODE)/node_modules/installed: $(NODE)/package-lock.json | node-programs
	@echo "installing with npm below $(NODE): gitlab-ci-local, which runs the GitLab CI components, and axe-core, which reads the pages"
	@npm ci --prefix $(NODE) --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

test: $(VENV)/installed-test $(NODE)/node_modules/installed debian-packages ## lint, types, rooms and every test
	$(BIN)/ruff check src tests bench docs
	$(BIN)/ruff format --check src tests bench docs
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist worksteal -m 'not soak'

soak: $(VENV)/installed-test debian-packages ## long random runs
	$(BIN)/pytest -m soak

live: $(VENV)/installed-test ## the road on a real GitLab; docs/how-to/live-gitlab.md
	@test -n "$$TIDEGATE_LIVE_GITLAB_URL" -a -n "$$TIDEGATE_LIVE_GITLAB_TOKEN" || \
	    { echo "set TIDEGATE_LIVE_GITLAB_URL and TIDEGATE_LIVE_GITLAB_TOKEN: see docs/how-to/live-gitlab.md" >&2; exit 2; }
	$(BIN)/pytest tests/live

bench: $(VENV)/installed-test debian-packages ## print figures
	$(BIN)/python -m compileall -q src
	$(BIN)/python -m bench

docs: $(VENV)/installed ## write docs/reference from the program
	$(BIN)/python docs/generate_reference.py

clean: ## remove what make made
	rm -rf $(VENV) $(NODE)/node_modules tests/screenshots demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build dist

.PHONY: help demo debian-packages node-programs test soak live bench docs clean
