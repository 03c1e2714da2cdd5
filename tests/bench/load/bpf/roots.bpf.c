// SPDX-License-Identifier: MIT OR Apache-2.0
// CO-RE with ROOTS distinct root types (0, 1, 10 or 40): one program that asks where a member of each is. Members that
// a kernel has not got do no harm, so that the verifier's work is the same everywhere.
#include "../../../../examples/hello/src/bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define EXISTS 2
#define ask(type, member)                                                                                              \
	({                                                                                                             \
		struct type *at = 0;                                                                                   \
		__builtin_preserve_field_info(at->member, EXISTS);                                                     \
	})

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct { int stack; };
struct file { int f_flags; };
struct inode { int i_sb; };
struct dentry { int d_inode; };
struct super_block { int s_type; };
struct sock { int sk_rx_dst; };
struct sk_buff { int data_len; };
struct net_device { int gso_ipv4_max_size; };
struct net { int exit_list; };
struct vm_area_struct { int anon_vma; };
struct page { int memcg_data; };
struct cred { int process_keyring; };
struct pid { int rcu; };
struct nsproxy { int pid_ns_for_children; };
struct cgroup { int max_depth; };
struct bpf_map { int key_size; };
struct bpf_prog { int active; };
struct socket { int wq; };
struct request_queue { int queue_flags; };
struct bio { int bi_private; };
struct gendisk { int part_tbl; };
struct block_device { int bd_stamp; };
struct module { int holders_dir; };
struct kobject { int sd; };
struct device { int driver; };
struct timer_list { int flags; };
struct hrtimer { int base; };
struct workqueue_struct { int work_color; };
struct work_struct { int entry; };
struct path { int dentry; };
struct address_space { int i_mmap; };
struct files_struct { int next_fd; };
struct fs_struct { int root; };
struct signal_struct { int curr_target; };
struct rq { int numa_migrate_on; };
struct cfs_rq { int h_nr_runnable; };
struct sched_entity { int min_vruntime; };
struct user_namespace { int parent; };
struct vfsmount { int mnt_idmap; };
struct mount { int mnt; };
#pragma clang attribute pop

u64 sum;

SEC("raw_tp/sched_switch")
int roots(void *ctx)
{
#if ROOTS > 0
	sum += ask(task_struct, stack);
#if ROOTS > 1
	sum += ask(file, f_flags);
	sum += ask(inode, i_sb);
	sum += ask(dentry, d_inode);
	sum += ask(super_block, s_type);
	sum += ask(sock, sk_rx_dst);
	sum += ask(sk_buff, data_len);
	sum += ask(net_device, gso_ipv4_max_size);
	sum += ask(net, exit_list);
	sum += ask(vm_area_struct, anon_vma);
#if ROOTS > 10
	sum += ask(page, memcg_data);
	sum += ask(cred, process_keyring);
	sum += ask(pid, rcu);
	sum += ask(nsproxy, pid_ns_for_children);
	sum += ask(cgroup, max_depth);
	sum += ask(bpf_map, key_size);
	sum += ask(bpf_prog, active);
	sum += ask(socket, wq);
	sum += ask(request_queue, queue_flags);
	sum += ask(bio, bi_private);
	sum += ask(gendisk, part_tbl);
	sum += ask(block_device, bd_stamp);
	sum += ask(module, holders_dir);
	sum += ask(kobject, sd);
	sum += ask(device, driver);
	sum += ask(timer_list, flags);
	sum += ask(hrtimer, base);
	sum += ask(workqueue_struct, work_color);
	sum += ask(work_struct, entry);
	sum += ask(path, dentry);
	sum += ask(address_space, i_mmap);
	sum += ask(files_struct, next_fd);
	sum += ask(fs_struct, root);
	sum += ask(signal_struct, curr_target);
	sum += ask(rq, numa_migrate_on);
	sum += ask(cfs_rq, h_nr_runnable);
	sum += ask(sched_entity, min_vruntime);
	sum += ask(user_namespace, parent);
	sum += ask(vfsmount, mnt_idmap);
	sum += ask(mount, mnt);
#endif
#endif
#endif
	return 0;
}
