//! Records that end in flexible arrays, from ring buffers and perf events: shorter than their struct, and longer.

use bpf_skel::pod::CStrExt;
use bpf_skel::program::{Program, TestRun, kind};
use bpf_skel_tests::kernel::{Outcome, tests};

use crate::maps_perf_event_array::small;
use records::types::{counts, event};

tests![text_of_any_length, numbers_of_any_length];

bpf_skel_macros::bpf_skel!(mod records = "fixtures/records-el.o", "fixtures/records-eb.o");

/// Elements at the most.
const MOST: usize = 8;
/// How often: perf records have gone around their ring of a page then.
const ROUNDS: usize = 200;

/// Outputs records of every length, and calls `check` with the bytes of each and how many elements the program gave: twice, as it
/// comes by the ring buffer and by the perf event.
fn each_record(
    program: impl Fn(&records::Progs) -> &Program<kind::RawTracepoint>,
    check: impl Fn(&[u8], usize, bool),
) -> Outcome {
    let skel = records::open().load()?;
    let mut reader = skel.maps.events.reader_with(small())?;
    for len in (0..=MOST).cycle().take(ROUNDS) {
        skel.bss.len.set(u32::try_from(len)?);
        assert_eq!(program(&skel.progs).test_run(TestRun::new())?.retval, 0);
        assert_eq!(skel.maps.ring.for_each_raw(|record| check(record, len, true))?, 1);
        let received = reader.for_each_raw(|_, record| check(record, len, false))?;
        assert_eq!((received.records, received.lost), (1, 0));
    }
    assert_eq!(skel.bss.failed.get(), 0);
    Ok(())
}

fn text_of_any_length() -> Outcome {
    each_record(
        |progs| &progs.text,
        |record, len, exact| {
            let (event, text) = event::from_bytes(record).expect("the text's offset is there");
            assert_eq!((event.at, usize::from(event.len)), (7, len));
            // The kernel rounds up what perf events output.
            assert!(if exact { text.len() == len } else { (len..len + 8).contains(&text.len()) });
            assert_eq!(text[..len].to_cstr_lossy(), "abcdefgh"[..len]);
        },
    )
}

fn numbers_of_any_length() -> Outcome {
    each_record(
        |progs| &progs.numbers,
        |record, len, exact| {
            let (counts, values) = counts::from_bytes(record).expect("the array's offset is there");
            assert_eq!((counts.at, usize::from(counts.len)), (8, len));
            assert!(if exact { values.len() == len } else { values.len() - len < 2 });
            assert!(values.iter().take(len).eq(1..=len as u32));
        },
    )
}
