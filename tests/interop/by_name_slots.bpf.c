/* A map in a map, as libbpf has them; both are pinned by name. */
#include "bpf_fixture.h"

char _license[] SEC("license") = "GPL";

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, u32);
	__type(value, u32);
} inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 1);
		__type(key, u32);
		__type(value, u32);
	});
} outer SEC(".maps") = {
	.values = { [1] = (void *)&inner },
};

SEC("classifier")
int cls_look(void *skb)
{
	u32 one = 1, zero = 0, *value;
	void *map = bpf_map_lookup_elem(&outer, &one);

	if (!map)
		return 400;
	value = bpf_map_lookup_elem(map, &zero);
	return value ? *value : 404;
}
