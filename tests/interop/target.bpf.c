/* A program for somebody else's prog array. */
#include "bpf_fixture.h"

char _license[] SEC("license") = "GPL";

SEC("classifier")
int fifth(void *skb)
{
	return 5;
}
