//! How the values of one element of a per-CPU map lie in what a system call copies.
//!
//! ```text
//! | CPU 0: value, padding up to 8 bytes | CPU 1: value, padding | …    one slot a possible CPU, ascending
//! ```

use super::Map;
use super::info::slot_size;
use crate::Result;
use crate::pod::{self, Pod, bytes_of};

/// The values in slots.
pub(super) fn split<V: Pod>(slots: &[u8]) -> Option<Vec<V>> {
    if size_of::<V>() == 0 {
        return Some(Vec::new());
    }
    slots.chunks_exact(slot_size(size_of::<V>())).map(pod::read).collect()
}

/// The slots of values, of which there must be as many as CPUs.
pub(super) fn join<V: Pod>(map: &Map, values: &[V]) -> Result<Vec<u8>> {
    let cpus = map.cpus()?;
    if values.len() != cpus {
        let found = values.len();
        return Err(
            map.misused(format!("values: expected {cpus}, one a possible CPU, found {found}"))
        );
    }
    let slot = slot_size(size_of::<V>());
    let mut slots = vec![0; slot * cpus];
    for (to, value) in slots.chunks_exact_mut(slot.max(1)).zip(values) {
        to[..size_of::<V>()].copy_from_slice(bytes_of(value));
    }
    Ok(slots)
}

/// How many CPUs the machine can have, which is how many values an element of a per-CPU map has.
///
/// # Errors
/// Where `/sys` is not mounted.
pub fn possible_cpus() -> Result<usize> {
    crate::sys::possible_cpu_count()
        .map_err(|error| crate::Error::system("read /sys/devices/system/cpu/possible", error))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn slots_are_rounded_up() {
        let slots: Vec<u8> = (0..32).collect();
        assert_eq!(split::<[u8; 3]>(&slots[..16]), Some(vec![[0, 1, 2], [8, 9, 10]]));
        assert_eq!(split::<[u8; 12]>(&slots).unwrap()[1][0], 16);
    }
}
