use std::os::fd::{AsFd, BorrowedFd};

use super::Map;
use super::redirect::{expecting_program, read, write};
use super::typed::{expect_key, expect_type, expect_value_of_4_or_8, typed_clone, typed_map};
use crate::Result;
use crate::uapi::MapType;

typed_map! {
    /// CPUs for XDP programs to redirect packets to, by their numbers: `BPF_MAP_TYPE_CPUMAP`. Linux 4.15.
    ///
    /// A CPU that is in the map has a queue and a kernel thread that takes packets from it into the network stack. Where
    /// the map's value has 8 bytes (`struct bpf_cpumap_val`, Linux 5.9), that thread can run a program of section
    /// `xdp/cpumap` first.
    #[doc(alias = "BPF_MAP_TYPE_CPUMAP")]
    #[doc(alias = "bpf_cpumap_val")]
    pub struct CpuMap {}
}
typed_clone!(CpuMap);

/// What is in a [`CpuMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CpuMapEntry {
    /// Length of the queue, in packets.
    pub queue_size: u32,
    /// Id of the program that the packets are given to.
    pub program_id: Option<u32>,
}

impl CpuMap {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::CPUMAP])?;
        expect_key::<u32>(map)?;
        expect_value_of_4_or_8(map)
    }

    /// How many CPUs it has room for: those with a number below.
    #[allow(clippy::len_without_is_empty, reason = "of slots, which an array always has")]
    pub fn len(&self) -> u32 {
        self.max_entries()
    }

    /// Gives a CPU a queue of so many packets, in place of one before and of its program.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the number is beyond the end or the queue's length is 0,
    /// [`NotFound`](crate::ErrorKind::NotFound) where the machine cannot have such a CPU, EOVERFLOW where the queue is longer
    /// than 16384 packets.
    #[doc(alias = "qsize")]
    pub fn set(&self, cpu: u32, queue_size: u32) -> Result<()> {
        put(self, cpu, queue_size, None)
    }

    /// As [`set`](Self::set), with a program of section `xdp/cpumap`. Linux 5.9.
    ///
    /// # Errors
    /// As `set`; [`InvalidInput`](crate::ErrorKind::InvalidInput) where the map's value has no room for a program, ENOMEM
    /// where it is of another kind.
    #[doc(alias = "BPF_XDP_CPUMAP")]
    pub fn set_with_program(&self, cpu: u32, queue_size: u32, program: &impl AsFd) -> Result<()> {
        put(self, cpu, queue_size, Some(program.as_fd()))
    }

    /// What the CPU has, or `None` where it is not in the map.
    ///
    /// # Errors
    /// Where the number is beyond the end.
    pub fn get(&self, cpu: u32) -> Result<Option<CpuMapEntry>> {
        self.check_index(cpu)?;
        let found = read(self, cpu)?;
        Ok(found.map(|(queue_size, program_id)| CpuMapEntry { queue_size, program_id }))
    }

    /// Takes the CPU out, whether it was in the map or not. Packets in its queue still arrive.
    ///
    /// # Errors
    /// Where the number is beyond the end.
    pub fn clear(&self, cpu: u32) -> Result<()> {
        self.clear_slot(cpu).map(drop)
    }

    /// All CPUs in the map, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Result<(u32, CpuMapEntry)>> + '_ {
        let one = |cpu| self.get(cpu).transpose().map(|found| found.map(|entry| (cpu, entry)));
        (0..self.len()).filter_map(one)
    }
}

fn put(map: &Map, cpu: u32, queue_size: u32, program: Option<BorrowedFd<'_>>) -> Result<()> {
    map.check_index(cpu)?;
    if queue_size == 0 {
        // Which the kernel would take for an order to take the CPU out.
        return Err(map.misused("a queue of 0 packets: `clear` takes a CPU out"));
    }
    write(map, cpu, queue_size, program).map_err(|error| match error.raw_os_error() {
        Some(libc::ENODEV) => error.with_hint(format!("the machine has no CPU {cpu}")),
        Some(libc::EOVERFLOW) => error.with_hint("a queue has room for 16384 packets at most"),
        _ if program.is_some() => expecting_program(error, "xdp/cpumap"),
        _ => error,
    })
}
