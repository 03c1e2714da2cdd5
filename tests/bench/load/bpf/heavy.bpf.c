// SPDX-License-Identifier: MIT OR Apache-2.0
// PROGRAMS programs (1 or 4) that take the verifier a while each; with CORE also three root types to look for.
#include "../../../../examples/hello/src/bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, u64);
} table SEC(".maps");

#ifdef CORE
#define EXISTS 2
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct { int stack; };
struct file { int f_flags; };
struct sk_buff { int data_len; };
#pragma clang attribute pop
#define asked() (__builtin_preserve_field_info(((struct task_struct *)0)->stack, EXISTS) +                            \
		 __builtin_preserve_field_info(((struct file *)0)->f_flags, EXISTS) +                                 \
		 __builtin_preserve_field_info(((struct sk_buff *)0)->data_len, EXISTS))
#else
#define asked() 0
#endif

static __attribute__((always_inline)) int walk(u64 *ctx)
{
	u64 sum = ctx[0] + asked();

	for (u32 i = 0; i < 800; i++) {
		u32 key = (sum + i) & 63;
		u64 *value = bpf_map_lookup_elem(&table, &key);

		if (value)
			sum += *value ^ i;
	}
	return sum & 1;
}

#define PROGRAM(name) SEC("raw_tp/sched_switch") int name(u64 *ctx) { return walk(ctx); }
PROGRAM(heavy_1)
#if PROGRAMS > 1
PROGRAM(heavy_2)
PROGRAM(heavy_3)
PROGRAM(heavy_4)
#endif
