# make demo, test, check, audit, coverage, release-check, bench, bench-delivery, docs, site, soak: each makes its environment in .venv
# first, and again whenever pyproject.toml changes. Another Python: make test PYTHON=python3.13 VENV=.venv-3.13. More for pytest:
# make test ARGS="-k xero -x"

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
VERSION ?=

# The tests of the rooms that can lose money, without those that take long and reach no more lines.
COVERING = -m "not (soak or simulated)" --ignore tests/runs/apis/test_many.py \
	tests/planning tests/history tests/delivery tests/runs/apis tests/runs/reconciliation tests/connectors/test_table.py \
	$(patsubst %,tests/runs/test_%.py,adopt_and_resend carry_forward expectations outcomes receivers witness)

# Twice the processors, since tests of servers, locks and browsers mostly wait. With worksteal a module stays with one worker as far
# as that goes, and what a module sets up, such as the books of a ledger, is made once.
WORKERS = $(shell $(VENV)/bin/python -c 'import os; print(2 * (os.cpu_count() or 1))')

# Where it is set, as in many containers, each of the thousands of processes that tests start would compile arfeed anew, a second each.
unexport PYTHONDONTWRITEBYTECODE

PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --no-input

.PHONY: demo test check audit coverage release-check bench bench-delivery docs site soak

demo: $(VENV)/installed
	@ARFEED=$(VENV)/bin/arfeed sh examples/demo.sh

# Tests that need a real server say so and are skipped where there is none; with CI=true they fail.
test: $(VENV)/installed-dev
	$(VENV)/bin/python -m pytest -n $(WORKERS) --dist worksteal -rs $(ARGS)

# How many lines of the rooms that can lose money their tests run, counted by sys.monitoring, which Python has from 3.12 on.
# Tracing, as before, makes Python 3.11 lose exceptions inside of asyncio's task groups.
coverage: $(VENV)/installed-dev
	COVERAGE_CORE=sysmon $(VENV)/bin/python -m pytest -n $(WORKERS) --dist worksteal -rs \
		--cov=arfeed.planning --cov=arfeed.delivery --cov=arfeed.history --cov-report= $(COVERING) $(ARGS)
	$(VENV)/bin/coverage report --skip-covered --include='*/arfeed/planning/*' --fail-under=97
	$(VENV)/bin/coverage report --skip-covered --include='*/arfeed/delivery/*' --fail-under=90
	$(VENV)/bin/coverage report --skip-covered --include='*/arfeed/history/*' --fail-under=86

check: $(VENV)/installed-dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# Known vulnerabilities of what arfeed and its extras need. A service that can't be reached is said, and fails nothing.
audit: $(VENV)/installed-dev
	$(VENV)/bin/python .ci/audit $(ARGS)

# What RELEASING.md has checked before a release: make release-check VERSION=0.2.0
release-check: $(VENV)/installed-dev
	PYTHON=$(PYTHON) VERSION=$(VERSION) sh .ci/release-check

# Workbooks for it are written by openpyxl.
bench: $(VENV)/installed
	@$(PIP) install --quiet 'openpyxl>=3.1'
	$(VENV)/bin/python -m benchmarks $(ARGS)

# Needs sshd, rclone and lftp.
bench-delivery: $(VENV)/installed
	@$(PIP) install --quiet 'paramiko>=5'
	$(VENV)/bin/python -m benchmarks.delivery $(ARGS)

# The reference pages of the built-in plugins, from their settings.
docs: $(VENV)/installed
	$(VENV)/bin/python docs/plugins/generate.py

# The docs as a site in build/site; a warning, such as a link that leads nowhere, is an error.
site: $(VENV)/installed-docs
	$(VENV)/bin/sphinx-build --quiet --fail-on-warning --keep-going --builder html docs build/site

# The tests that run for many minutes.
soak: $(VENV)/installed-dev
	$(VENV)/bin/python -m pytest -rs --timeout 0 -m soak $(ARGS)
	$(VENV)/bin/python -m pytest -rs -n auto --timeout 0 -m "hypothesis and not soak" --hypothesis-profile soak $(ARGS)
	sh tests/mutation.sh

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'arfeed needs Python 3.11 or newer, and "$(PYTHON)" is none. Name one: make PYTHON=python3.13 $(MAKECMDGOALS)' >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade pip
	$(PIP) install --quiet --editable '.[board]'
	@touch $@

$(VENV)/installed-docs: $(VENV)/installed
	$(PIP) install --quiet --group docs
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) install --quiet --group test --group lint
	@touch $@
