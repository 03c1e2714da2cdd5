/* What both programs know: the map, by its name and definition. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;

/* Sent packets by IP protocol. LIBBPF_PIN_BY_NAME is 1. */
struct {
	__uint(type, 2); /* BPF_MAP_TYPE_ARRAY */
	__uint(max_entries, 256);
	__uint(pinning, 1);
	__type(key, u32);
	__type(value, u64);
} packets SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
