/* As iproute2's own loader had them: maps in section maps, found by number; what a section is for, by its name.
 * -DOBJECT_NS pins the map under the digest of the object's file; -DENTRIES=N gives it another size. */
#include "bpf_fixture.h"

struct bpf_elf_map {
	u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx;
};

#define __section_maps SEC("maps")

#ifdef OBJECT_NS
#define PINNING 1
#else
#define PINNING 2
#endif

#ifndef ENTRIES
#define ENTRIES 2
#endif

char _license[] SEC("license") = "GPL";

struct bpf_elf_map __section_maps counts = {
	.type = BPF_MAP_TYPE_ARRAY,
	.size_key = sizeof(u32),
	.size_value = sizeof(u64),
	.max_elem = ENTRIES,
	.pinning = PINNING,
};

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

SEC("prog")
int xdp_count(void *frame)
{
	count();
	return 2; /* XDP_PASS */
}
