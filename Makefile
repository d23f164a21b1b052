# `make run` starts everything, `make test` checks everything. Both set up what is missing.
PYTHON ?= python3
IN := .venv/bin/
# The type checker's Django plugin reads the settings, which want these; nothing connects to them,
# and nothing is encrypted.
SECRETS := IGNORE_ENV_FILES=1 SECRET_KEY=none \
	FIELD_ENCRYPTION_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
SETTINGS := $(SECRETS) DATABASE_URL=postgresql://127.0.0.1:1/none REDIS_URL=redis://127.0.0.1:1/0
# The command behind it has PostgreSQL and Redis: its own, or those that are in the environment.
SERVERS := $(IN)python -m config.embedded --

# Where the environment forbids it, as in many containers, each of the many processes that are started
# here would compile all of its modules again, which takes two of its three seconds.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test bootstrap format lint types contracts migrations browser tests fix docs lock bench

run: ## start everything in this terminal; PORT=8000
	@$(PYTHON) config/bootstrap.py && exec $(IN)python -m config.runner --with-parent

test: ## check everything
	@$(MAKE) --no-print-directory bootstrap
	@$(MAKE) --no-print-directory -j 3 format lint types contracts migrations browser
	@$(MAKE) --no-print-directory tests
	@echo "==> All is well."

bootstrap:
	@$(PYTHON) config/bootstrap.py --dev

format:
	@echo "==> format  (make fix mends it)"
	@$(IN)ruff format --check --quiet .

lint:
	@echo "==> lint"
	@$(IN)ruff check --quiet --output-format=concise .

types:
	@echo "==> types"
	@$(SETTINGS) $(IN)mypy

contracts:
	@echo "==> import contracts"
	@report=$$($(IN)lint-imports --no-logo 2>&1) || { echo "$$report"; exit 1; }

migrations:
	@echo "==> migrations"
	@$(SECRETS) $(SERVERS) $(IN)python manage.py makemigrations --check --dry-run

# Without windows it takes a third of the CPU; where there is none such, the whole one does. Where
# neither can be had, the tests that need it say that they were skipped.
APT := apt-get -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20
INSTALL := DEBIAN_FRONTEND=noninteractive $(APT) install -y --no-install-recommends fonts-dejavu-core
browser:
	@test -x /usr/bin/chromium-headless-shell || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "==> installing Chromium" \
		&& { $(APT) update && { $(INSTALL) chromium-headless-shell || test -x /usr/bin/chromium \
			|| $(INSTALL) chromium; }; } >/dev/null 2>&1; } || true

# They are shared out to three processes, each with servers of its own: they wait more than they
# reckon. Those that the others would spoil follow by themselves. With servers from the environment,
# which cannot be shared, one process runs all.
ifeq ($(PYTEST)$(DATABASE_URL)$(REDIS_URL),)
RUN_TESTS := $(IN)python -m pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder \
	-m "not alone" && $(SERVERS) $(IN)python -m pytest -m alone \
	$$(grep -rlw --include='test_*.py' mark.alone tests)
else
RUN_TESTS := $(SERVERS) $(IN)python -m pytest $(PYTEST)
endif

tests: ## PYTEST="-k name" chooses some
	@echo "==> tests"
	@$(RUN_TESTS)

fix: bootstrap ## mend what can be mended: format, order of imports
	@$(IN)ruff check --fix --quiet . ; $(IN)ruff format --quiet .

docs: bootstrap ## write docs/openapi.json and docs/clients/types.ts
	@$(SETTINGS) $(IN)python manage.py spectacular --format openapi-json --validate --file docs/openapi.json
	@$(IN)python docs/clients/make_types.py

LOCK := $(IN)uv pip compile --quiet --no-header --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links

lock: bootstrap ## write the exact versions of pyproject.toml's lists
	@$(LOCK) pyproject.toml -o requirements.txt
	@$(LOCK) pyproject.toml --group dev -o requirements-dev.txt
	@printf 'mcp==1.30.0\nuvicorn==0.54.0\n' | $(LOCK) - -o requirements-mcp1.txt

bench: bootstrap ## measure what a check costs; N=20000
	@$(IN)python -m bench
