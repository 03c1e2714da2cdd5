// SPDX-License-Identifier: MIT OR Apache-2.0
// PROGRAMS programs (1 or 4) that take the verifier a while each.
#include "../../../../examples/hello/src/bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, u64);
} table SEC(".maps");

static __attribute__((always_inline)) int walk(u64 *ctx)
{
	u64 sum = ctx[0];

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
