use std::sync::{Arc, Mutex, PoisonError};

use super::argument::SPEC_SIZE;
use crate::map::{Array, Hash, Map};
use crate::{Error, ErrorKind, Result};

/// The two maps of an object with USDT programs that `<bpf/usdt.bpf.h>` declares, and which of their places are taken.
#[derive(Debug)]
pub(crate) struct UsdtMaps {
    /// What each probe's values are, by a number.
    specs: Array<[u8; SPEC_SIZE]>,
    /// The number by the address of the probe; for kernels without cookies.
    by_address: Hash<u64, u32>,
    numbers: Mutex<Numbers>,
}

#[derive(Debug)]
struct Numbers {
    next: u32,
    free: Vec<u32>,
}

impl UsdtMaps {
    /// Of an object's maps; `None` where it has not got them.
    pub(crate) fn of(maps: &[Map]) -> Result<Option<Arc<Self>>> {
        let find = |name: &str| maps.iter().find(|map| map.name() == name && !map.is_absent());
        let (Some(specs), Some(by_address)) =
            (find("__bpf_usdt_specs"), find("__bpf_usdt_ip_to_spec_id"))
        else {
            return Ok(None);
        };
        Ok(Some(Arc::new(Self {
            specs: Array::try_from(specs.try_clone()?)?,
            by_address: Hash::try_from(by_address.try_clone()?)?,
            numbers: Mutex::new(Numbers { next: 0, free: Vec::new() }),
        })))
    }

    fn take_number(&self) -> Result<u32> {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = numbers.free.pop() {
            return Ok(number);
        }
        if numbers.next >= self.specs.len() {
            return Err(Error::invalid_input(format!(
                "all {} places for USDT probes are taken",
                self.specs.len()
            ))
            .with_hint("define BPF_USDT_MAX_SPEC_CNT before <bpf/usdt.bpf.h> is included, or resize __bpf_usdt_specs"));
        }
        numbers.next += 1;
        Ok(numbers.next - 1)
    }
}

/// What an attachment holds of the maps: given back when it is dropped, after the program is off.
#[derive(Debug)]
pub(crate) struct Held {
    maps: Arc<UsdtMaps>,
    numbers: Vec<u32>,
    addresses: Vec<u64>,
}

impl Held {
    pub(super) fn of(maps: &Arc<UsdtMaps>) -> Self {
        Self { maps: maps.clone(), numbers: Vec::new(), addresses: Vec::new() }
    }

    /// Gives a probe's values a number.
    pub(super) fn add(&mut self, spec: &[u8; SPEC_SIZE]) -> Result<u32> {
        let number = self.maps.take_number()?;
        self.numbers.push(number);
        self.maps.specs.set(number, spec)?;
        Ok(number)
    }

    /// Has the program find the number by the address that it is hit at.
    pub(super) fn place(&mut self, address: u64, number: u32) -> Result<()> {
        if !self.maps.by_address.insert_new(&address, &number)? {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("a program of this object is attached at {address:#x}"),
            ));
        }
        self.addresses.push(address);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for address in &self.addresses {
            // The map keeps what cannot be removed, and nobody comes to look for it.
            let _ = self.maps.by_address.remove(address);
        }
        let mut numbers = self.maps.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.free.append(&mut self.numbers);
    }
}
