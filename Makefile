# Each target first sets up the virtual environment if it is missing or outdated.

VENV ?= .venv
# The first usable Python. The version range is that of python_requires in setup.cfg.
SUPPORTED = import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c '$(SUPPORTED)' 2>/dev/null && echo $$p && break; done)

RUN = $(VENV)/bin/python
PIP = $(RUN) -m pip -qq --disable-pip-version-check
# pip is missing if the system Python was upgraded under the environment, or if its creation was interrupted.
USABLE = $(RUN) -I -c 'import pip; $(SUPPORTED)' 2>/dev/null

# This file exists if the environment matches these files. INSTALLED= skips the installation.
CHECKSUM := $(shell { pwd -P; cat setup.cfg pyproject.toml constraints.txt; } | cksum | cut -d ' ' -f 1)
INSTALLED ?= $(VENV)/installed-$(CHECKSUM)

.PHONY: help train recover sweep test tensorboard check format pictures lock test-lowest

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'Pass options in ARGS: make train ARGS=--help'

train: $(INSTALLED) ## Fit the lesson, or data of your own (scripts/train.py)
	@$(RUN) scripts/train.py $(ARGS)

recover: $(INSTALLED) ## Recover a truth from many data sets (scripts/recover.py)
	@$(RUN) scripts/recover.py $(ARGS)

sweep: $(INSTALLED) ## Fit the lesson at learning rates from too small to too large (scripts/sweep.py)
	@$(RUN) scripts/sweep.py $(ARGS)

# Some tests call make and must not inherit the settings of this call.
ALONE = unset ARGS MAKEFLAGS MFLAGS MAKELEVEL;

test: $(INSTALLED) ## Run the tests
	@$(ALONE) $(RUN) -m pytest --numprocesses 2 --dist loadfile $(ARGS)

tensorboard: $(INSTALLED) ## Show the runs in logs/ in the browser
	@$(RUN) -m tensorboard.main --logdir logs $(ARGS)

# mypy checks the installed wheel; its messages are rewritten to the names in the source tree.
check: $(INSTALLED) ## Check formatting, style and types
	$(RUN) -m ruff format --check
	$(RUN) -m ruff check
	$(VENV)/bin/oxfmt --check descent_tab/page
	$(VENV)/bin/oxlint descent_tab/page
	rm -rf build
	$(PIP) install --no-deps --no-build-isolation --target build/installed .
	@echo '$(RUN) -m mypy build/installed/linfit build/installed/tensorboard_plugin_linfit scripts'
	@report=$$($(RUN) -m mypy build/installed/linfit build/installed/tensorboard_plugin_linfit scripts); status=$$?; \
	printf '%s\n' "$$report" | sed -e 's,^build/installed/linfit/callbacks/,callbacks/,' \
		-e 's,^build/installed/tensorboard_plugin_linfit/,descent_tab/,' -e 's,^build/installed/,,'; \
	exit $$status

format: $(INSTALLED) ## Format the code and apply the linters' automatic fixes
	$(RUN) -m ruff check --fix --exit-zero
	$(RUN) -m ruff format
	$(VENV)/bin/oxlint --fix --silent descent_tab/page || true
	$(VENV)/bin/oxfmt descent_tab/page

pictures: $(INSTALLED) ## Regenerate the pictures of the README and docs/ (needs Chromium)
	@$(RUN) scripts/pictures.py

# An outdated environment is good enough here: new bounds may exclude the old pins.
lock: $(if $(wildcard $(VENV)/bin/uv),,$(INSTALLED)) ## Pin the newest allowed versions in constraints.txt
	$(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-python-downloads \
		--extra dev --annotation-style line --custom-compile-command 'make lock' \
		--output-file constraints.txt setup.cfg

test-lowest: $(INSTALLED) ## Run the tests with the lowest allowed versions, in .venv-lowest
	$(VENV)/bin/uv venv --quiet --clear --python $(RUN) .venv-lowest
	$(VENV)/bin/uv pip install --quiet --python .venv-lowest --resolution lowest-direct --editable '.[dev]'
	@$(ALONE) .venv-lowest/bin/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

# An unusable environment is always recreated, even if its marker file exists.
ifneq ($(INSTALLED),)
ifneq ($(shell $(USABLE) && echo yes),yes)
.PHONY: $(INSTALLED)
endif
endif

# Only an existing virtual environment is ever cleared.
$(INSTALLED):
	@echo 'Setting up $(VENV) (a few minutes the first time) ...'
	@$(USABLE) || { \
		python='$(PYTHON)'; \
		if ! "$$python" -c '$(SUPPORTED)' 2>/dev/null; then \
			echo 'Found no Python 3.11 to 3.13 with venv: install one or name it, as in make PYTHON=/path/to/python3' >&2; \
			exit 1; \
		fi; \
		clear=; if test -e $(VENV)/pyvenv.cfg; then clear=--clear; fi; \
		"$$python" -m venv $$clear $(VENV); \
	}
	@rm -rf $(VENV)/installed-* linfit.egg-info # left by an earlier build, with outdated entry points
	@$(PIP) install --constraint constraints.txt pip setuptools
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	@touch $@
