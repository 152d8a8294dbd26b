# What is done with the project, by hand and in `.ci/run`. `make` lists it.

PYTHON ?= python3
# Where the tools are installed, by the first target that needs them.
TOOLS ?= .venv-tools
# The formatter decides what passes, so it has one version. What mypy finds may grow; it reads the types of pytest.
WANTED = ruff==0.17.6 mypy pytest
# These run on the Node.js of Debian 12.
WANTED_JS = eslint@9.39.5 typescript@5.9.3
# What it tries may grow, so it has one version.
WANTED_API = schemathesis==4.32.5
# More words for the command, such as `make test ARGS='tests/store -k claim'`.
ARGS =

.PHONY: help test quick docs pictures lint format types scripts api bench ci

help: ## List the targets
	@awk -F ':.* ## ' '/^[a-z]+:.* ## / { printf "%-8s %s\n", $$1, $$2 }' Makefile

test: ## Run all tests
	$(PYTHON) -m tests $(ARGS)

quick: ## Run the quick tests of every layer
	$(PYTHON) -m tests --quick $(ARGS)

docs: ## Run what the README and the pages in docs/ show
	$(PYTHON) -m tests tests/docs $(ARGS)

pictures: ## Make the pictures of the dashboard again; needs pytest and Chromium
	$(PYTHON) -m tests.docs.pictures

lint: $(TOOLS)/.made ## Say what is not formatted or looks wrong
	$(TOOLS)/bin/ruff format --check .
	$(TOOLS)/bin/ruff check .

format: $(TOOLS)/.made ## Format everything
	$(TOOLS)/bin/ruff format .
	$(TOOLS)/bin/ruff check --fix .

types: $(TOOLS)/.made ## Check the types
	$(TOOLS)/bin/mypy

scripts: $(TOOLS)/js/.made ## Check the dashboard's JavaScript, also by what the API answers; needs Node.js
	$(PYTHON) -m tests.dashboard.api_types > .ci/api.d.ts
	NODE_PATH=$(TOOLS)/js/node_modules $(TOOLS)/js/node_modules/.bin/eslint --config .ci/eslint.config.cjs \
		queuectl/dashboard/assets
	$(TOOLS)/js/node_modules/.bin/tsc --project .ci/jsconfig.json

api: $(TOOLS)/api/.made ## Ask a dashboard all that its API describes, at random
	PYTHON=$(PYTHON) .ci/api $(TOOLS)/api/bin/schemathesis

bench: ## Measure each goal of speed
	$(PYTHON) -m benchmarks $(ARGS)

ci: ## Run everything a change must pass; installs Debian packages that are missing
	bash .ci/run

$(TOOLS)/.made: Makefile
	$(PYTHON) -m venv --clear $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check $(WANTED)
	touch $@

$(TOOLS)/api/.made: Makefile
	$(PYTHON) -m venv --clear $(TOOLS)/api
	$(TOOLS)/api/bin/pip install --quiet --disable-pip-version-check $(WANTED_API)
	touch $@

$(TOOLS)/js/.made: Makefile
	npm install --prefix $(TOOLS)/js --silent --ignore-scripts --no-audit --no-fund $(WANTED_JS)
	touch $@
