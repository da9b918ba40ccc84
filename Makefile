# Village Live Shop: `make` alone prints what can be made.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url
WORKERS ?= 2

RUN_READY := $(VENV)/ready-to-run
DEV_READY := $(VENV)/ready-to-test
CATALOGUES := $(wildcard shop/translations/*/LC_MESSAGES/messages.po)
COMPILED := $(CATALOGUES:.po=.mo)

.PHONY: help run ready demo test test-cluster faults chaos bench check translations lock audit pictures clean

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: $(RUN_READY) $(COMPILED) ## start the shop: PORT=8000 HOST=127.0.0.1 SHOP_DATA_DIR=var
	@exec $(BIN)/python -m shop

ready: $(RUN_READY) $(COMPILED) ## install and compile what serving needs, start nothing

demo: $(RUN_READY) ## load the demo county into the configured database
	@$(BIN)/flask --app wsgi db upgrade
	@$(BIN)/flask --app wsgi demo load

test: $(DEV_READY) $(COMPILED) ## run every test: SQLite, PostgreSQL, Valkey, Chromium
	@scripts/need_browser.sh
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

test-cluster: $(DEV_READY) $(COMPILED) ## the layout of deploy/ as hosts in namespaces, under load and faults; as root
	@scripts/need_cluster.sh
	@PATH="$$PATH:/usr/sbin:/sbin" $(BIN)/python -m pytest -s -rs tests/cluster $(TESTS)

faults: $(DEV_READY) $(COMPILED) ## run the fault cases in their full length
	@scripts/need_browser.sh
	@SHOP_FAULTS=full $(BIN)/python -m pytest tests/faults $(TESTS)

chaos: $(DEV_READY) $(COMPILED) ## random work while parts of the shop die: MINUTES=2 SEED=any
	@SHOP_FAULTS=full SHOP_CHAOS_MINUTES=$(or $(MINUTES),2) SHOP_CHAOS_SEED=$(SEED) \
		$(BIN)/python -m pytest -s -o faulthandler_timeout=0 tests/faults/test_chaos.py

check: $(DEV_READY) $(COMPILED) ## formatting, lint, types, floors, migrations, structure, translations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy shop
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python scripts/check_migrations.py
	@$(BIN)/python -m pytest tests/structure

translations: $(DEV_READY) ## read the marked texts into the catalogues and compile them
	@$(BIN)/python scripts/check_translations.py --collect
	@$(MAKE) --no-print-directory $(COMPILED)

lock: $(DEV_READY) ## write requirements*.txt from requirements*.in
	@$(LOCK) requirements.in -o requirements.txt
	@$(LOCK) requirements-dev.in -o requirements-dev.txt

bench: $(DEV_READY) $(COMPILED) ## measure the shop beside bare Flask: SECONDS=5, GROWTH=1 for a grown one
	@$(BIN)/python -m bench --seconds $(or $(SECONDS),5) $(if $(GROWTH),--growth)

audit: $(RUN_READY) ## check the invariants of the configured database
	@$(BIN)/flask --app wsgi audit

pictures: $(DEV_READY) $(COMPILED) ## draw every page in two sizes and two languages
	@scripts/need_browser.sh
	@$(BIN)/python scripts/draw_pages.py

clean: ## remove what was built, keep the data folder
	@rm -rf $(VENV) $(COMPILED) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache pictures
	@find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@scripts/make_venv.sh $(PYTHON) $(VENV)

$(RUN_READY): requirements.txt | $(BIN)/python
	@echo "installing requirements.txt"
	@$(PIP) -r requirements.txt
	@touch $@

$(DEV_READY): requirements-dev.txt | $(BIN)/python
	@echo "installing requirements-dev.txt"
	@$(PIP) -r requirements-dev.txt
	@touch $(RUN_READY) $@

%.mo: %.po | $(RUN_READY)
	@$(BIN)/pybabel --quiet compile -i $< -o $@
