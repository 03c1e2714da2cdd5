/* Maps and programs that iproute2 puts into others by number: one map in slot 1 of the outer one, one program in slot 3
 * of the prog array. All of them are pinned. */
#include "bpf_fixture.h"

struct bpf_elf_map {
	u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx;
};

#define __section_maps SEC("maps")
#define PIN_GLOBAL_NS 2

char _license[] SEC("license") = "GPL";

struct bpf_elf_map __section_maps inner = {
	.type = BPF_MAP_TYPE_ARRAY,
	.size_key = sizeof(u32),
	.size_value = sizeof(u32),
	.max_elem = 1,
	.id = 42,
	.pinning = PIN_GLOBAL_NS,
	.inner_idx = 1,
};

struct bpf_elf_map __section_maps outer = {
	.type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
	.size_key = sizeof(u32),
	.size_value = sizeof(u32),
	.max_elem = 4,
	.pinning = PIN_GLOBAL_NS,
	.inner_id = 42,
};

struct bpf_elf_map __section_maps jumps = {
	.type = BPF_MAP_TYPE_PROG_ARRAY,
	.size_key = sizeof(u32),
	.size_value = sizeof(u32),
	.max_elem = 8,
	.id = 7,
	.pinning = PIN_GLOBAL_NS,
};

/* Where the inner map leads: a slot of jumps. */
SEC("classifier")
int cls_jump(void *skb)
{
	u32 one = 1, zero = 0, *slot;
	void *map = bpf_map_lookup_elem(&outer, &one);

	if (!map)
		return 400;
	slot = bpf_map_lookup_elem(map, &zero);
	if (slot)
		bpf_tail_call(skb, &jumps, *slot);
	return 404;
}

SEC("7/3")
int third(void *skb)
{
	return 3;
}
