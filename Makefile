# make demo, test, check, coverage, release-check, bench, bench-delivery, docs, site, soak: each makes its environment in .venv
# first, and again whenever pyproject.toml changes. Another Python: make test PYTHON=python3.13. More for pytest: make test ARGS="-k xero -x"

PYTHON ?= python3
ARGS ?=
VERSION ?=

# sys.monitoring traces lines at nearly no cost, from Python 3.12 on.
COVERAGE_CORE = $(shell .venv/bin/python -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")')

# Twice the processors, since tests of servers, locks and browsers mostly wait. With worksteal a module stays with one worker as far
# as that goes, and what a module sets up, such as the books of a ledger, is made once.
WORKERS = $(shell .venv/bin/python -c 'import os; print(2 * (os.cpu_count() or 1))')

PIP := .venv/bin/python -m pip --disable-pip-version-check --no-input

.PHONY: demo test check coverage release-check bench bench-delivery docs site soak

demo: .venv/installed
	@ARFEED=.venv/bin/arfeed sh examples/demo.sh

# Tests that need a real server say so and are skipped where there is none; with CI=true they fail.
test: .venv/installed-dev
	.venv/bin/python -m pytest -n $(WORKERS) --dist worksteal -rs $(ARGS)

# What CI runs in place of `make test`: the same tests, and how many lines of the rooms that can lose money they run. Tracing
# costs time (on Python 3.12 and newer little: COVERAGE_CORE), so `make test` leaves it out.
coverage: .venv/installed-dev
	COVERAGE_CORE=$(COVERAGE_CORE) .venv/bin/python -m pytest -n $(WORKERS) --dist worksteal -rs \
		--cov=arfeed.planning --cov=arfeed.delivery --cov=arfeed.history --cov-report= $(ARGS)
	.venv/bin/coverage report --skip-covered --include='*/arfeed/planning/*' --fail-under=97
	.venv/bin/coverage report --skip-covered --include='*/arfeed/delivery/*' --fail-under=90
	.venv/bin/coverage report --skip-covered --include='*/arfeed/history/*' --fail-under=93

check: .venv/installed-dev
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

# What RELEASING.md has checked before a release: make release-check VERSION=0.2.0
release-check: .venv/installed-dev
	PYTHON=$(PYTHON) VERSION=$(VERSION) sh .ci/release-check

# Workbooks for it are written by openpyxl.
bench: .venv/installed
	@$(PIP) install --quiet 'openpyxl>=3.1'
	.venv/bin/python -m benchmarks $(ARGS)

# Needs sshd, rclone and lftp.
bench-delivery: .venv/installed
	@$(PIP) install --quiet 'paramiko>=5'
	.venv/bin/python -m benchmarks.delivery $(ARGS)

# The reference pages of the built-in plugins, from their settings.
docs: .venv/installed
	.venv/bin/python docs/plugins/generate.py

# The docs as a site in build/site; a warning, such as a link that leads nowhere, is an error.
site: .venv/installed-docs
	.venv/bin/sphinx-build --quiet --fail-on-warning --keep-going --builder html docs build/site

# The tests that run for many minutes.
soak: .venv/installed-dev
	.venv/bin/python -m pytest -rs --timeout 0 -m soak $(ARGS)
	.venv/bin/python -m pytest -rs -n auto --timeout 0 -m "hypothesis and not soak" --hypothesis-profile soak $(ARGS)
	sh tests/mutation.sh

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'arfeed needs Python 3.11 or newer, and "$(PYTHON)" is none. Name one: make PYTHON=python3.13 $(MAKECMDGOALS)' >&2; \
		exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) install --quiet --upgrade pip
	$(PIP) install --quiet --editable .
	@touch $@

.venv/installed-docs: .venv/installed
	$(PIP) install --quiet --group docs
	@touch $@

.venv/installed-dev: .venv/installed
	$(PIP) install --quiet --group test --group lint
	@touch $@
