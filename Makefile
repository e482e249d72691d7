# Touchstone: one program, built out of tree under build/.
#
#   make            build/release/touchstone
#   make run        install what is missing, build, serve the built-in model
#   make test       install what is missing, build, pass every test
#   make help       the other words
#
# Sources are found by wildcard: a new file needs no line here. Every flavour (release, address,
# ...) has its own folder, so switching never rebuilds the other.

FLAVOUR ?= release
B       := build/$(FLAVOUR)
FOLDERS := base config engine engine/kernels engine/model engine/tokenizer engine/template \
           reward reward/math reward/code reward/plan server server/routes server/cli
MAIN    := server/main.c
SRCS    := $(filter-out $(MAIN),$(foreach d,$(FOLDERS),$(wildcard $(d)/*.c)))
OBJS    := $(SRCS:%.c=$(B)/%.o)
LIB     := $(B)/libtouchstone.a
BIN     := $(B)/touchstone

UNIT_SRCS  := $(wildcard tests/unit/test_*.c)
UNITS      := $(UNIT_SRCS:%.c=$(B)/%)
FUZZ_SRCS  := $(wildcard tests/fuzz/fuzz_*.c)
REPLAYS    := $(FUZZ_SRCS:%.c=$(B)/%)
BENCH_SRCS := $(wildcard tests/bench/bench_*.c)
BENCHES    := $(BENCH_SRCS:%.c=$(B)/%)

# The libraries of deploy/packages.txt. FLINT 2.9's parts have no pkg-config files.
PKGS      := libmicrohttpd libcjson libuv openblas libpcre2-8 libutf8proc libseccomp
CC        ?= cc
CPPFLAGS  += -I. -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
WARNINGS  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wmissing-prototypes \
             -Wwrite-strings -Wundef -Wvla -Wno-format-truncation
HARDENING := -fstack-protector-strong -fPIE -fstack-clash-protection -fcf-protection
# No contraction: a*b+c is two roundings unless the source says fma(). The bits depend on it.
CFLAGS    += -std=c11 -g -pthread -ffp-contract=off -fno-math-errno $(WARNINGS) $(HARDENING)
LDFLAGS   += -pie -Wl,-z,relro,-z,now -pthread
LDLIBS    += $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lcalcium -lantic -lflint-arb -lflint -lmpfr -lgmp -lm -ldl
ifeq ($(CI),true)
CFLAGS    += -Werror
endif
ifeq ($(FLAVOUR),release)
CFLAGS    += -O3
else ifeq ($(FLAVOUR),debug)
CFLAGS    += -O0
else # a sanitizer: address (with undefined), thread
SANITIZE  := $(if $(filter address,$(FLAVOUR)),address$(comma)undefined,$(FLAVOUR))
CPPFLAGS  += -U_FORTIFY_SOURCE
CFLAGS    += -O1 -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
LDFLAGS   += -fsanitize=$(SANITIZE)
endif
comma := ,

# Only an ISA file gets ISA flags; the file that probes the CPU gets none.
$(B)/engine/kernels/avx2.o:       CFLAGS += -mavx2 -mfma -mf16c
$(B)/engine/kernels/avxvnni.o:    CFLAGS += -mavx2 -mfma -mf16c -mavxvnni
$(B)/engine/kernels/avx512vnni.o: CFLAGS += -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mfma -mf16c

all: $(BIN)

$(BIN): $(B)/server/main.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(OBJS)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(UNITS): $(B)/%: $(B)/%.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

$(REPLAYS): $(B)/%: $(B)/%.o $(B)/tests/fuzz/replay.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BENCHES): $(B)/%: $(B)/%.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: all clean
.SECONDARY:
clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
