# liveroom: `make live` shows it working, `make cluster` what failures cost, `make test` proves it all.
PYTHON ?= python3.11
ASKED  := $(if $(findstring command,$(origin PYTHON)),$(PYTHON))
VENV   := .venv
BIN    := $(VENV)/bin
PACE   ?= 1
N      ?= 20
SEED   ?= 1
STAY   ?= --stay

.PHONY: live cluster chaos test test-all lint setup clean .live .cluster .dev
export LIVEROOM_TORCH_INDEX
.DEFAULT_GOAL := live

live: .live  ## a room with speech, a face, chat and moods (ROOM_AUDIO=file, PACE=0 for as fast as it goes)
	@"$(BIN)"/python -m exporters --jobs 2
	@"$(BIN)"/python -m perf live $(if $(ROOM_AUDIO),"$(ROOM_AUDIO)") --pace $(PACE)

cluster: .cluster  ## several servers behind Envoy: what rooms see when they fail; runs on until Ctrl-C (STAY=)
	@"$(BIN)"/python -m exporters asr captions --jobs 2
	@"$(BIN)"/python -m cluster demo $(STAY)

chaos: .cluster  ## N failures of all kinds in an order drawn from SEED, counted (make chaos N=100)
	@"$(BIN)"/python -m exporters asr captions --jobs 2
	@"$(BIN)"/python -m cluster chaos --count $(N) --seed $(SEED) --json

test: .dev  ## what a change must pass, two tests at a time
	@"$(BIN)"/python -m exporters --jobs 2
	@"$(BIN)"/python -m pytest -n 2 --dist loadfile

test-all: test  ## and what takes long, or runs in real time and bears no neighbor
	@"$(BIN)"/python -m pytest -m "thorough and not slow and not gpu"

lint: .dev  ## ruff and mypy --strict
	@"$(BIN)"/ruff check .
	@"$(BIN)"/ruff format --check .
	@"$(BIN)"/mypy

setup: .dev

# The Python of the environment, or PYTHON where there is none or one was asked for: whichever says that it is one.
.live .cluster .dev:
	@for python in $(if $(ASKED),,"$(BIN)/python") "$(PYTHON)"; do \
		case "$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" in \
			3.11|3.12) exec "$$python" bootstrap.py "$(VENV)" $(@:.%=%) $(if $(ASKED),"$(ASKED)");; \
		esac; \
	done; \
	echo "$(PYTHON) does not run, or is no Python 3.11 or 3.12: install Python 3.11 or 3.12, or say make PYTHON=python3.12" >&2; \
	exit 1

clean:
	rm -rf build dist
