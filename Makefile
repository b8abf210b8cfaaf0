# make demo   run the whole pipeline on the demo corpus     make test   run the tests
# make lint   check style, types and the workflow           make lock   resolve the requirements anew
# make test-faults   run the workflow while processes are shot, disks are full and files change
# make test-large     run the tests of long and many recordings (minutes)
# make test-cluster   run the tests on a Slurm of their own (as root on Debian or Ubuntu it is installed)

VENV := .venv
BIN := $(VENV)/bin
# the first Python 3.12 or 3.13 that really runs (a pyenv shim may exist and still fail)
PYTHON ?= $(shell for p in python3.12 python3 python3.13 $$HOME/.pyenv/versions/3.1[23].*/bin/python; do \
	$$p -c 'import sys; sys.exit(not (3, 12) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
ACTIVATE := . $(BIN)/activate
# behind a TLS-inspecting proxy only the system store knows the certificate
export UV_SYSTEM_CERTS := 1
COMPILE := $(BIN)/uv pip compile -q --generate-hashes --no-annotate --custom-compile-command "make lock" \
	--python-version 3.12 --override requirements/overrides.txt

.PHONY: demo test test-large test-cluster test-faults lint lock clean
demo: $(VENV)/.ready
	$(ACTIVATE) && snakemake --cores all

test: $(VENV)/.ready
	$(ACTIVATE) && python -m pytest $(ALSO)

test-large: $(VENV)/.ready
	$(ACTIVATE) && python -m pytest -n 0 -s --large tests/test_large.py

test-cluster: $(VENV)/.ready
	tests/slurm/install.sh
	$(ACTIVATE) && timeout --foreground --kill-after=1m 2h python -m pytest --slurm tests/test_cluster_run.py tests/test_cluster_jobs.py

# as root it fills disks too; the table goes to benchmarks/faults.txt
test-faults: $(VENV)/.ready
	$(ACTIVATE) && python -m pytest -n 0 --faults tests/faults

lint: $(VENV)/.ready
	$(ACTIVATE) && ruff check && ruff format --check && mypy && snakefmt --check Snakefile workflow && snakemake --lint

lock: $(VENV)/.ready
	$(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) requirements/requirements.in -o requirements.txt

clean:
	rm -rf $(VENV)

# the lock is complete, so nothing is resolved: --no-deps installs exactly what it lists
$(VENV)/.ready: requirements.txt requirements/uv.txt
	@test -n "$(PYTHON)" || { echo "Python 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt
	VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/uv pip install -q --no-deps --require-hashes -r requirements.txt
	$(BIN)/python -c 'import pathlib, sys, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "unitvoice.pth").write_text(sys.argv[1])' "$(CURDIR)/src"
	touch $@
