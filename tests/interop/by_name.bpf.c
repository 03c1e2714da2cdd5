/* As libbpf has them: a map in section .maps that is pinned by name. */
#include "bpf_fixture.h"

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

static __always_inline void count(void)
{
	u32 zero = 0;
	u64 *value = bpf_map_lookup_elem(&counts, &zero);

	if (value)
		*value += 1;
}

SEC("classifier")
int cls_count(void *skb)
{
	count();
	return 0;
}

SEC("xdp")
int xdp_count(void *frame)
{
	count();
	return 2; /* XDP_PASS */
}
