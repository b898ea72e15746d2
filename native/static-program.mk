# How the small static programs are built: `make -C FOLDER OUT=path/to/program`. The same sources and compiler give the
# same bytes. The including Makefile names the default of OUT and, in SHARED, folders beside its own that it needs too.
CC ?= cc
# What protects cost the keeper 41 kB of file, and no memory or time that could be measured. Control-flow protection is
# left out: Linux enforces it for no such program. _FORTIFY_SOURCE=2 and not 3, of which older compilers warn.
CFLAGS ?= -Os -fPIE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
LDFLAGS ?= -static-pie -s -Wl,-z,relro,-z,now,-z,noexecstack

sources := $(sort $(wildcard *.c */*.c)) $(foreach folder,$(SHARED),$(sort $(wildcard $(folder)/*.c)))
# Headers are named without their folders.
folders := $(sort $(dir $(wildcard */*.h))) $(SHARED)
flags := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wno-format-truncation $(addprefix -iquote ,. $(folders)) \
	-ffunction-sections -fdata-sections -Wl,--gc-sections -Wl,--build-id=none

# musl-gcc does not look where the distribution keeps the kernel's headers, and links no static-pie.
ifneq ($(findstring musl,$(CC)),)
flags += -idirafter /usr/include -idirafter /usr/include/$(shell uname -m)-linux-gnu
LDFLAGS := $(subst -static-pie,-static -no-pie,$(LDFLAGS))
endif

$(OUT): $(sources) $(wildcard *.h */*.h $(addsuffix /*.h,$(SHARED))) $(MAKEFILE_LIST)
	mkdir -p $(dir $@)
	$(CC) $(flags) $(CFLAGS) $(LDFLAGS) -o $@ $(sources)
