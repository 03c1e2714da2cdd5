/* For the skeleton: drops UDP once the classifier has counted enough of it. */
#include "packets.h"

struct frame {
	u32 data, data_end;
};

const volatile u64 limit = 1;
u64 passed, dropped;

SEC("xdp")
int drop(struct frame *frame)
{
	u8 *data = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
	u32 udp = 17;
	u64 *counter;

	if (data + 14 + 20 > end || data[12] != 0x08 || data[13] != 0x00 || data[14 + 9] != udp)
		return 2; /* XDP_PASS */
	counter = bpf_map_lookup_elem(&packets, &udp);
	if (counter && *counter > limit) {
		__sync_fetch_and_add(&dropped, 1);
		return 1; /* XDP_DROP */
	}
	__sync_fetch_and_add(&passed, 1);
	return 2;
}
