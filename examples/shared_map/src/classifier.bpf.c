/* For `tc filter add … bpf da obj classifier.bpf.o sec classifier`: counts what leaves. */
#include "packets.h"

/* struct __sk_buff, as far as it is used. */
struct packet {
	u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority,
		ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end;
};

SEC("classifier")
int count(struct packet *packet)
{
	u8 *data = (void *)(long)packet->data, *end = (void *)(long)packet->data_end;
	u64 *counter;
	u32 protocol;

	/* Ethernet, then IPv4: its protocol is byte 9. */
	if (data + 14 + 20 > end || data[12] != 0x08 || data[13] != 0x00)
		return 0;
	protocol = data[14 + 9];
	counter = bpf_map_lookup_elem(&packets, &protocol);
	if (counter)
		__sync_fetch_and_add(counter, 1);
	return 0;
}
