// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts context switches by process, and reports a process each time it has made another `report_every` of them.
#include "bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct counter {
	u64 switches;
	u64 last_ns;
	char comm[16];
};

struct event {
	u32 pid;
	char comm[16];
	u64 switches;
};

// The knob: how many switches make a report. Read-only once the program is loaded.
const volatile u32 report_every = 1000;

// Live: user space reads them while the program runs.
u64 total;
u64 dropped;

// The type of the ring buffer's records, for the skeleton.
struct event *unused_event __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct counter);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

static void report(u32 pid, const struct counter *counter)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&dropped, 1);
		return;
	}
	event->pid = pid;
	__builtin_memcpy(event->comm, counter->comm, sizeof(event->comm));
	event->switches = counter->switches;
	bpf_ringbuf_submit(event, 0);
}

// When the scheduler switches, the current task is the one that leaves the processor.
SEC("raw_tp/sched_switch")
int on_switch(void *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct counter *counter, fresh = {};

	__sync_fetch_and_add(&total, 1);
	if (!pid) // the idle task
		return 0;
	counter = bpf_map_lookup_elem(&counts, &pid);
	if (!counter) {
		bpf_get_current_comm(fresh.comm, sizeof(fresh.comm));
		bpf_map_update_elem(&counts, &pid, &fresh, BPF_NOEXIST);
		counter = bpf_map_lookup_elem(&counts, &pid);
		if (!counter)
			return 0;
	}
	counter->last_ns = bpf_ktime_get_ns();
	if (++counter->switches % report_every == 0)
		report(pid, counter);
	return 0;
}
