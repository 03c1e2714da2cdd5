use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bpf_skel::ErrorKind;
use bpf_skel::map::{Map, RingBuf};
use bpf_skel::pod::bytes_of;
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;

use crate::raw::Filter;
use bpf_skel_tests::kernel::{Outcome, tests};

tests![
    records_are_typed_in_order,
    longer_records_are_cut_shorter_are_errors,
    over_aligned_records_are_copied,
    discarded_records_do_not_come,
    a_callback_can_stop_and_panic,
    a_callback_cannot_read_its_own_ring,
    waiting_ends_by_time_or_record,
    all_handles_share_one_consumer,
    nothing_is_lost_under_load,
];

fn ring(size: u32) -> bpf_skel::Result<RingBuf> {
    Map::from_spec(&MapSpec::new("events", MapType::RINGBUF, 0, 0, size), None)?.try_into()
}

fn records_are_typed_in_order() -> Outcome {
    let ring = ring(4096)?;
    let producer = Filter::outputs(&ring, 16);
    assert_eq!(ring.for_each(|_: &u64| unreachable!())?, 0);
    // Several times around the ring.
    for round in 0..100_u64 {
        for n in 0..50 {
            assert_eq!(producer.run(bytes_of(&[round, n]), 1), 0);
        }
        assert_eq!(ring.pending()?, 50 * 24);
        let mut seen = Vec::new();
        assert_eq!(ring.for_each(|record: &[u64; 2]| seen.push(*record))?, 50);
        assert!(seen.iter().enumerate().all(|(n, record)| *record == [round, n as u64]));
    }
    Ok(())
}

fn longer_records_are_cut_shorter_are_errors() -> Outcome {
    let ring = ring(4096)?;
    let (long, short) = (Filter::outputs(&ring, 24), Filter::outputs(&ring, 8));
    long.run(&[1; 24], 1);
    short.run(&[2; 8], 1);
    long.run(&[3; 24], 1);
    let mut seen = Vec::new();
    let error = ring.for_each(|record: &[u8; 16]| seen.push(record[0])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert_eq!(
        error.to_string(),
        r#"map "events": record: expected at least 16 bytes ([u8; 16]), found 8"#
    );
    assert_eq!(ring.for_each(|record: &[u8; 16]| seen.push(record[0]))?, 1);
    assert_eq!(seen, [1, 3]);
    long.run(&[4; 24], 1);
    assert_eq!(ring.for_each_raw(|record| assert_eq!(record, [4; 24]))?, 1);
    Ok(())
}

fn over_aligned_records_are_copied() -> Outcome {
    let ring = ring(4096)?;
    let producer = Filter::outputs(&ring, 16);
    // 24 bytes each, so that every other one is not aligned to 16.
    for n in 0..4_u128 {
        producer.run(bytes_of(&(n << 64)), 1);
    }
    let mut seen = Vec::new();
    ring.for_each(|record: &u128| seen.push(record >> 64))?;
    assert_eq!(seen, [0, 1, 2, 3]);
    Ok(())
}

fn discarded_records_do_not_come() -> Outcome {
    let ring = ring(4096)?;
    let (sends, discards) = (Filter::outputs(&ring, 8), Filter::discards(&ring));
    discards.run(b"", 3);
    sends.run(&[1; 8], 1);
    discards.run(b"", 1);
    assert_eq!(ring.for_each(|record: &u8| assert_eq!(*record, 1))?, 1);
    assert_eq!(ring.pending()?, 0);
    Ok(())
}

fn a_callback_can_stop_and_panic() -> Outcome {
    let ring = ring(4096)?;
    let producer = Filter::outputs(&ring, 8);
    for n in 0..5_u64 {
        producer.run(bytes_of(&n), 1);
    }
    let stopped = ring.try_for_each(|n: &u64| match n {
        1 => ControlFlow::Break(*n),
        _ => ControlFlow::Continue(()),
    })?;
    assert_eq!(stopped, ControlFlow::Break(1));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        ring.for_each(|n: &u64| std::panic::resume_unwind(Box::new(*n)))
    }));
    assert_eq!(*panicked.unwrap_err().downcast::<u64>().unwrap(), 2);
    let mut rest = Vec::new();
    ring.for_each(|n: &u64| rest.push(*n))?;
    assert_eq!(rest, [3, 4]);
    Ok(())
}

fn a_callback_cannot_read_its_own_ring() -> Outcome {
    let ring = ring(4096)?;
    let producer = Filter::outputs(&ring, 8);
    producer.run(&[0; 8], 2);
    let again = ring.try_clone()?;
    let count = ring.for_each(|_: &u64| {
        let error = again.for_each(|_: &u64| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    })?;
    assert_eq!(count, 2);
    Ok(())
}

fn waiting_ends_by_time_or_record() -> Outcome {
    let ring = ring(4096)?;
    let producer = Filter::outputs(&ring, 8);
    let short = Some(Duration::from_millis(30));
    let start = Instant::now();
    assert!(!ring.poll(short)?);
    assert_eq!(ring.wait_for_each(short, |_: &u64| ())?, 0);
    assert!(start.elapsed() >= Duration::from_millis(60));
    assert_eq!(ring.wait_for_each(Some(Duration::ZERO), |_: &u64| ())?, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            producer.run(&[0; 8], 1);
        });
        let count = ring.wait_for_each(None, |_: &u64| ());
        assert_eq!(count.unwrap(), 1);
    });
    producer.run(&[0; 8], 1);
    assert!(ring.poll(Some(Duration::ZERO))?);
    Ok(())
}

fn all_handles_share_one_consumer() -> Outcome {
    let ring = ring(4096)?;
    let producer = Filter::outputs(&ring, 8);
    let by_id = RingBuf::from_id(ring.id()?)?;
    const ROUNDS: u64 = 2_000;
    let (seen, sum) = (AtomicU64::new(0), AtomicU64::new(0));
    let count = |record: &u64| {
        sum.fetch_add(*record, Ordering::Relaxed);
        seen.fetch_add(1, Ordering::Relaxed);
    };
    std::thread::scope(|scope| {
        let seen = &seen;
        for handle in [&ring, &by_id] {
            scope.spawn(move || {
                while seen.load(Ordering::Relaxed) < ROUNDS {
                    handle.wait_for_each(Some(Duration::from_millis(1)), count).unwrap();
                }
            });
        }
        for n in 0..ROUNDS {
            while producer.run(bytes_of(&n), 1) != 0 {
                std::thread::yield_now();
            }
        }
    });
    assert_eq!(sum.into_inner(), ROUNDS * (ROUNDS - 1) / 2);
    Ok(())
}

/// Several producers against one consumer that can hardly keep up: every record comes whole and in its producer's order.
fn nothing_is_lost_under_load() -> Outcome {
    const PRODUCERS: u64 = 3;
    const EACH: u64 = 20_000;
    let ring = ring(4096)?;
    let mut last = [0; PRODUCERS as usize];
    std::thread::scope(|scope| {
        for id in 0..PRODUCERS {
            let producer = Filter::outputs(&ring, 64);
            scope.spawn(move || {
                for n in 1..=EACH {
                    let record = [id, n, n, n, n, n, n, !n];
                    while producer.run(bytes_of(&record), 1) != 0 {
                        std::thread::yield_now();
                    }
                }
            });
        }
        let mut count = 0;
        while count < PRODUCERS * EACH {
            count += ring
                .wait_for_each(Some(Duration::from_secs(10)), |&record: &[u64; 8]| {
                    let [id, n, .., inverse] = record;
                    assert_eq!((record[6], inverse), (n, !n));
                    assert_eq!(last[id as usize] + 1, n);
                    last[id as usize] = n;
                })
                .unwrap() as u64;
        }
    });
    assert_eq!(last, [EACH; PRODUCERS as usize]);
    Ok(())
}
