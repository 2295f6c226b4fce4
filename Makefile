# The commands of everyday work. Each does all it needs, from the packages up, and little when
# nothing has changed. PRESET is one of CMakePresets.json: make test PRESET=debug
PRESET ?= release
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
BUILD := build/$(PRESET)
# Tracked sources and new ones that are not ignored.
SOURCES = git ls-files -co --exclude-standard --deduplicate -- '*.h' '*.cpp'

.PHONY: help setup setup-check build demo test test-python python wheel docs bench accuracy peers pictures false-admissions format check-format tidy manual install clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | column -t -s '|'

build: $(BUILD)/build.ninja  ## the program, the libraries, tests and benchmarks
	@cmake --build $(BUILD) -j $(JOBS) --target all benchmarks

demo: $(BUILD)/build.ninja  ## the main job: a reward model in a million dimensions
	@cmake --build $(BUILD) -j $(JOBS) --target esscher
	@examples/simulate.sh $(BUILD)/apps/esscher/esscher

# Those of Python, which need PyPI, with the release build; ctest's summary comes last all the same.
test: $(BUILD)/build.ninja  ## all tests
	@scripts/setup.sh test
	@cmake --build $(BUILD) -j $(JOBS)
	@python=0; $(if $(filter release,$(PRESET)),$(MAKE) --no-print-directory test-python || python=$$?;) \
	ctest --preset $(PRESET) -j $(JOBS) && exit $$python

# Compiles the Python module alone: all else is that of the build.
python: $(BUILD)/build.ninja  ## the Python package: a wheel, installed in build/python/venv
	@scripts/setup.sh python
	@cmake --build $(BUILD) -j $(JOBS) --target install_needs
	@scripts/python.sh $(BUILD)

# Threads that wait do not spin: several processes share the processors.
test-python: python  ## the tests of the Python package alone
	@OMP_WAIT_POLICY=PASSIVE build/python/venv/bin/python -m pytest -q -n $(JOBS) --dist worksteal

wheel: python  ## a wheel that holds its libraries, for any Linux as new, in build/python/dist
	@scripts/wheel.sh
	@scripts/wheel_test.sh

docs: python  ## the site of the Python package, in build/docs/html
	@scripts/docs.sh

bench: build  ## all benchmarks, one after the other
	@for program in $(BUILD)/bench/*_bench; do echo "== $$program" >&2; $$program || exit 1; done

# Peers come from PyPI, into a virtual environment of their own.
PEERS := build/peers
$(PEERS)/installed: bench/real/peers/requirements.txt
	@scripts/setup.sh peers
	@python3 -m venv $(PEERS)
	@$(PEERS)/bin/pip install --quiet -r $<
	@touch $@

accuracy: $(BUILD)/build.ninja $(PEERS)/installed  ## learned rewards beside scikit-learn and LightGBM
	@cmake --build $(BUILD) -j $(JOBS) --target esscher
	@$(PEERS)/bin/python bench/real/peers/accuracy.py $(BUILD)/apps/esscher/esscher $(SEEDS) $(SIZES) $(TABLES)

BENCH_PEERS := build/bench-peers
$(BENCH_PEERS)/installed: bench/peers/requirements.txt
	@scripts/setup.sh peers
	@python3 -m venv $(BENCH_PEERS)
	@$(BENCH_PEERS)/bin/pip install --quiet -r $<
	@touch $@

peers: python $(BENCH_PEERS)/installed  ## times beside PyTorch, scikit-learn, arviz-stats, xrfm and others
	@$(BENCH_PEERS)/bin/pip install --quiet --no-deps --force-reinstall build/python/wheel/*.whl
	@$(BENCH_PEERS)/bin/python bench/peers/run.py $(SUBJECTS)

false-admissions: $(BUILD)/build.ninja  ## how often noise is given a safe temperature
	@cmake --build $(BUILD) -j $(JOBS) --target false_admissions
	@$(BUILD)/bench/false_admissions $(RUNS)

pictures: $(BUILD)/build.ninja  ## the README's pictures, from real runs
	@scripts/setup.sh test
	@cmake --build $(BUILD) -j $(JOBS) --target esscher
	@scripts/pictures.sh $(BUILD)/apps/esscher/esscher

format: setup-check  ## clang-format on every source
	@$(SOURCES) | xargs clang-format -i

check-format: setup-check  ## fails where clang-format would change something
	@$(SOURCES) | xargs clang-format --dry-run -Werror

tidy: setup-check  ## clang-tidy on every source of the libraries and programs
	@cmake --preset asan-ubsan -B build/tidy -DESSCHER_UNITY_BATCH=64 -DESSCHER_BUILD_TESTS=OFF >/dev/null
	@cmake --build build/tidy --target esscher_build_commit
	@TIDY_CHECKS='$(TIDY_CHECKS)' scripts/tidy.sh build/tidy $(JOBS)

manual: $(BUILD)/build.ninja  ## docs/cli.md from the program's own definitions
	@cmake --build $(BUILD) -j $(JOBS) --target esscher
	@$(BUILD)/apps/esscher/esscher manual -o docs/cli.md

install: build  ## into PREFIX (/usr/local), with what find_package(esscher) needs
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean:  ## removes all that was built
	@rm -rf build

setup:
	@scripts/setup.sh build

setup-check:
	@scripts/setup.sh build check

# Ninja runs CMake again by itself when a CMake file changes.
$(BUILD)/build.ninja: CMakePresets.json | setup
	@cmake --preset $(PRESET)
