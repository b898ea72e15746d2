/* A seccomp filter, built from start to end. */
#pragma once

void filter_start(void);
void filter_install(void);

void filter_refuse_call(unsigned call, int error);

/* Rules for one call go between these; they must end with filter_allow or filter_refuse. */
void filter_begin(unsigned call);
void filter_end(void);

/* Loads the lower half, which is all that the kernel uses of an int. */
void filter_load_argument(unsigned number);
void filter_mask(unsigned mask);
void filter_allow(void);
void filter_refuse(int error);
void filter_allow_if_equal(unsigned value);
void filter_allow_unless_any_bit(unsigned bits);
void filter_refuse_if_equal(unsigned value, int error);
void filter_refuse_unless_equal(unsigned value, int error);
void filter_refuse_if_any_bit(unsigned bits, int error);
