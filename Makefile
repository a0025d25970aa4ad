# make run    start the program on 127.0.0.1:8000 (PORT=… changes it) with sample customers
# make test   the tests, against a private MariaDB server and SQLite
# make test-slow  those of them that take over half a second each: the other half of the time
# make test-deploy  the long tests of web servers: killed workers, hosts without room
# make test-fresh  lint and tests on a bare Debian 12 and 13 (needs root and debootstrap)
# make storm  a bank without patience, while workers and database are killed and links are cut:
#             SEED=1 SEEDS=1 PAYMENTS=3000; JSON=1 for a line of JSON, BUG="no deadline" to see it fail,
#             BOOKS=1: meanwhile the office imports, exports and posts, and its commands are killed
# make soak   payments at an even rate for an hour: memory, descriptors, threads, connections are
#             flat (MINUTES=60 RATE=5)
# make mutants  faults planted in the money path, one at a time: which of them does no test find?
#             NAMES="operation sql" (all: some hours); REPORT=1 to see what the last runs found,
#             SURVIVORS=1 to plant only what the last runs have left
# make million  a list of a million bills: the time and the memory it takes
# make storm-books  a minute in which imports, exports, posting and all else is killed (SECONDS, SEED)
# make coverage  both of them, measured; it fails where they reach not every line and branch of the walk
# make lint   style, types, and who may import whom
# make requirements  write requirements*.txt, with hashes, of requirements*.in
# make audit  ask whether a fault is known of a library that we use
# make texts  gather the texts of commands and the doctor, compile their translations
# make readme  write the documents' tables of banks anew, after a change of a dialect
# make settings  instance/config.toml and instance/deploy.toml to fill in, where there are none
# make deploy-ftp, make deploy-ssh, make send-settings, make rollback  to a host (deploy/README.md)
# make bench  the benchmark
# make clean  remove what the others made, settings and sample data excepted

PYTHON ?= python3
PORT ?= 8000
VENV := .venv

# Debian keeps mariadbd where only root's PATH looks.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin

stop = { echo "$(1)" >&2; exit 1; }

.DELETE_ON_ERROR:
.PHONY: requirements audit run test test-slow coverage coverage-report test-deploy test-fresh readme texts settings deploy-ftp deploy-ssh send-settings rollback storm soak storm-books million lint bench clean mariadb packages

run: $(VENV)/run.stamp instance/config.toml
	@$(VENV)/bin/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT))).close()' 2>/dev/null \
	|| $(call stop,Port $(PORT) of this machine is taken (or not for you): name another by make run PORT=8001)
	$(VENV)/bin/flask init-db --sample
	@echo
	@echo "Try it from another terminal, a check and a pay (в другом терминале, проверка и платёж):"
	@echo "  curl 'http://127.0.0.1:$(PORT)/qiwi?command=check&txn_id=1&account=7012340001'"
	@echo "  curl 'http://127.0.0.1:$(PORT)/qiwi?command=pay&txn_id=1001&account=7012340001&sum=100.00&txn_date=20261103091500'"
	@echo
	@exec $(VENV)/bin/gunicorn -c deploy/gunicorn.conf.py -b 127.0.0.1:$(PORT) wsgi:app

# What the tests leave is shown when they fail, and else goes. Other users of this machine may pass:
# some tests run programs as nobody.
pytest = @left=$$(mktemp -d); chmod 755 $$left; echo "pytest $(1) (gathering the tests takes half a minute)"; \
	TMPDIR=$$left $(VENV)/bin/pytest --basetemp=$$left/t $(if $(MEASURED),--cov --cov-append --cov-report=) $(1) && rm -rf $$left \
	|| $(call stop,The folders of these tests are in $$left.)

test: $(VENV)/test.stamp packages
	$(call pytest)
	@echo "Those that were deselected: make test-slow, and make test-deploy."

test-slow: $(VENV)/test.stamp packages
	$(call pytest,-m slow)

# The endpoint's own processes are measured, too. What decides about money is reached whole: every
# line, every branch. MEASURED=1 adds what a run of tests reaches to what build/coverage holds.
WALK := callback/handlers.py,callback/signature.py,callback/operation.py,callback/lookup.py,callback/request.py,callback/record.py,callback/wire.py,callback/protocols/*,callback/database/*
coverage:
	@rm -f build/coverage build/coverage.*
	@$(MAKE) test test-slow MEASURED=1
	@$(MAKE) coverage-report

coverage-report: $(VENV)/test.stamp
	@$(VENV)/bin/coverage report
	$(VENV)/bin/coverage report --include='$(WALK)' --fail-under=100

test-deploy: $(VENV)/test.stamp packages
	$(call pytest,-m deploy)

# RELEASES="bookworm trixie" and TARGETS="lint test" change what is tried: RELEASES=forky has Python
# 3.14, the newest.
test-fresh:
	.ci/fresh $(RELEASES)

settings: $(VENV)/run.stamp instance/config.toml instance/deploy.toml
	@echo "Fill in instance/config.toml (README.md) and instance/deploy.toml (deploy/README.md)."
	@echo "Заполните instance/config.toml (README.ru.md) и instance/deploy.toml (deploy/README.ru.md)."

# Settings: instance/deploy.toml, which says how the host is reached; VIA=ftp or VIA=ssh says otherwise.
VIA ?=
deploy-ftp deploy-ssh: $(VENV)/run.stamp
	$(VENV)/bin/python deploy/release.py $(@:deploy-%=%)

send-settings: $(VENV)/run.stamp
	$(VENV)/bin/python deploy/release.py $(VIA) --only-settings

rollback: $(VENV)/run.stamp
	$(VENV)/bin/python deploy/release.py $(VIA) --rollback

lint: $(VENV)/test.stamp
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

texts: $(VENV)/test.stamp
	$(VENV)/bin/python -m tests.support.catalog

readme: $(VENV)/run.stamp
	$(VENV)/bin/python -m callback.tools.readme

# A list of a million bills, with the time and the memory it takes.
million: $(VENV)/test.stamp mariadb
	BILLS=1000000 $(VENV)/bin/pytest -q -m "" tests/tools/books/test_bills_stream.py

# What the books are after it: tests/storm/books.py. A seed that found something: SEED=….
SECONDS ?= 60
storm-books: $(VENV)/test.stamp mariadb
	$(VENV)/bin/python -m tests.storm.books --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

# A million payments: make storm SEEDS=100 PAYMENTS=10000
storm: $(VENV)/test.stamp mariadb
	@$(VENV)/bin/python -m tests.storm --seed=$(or $(SEED),1) --seeds=$(or $(SEEDS),1) \
		--payments=$(or $(PAYMENTS),3000) $(if $(JSON),--json) $(if $(BUG),--bug="$(BUG)") \
		$(if $(BOOKS),--books=$(BOOKS:1=both))

soak: $(VENV)/test.stamp mariadb
	@$(VENV)/bin/python -m tests.storm.soak --minutes=$(or $(MINUTES),60) --rate=$(or $(RATE),5)

# mutmut makes the faults, and has a place of its own: what it needs is nobody's else.
mutants: $(VENV)/test.stamp mariadb build/mutmut
	$(VENV)/bin/python -m tests.mutants $(NAMES) $(if $(REPORT),--report) \
		$(if $(SURVIVORS),--survivors)

bench: $(VENV)/test.stamp mariadb
	bench/run

clean:
	rm -rf $(VENV) build .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Made once and then yours: never overwritten.
instance/deploy.toml:
	@mkdir -p $(@D)
	@umask 077; cat deploy/deploy.toml > $@

instance/config.toml:
	@mkdir -p $(@D)
	@umask 077; secret=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(32))') \
	&& sed "s/^SECRET_KEY = \"public-secret-of-the-sample\"/SECRET_KEY = \"$$secret\"/" sample.toml > $@

mariadb packages:
	@tests/packages $(@:packages=all)

$(VENV)/test.stamp: requirements-test.txt requirements-optional.txt requirements.txt | $(VENV)/bin/pip
	@echo "Fetching the libraries of the program and of its tests into $(VENV): a minute or two."
	@$(VENV)/bin/pip install -q --disable-pip-version-check -r requirements-test.txt
	@touch $@ $(VENV)/run.stamp

$(VENV)/run.stamp: requirements.txt | $(VENV)/bin/pip
	@echo "Fetching the libraries of the program into $(VENV)."
	@$(VENV)/bin/pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

# What people write is *.in; pip reads *.txt, and takes no file with another hash. For every Python
# from 3.10 on, and for Windows and macOS, whatever this machine is.
LISTS := requirements requirements-optional requirements-test
requirements: build/tools
	@for list in $(LISTS); do rm -f $$list.txt; \
		build/tools/bin/uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-annotate --no-strip-extras \
		--custom-compile-command "make requirements, from $$list.in" $$list.in -o $$list.txt || exit; done

audit: build/tools
	@for list in $(LISTS); do build/tools/bin/pip-audit --strict --disable-pip --require-hashes -r $$list.txt || exit; done

build/tools: | $(VENV)/bin/pip
	$(PYTHON) -m venv $@
	$@/bin/pip install -q --disable-pip-version-check uv==0.13.9 pip-audit==2.10.1

build/mutmut: | $(VENV)/bin/pip
	$(PYTHON) -m venv $@
	$@/bin/pip install -q --disable-pip-version-check mutmut==3.8.1 sqlglot==30.30.0

# Debian splits venv from Python; a venv made without it has no pip.
$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	|| $(call stop,This needs Python 3.10 or newer: name one with PYTHON=….)
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || tests/packages venv
	@echo "Making $(VENV), a Python of its own for this checkout."
	@$(PYTHON) -m venv --clear $(VENV)
