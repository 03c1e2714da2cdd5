//! The example `hello`, line for line as far as libbpf-rs allows.

use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use libbpf_rs::skel::{OpenSkel, Skel, SkelBuilder};
use libbpf_rs::{MapCore, MapFlags, RingBufferBuilder};

mod hello {
    include!(concat!(env!("OUT_DIR"), "/hello.skel.rs"));
}

fn comm(bytes: &[i8]) -> String {
    bytes.iter().take_while(|&&byte| byte != 0).map(|&byte| byte as u8 as char).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut storage = MaybeUninit::uninit();
    let mut open = hello::HelloSkelBuilder::default().open(&mut storage)?;
    open.maps.rodata_data.as_mut().expect("there is a .rodata").report_every = 200;
    open.maps.counts.set_max_entries(16_384)?;
    let mut skel = open.load()?;
    skel.attach()?;

    let mut builder = RingBufferBuilder::new();
    builder.add(&skel.maps.events, |bytes| {
        // SAFETY: the program writes whole events.
        let event = unsafe { bytes.as_ptr().cast::<hello::types::event>().read_unaligned() };
        println!("  {} ({}) made {} switches", comm(&event.comm), event.pid, event.switches);
        0
    })?;
    let ring = builder.build()?;
    for _ in 0..3 {
        let end = Instant::now() + Duration::from_secs(1);
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            ring.poll(left)?;
        }
        let bss = skel.maps.bss_data.as_ref().expect("there is a .bss");
        println!("\n{} switches, {} reports dropped", bss.total, bss.dropped);
        let mut rows = Vec::new();
        for key in skel.maps.counts.keys() {
            if let Some(value) = skel.maps.counts.lookup(&key, MapFlags::ANY)? {
                // SAFETY: the map's values are counters.
                let counter =
                    unsafe { value.as_ptr().cast::<hello::types::counter>().read_unaligned() };
                rows.push((
                    u32::from_ne_bytes(key.try_into().expect("a key has 4 bytes")),
                    counter,
                ));
            }
        }
        rows.sort_by_key(|(_, counter)| std::cmp::Reverse(counter.switches));
        for (pid, counter) in rows.iter().take(8) {
            println!("{pid:>8}  {:<16} {:>10}", comm(&counter.comm), counter.switches);
        }
    }
    Ok(())
}
