//! What a reader has from programs' output: the array that they output to is in `maps_perf_event_array`.

use std::ops::ControlFlow;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bpf_skel::ErrorKind;
use bpf_skel::map::possible_cpus;
use bpf_skel::pod::bytes_of;

use crate::maps_perf_event_array::{array, on, small};
use crate::raw::Filter;
use bpf_skel_tests::kernel::{Outcome, tests};

tests![
    records_are_typed_in_order_of_their_cpu,
    records_go_around_the_ring,
    longer_records_are_cut_shorter_are_errors,
    records_are_aligned_for_their_type,
    lost_records_are_counted,
    a_callback_can_stop_and_panic,
    waiting_ends_by_time_or_record,
    others_can_wait_for_it,
    waking_after_several_records,
    waking_by_a_ring_that_is_half_full,
    nothing_goes_unseen_under_load,
];

const SHORT: Duration = Duration::from_millis(30);
/// What an output answers that finds no room.
const FULL: i32 = -libc::ENOSPC;

fn page() -> u32 {
    // SAFETY: takes a number.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as u32 }
}

fn records_are_typed_in_order_of_their_cpu() -> Outcome {
    let array = array()?;
    let mut reader = array.reader_with(small())?;
    let producer = Filter::outputs_to_event(&array, 8);
    assert_eq!(reader.for_each(|_, _: &u64| unreachable!())?.records, 0);
    let cpus: Vec<u32> = reader.cpus().collect();
    for round in 0..20_u32 {
        for &cpu in &cpus {
            on(cpu, || {
                for n in 0..50_u32 {
                    assert_eq!(producer.run(bytes_of(&[cpu, round * 50 + n]), 1), 0);
                }
            });
        }
        // Header, length, data and padding.
        assert_eq!(reader.pending(), cpus.len() as u64 * 50 * 24);
        let mut seen = Vec::new();
        let received = reader.for_each(|cpu, &[from, n]: &[u32; 2]| {
            assert_eq!(cpu, from);
            seen.push((cpu, n));
        })?;
        let expected: Vec<_> =
            cpus.iter().flat_map(|&cpu| (0..50).map(move |n| (cpu, round * 50 + n))).collect();
        assert_eq!(seen, expected);
        assert_eq!((received.records, received.lost), (seen.len(), 0));
    }
    Ok(())
}

fn records_go_around_the_ring() -> Outcome {
    let array = array()?;
    let mut reader = array.reader_with(small())?;
    // 8 + 4 + 20 and 8 + 4 + 44: their data is cut by the end at every place in time.
    let producers = [20, 44].map(|len| (len as usize, Filter::outputs_to_event(&array, len)));
    let data: Vec<u8> = (0..44).collect();
    for round in 0..5_000_usize {
        let data: Vec<u8> = data.iter().map(|byte| byte.wrapping_add(round as u8)).collect();
        for (len, producer) in &producers {
            assert_eq!(producer.run(&data[..*len], 1), 0);
        }
        let mut seen = Vec::new();
        let received = reader.for_each_raw(|_, record| seen.push(record.to_vec()))?;
        assert_eq!((received.records, received.lost), (2, 0));
        // This thread may have moved between the two.
        seen.sort_by_key(Vec::len);
        assert_eq!(seen, [&data[..20], &data[..44]]);
    }
    Ok(())
}

fn longer_records_are_cut_shorter_are_errors() -> Outcome {
    let array = array()?;
    let mut reader = array.reader_with(small())?;
    let cpu = reader.cpus().next().unwrap();
    let (long, short) = (Filter::outputs_to_event(&array, 28), Filter::outputs_to_event(&array, 5));
    on(cpu, || {
        long.run(&[1; 28], 1);
        short.run(&[2; 5], 1);
        long.run(&[3; 28], 1);
    });
    let mut seen = Vec::new();
    // The kernel has made 12 bytes of 5.
    let error = reader.for_each(|_, record: &[u8; 16]| seen.push(record[0])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert_eq!(
        error.to_string(),
        r#"map "events": record: expected at least 16 bytes ([u8; 16]), found 12"#
    );
    assert_eq!(reader.for_each(|_, record: &[u8; 16]| seen.push(record[0]))?.records, 1);
    assert_eq!(seen, [1, 3]);
    short.run(&[4; 5], 1);
    let received = reader.for_each_raw(|_, record| {
        assert_eq!((record.len(), &record[..5]), (12, &[4; 5][..]));
    })?;
    assert_eq!(received.records, 1);
    Ok(())
}

fn records_are_aligned_for_their_type() -> Outcome {
    let array = array()?;
    let mut reader = array.reader_with(small())?;
    let cpu = reader.cpus().next().unwrap();
    let producer = Filter::outputs_to_event(&array, 32);
    // Around the ring: also those in two pieces. Nothing aligns them to more than 4.
    for n in 0..1_000_u64 {
        let record = [n, n << 32, !n, 7];
        on(cpu, || assert_eq!(producer.run(bytes_of(&record), 3), 0));
        let mut seen = 0;
        let mut first = true;
        let stopped = reader.try_for_each(|_, found: &[u64; 4]| {
            seen += u32::from(*found == record);
            let flow = if first { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
            first = false;
            flow
        })?;
        assert_eq!(stopped, ControlFlow::Break(()));
        let received = reader.for_each(|_, found: &[u128; 2]| {
            assert_eq!(bytes_of(found), bytes_of(&record));
            seen += 1;
        })?;
        assert_eq!((seen, received.records), (3, 1));
    }
    Ok(())
}

fn lost_records_are_counted() -> Outcome {
    let array = array()?;
    let mut reader = array.reader_with(small())?;
    let cpu = reader.cpus().next().unwrap();
    let producer = Filter::outputs_to_event(&array, 20);
    // Several times as many as have room, each 8 + 4 + 20 bytes.
    let tries = page() / 32 * 4;
    let mut lost_before = 0;
    for _ in 0..3 {
        let results: Vec<i32> = on(cpu, || (0..tries).map(|_| producer.run(&[1; 20], 1)).collect());
        let room = results.iter().take_while(|&&result| result == 0).count();
        assert!((1..tries).contains(&(room as u32)));
        assert!(results[room..].iter().all(|&result| result == FULL), "{results:?}");
        let lost = (results.len() - room) as u64;
        // It is not known before another one finds room.
        let received = reader.for_each(|_, _: &[u8; 20]| ())?;
        assert_eq!((received.records, received.lost), (room, 0));
        assert_eq!(on(cpu, || producer.run(&[2; 20], 1)), 0);
        let received = reader.for_each(|_, record: &[u8; 20]| assert_eq!(*record, [2; 20]))?;
        assert_eq!((received.records, received.lost), (1, lost));
        lost_before += lost;
        assert_eq!((reader.lost(), reader.lost_on(cpu)), (lost_before, lost_before));
        assert_eq!(reader.lost_on(u32::MAX), 0);
    }
    Ok(())
}

fn a_callback_can_stop_and_panic() -> Outcome {
    let array = array()?;
    let mut reader = array.reader_with(small())?;
    let cpus: Vec<u32> = reader.cpus().collect();
    let producer = Filter::outputs_to_event(&array, 4);
    for &cpu in &cpus {
        on(cpu, || (0..5_u32).for_each(|n| assert_eq!(producer.run(bytes_of(&n), 1), 0)));
    }
    let stopped = reader.try_for_each(|cpu, n: &u32| match n {
        1 => ControlFlow::Break((cpu, *n)),
        _ => ControlFlow::Continue(()),
    })?;
    assert_eq!(stopped, ControlFlow::Break((cpus[0], 1)));
    // The next CPU has its turn.
    let next = cpus[1 % cpus.len()];
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        reader.for_each(|cpu, n: &u32| std::panic::resume_unwind(Box::new((cpu, *n))))
    }));
    let (cpu, n) = *panicked.unwrap_err().downcast::<(u32, u32)>().unwrap();
    assert_eq!((cpu, n), (next, if cpus.len() == 1 { 2 } else { 0 }));
    let mut rest = Vec::new();
    let received = reader.for_each(|cpu, n: &u32| rest.push((cpu, *n)))?;
    assert_eq!(received.records, cpus.len() * 5 - 3);
    for &cpu in &cpus {
        let numbers = rest.iter().filter(|(of, _)| *of == cpu).map(|(_, n)| *n);
        assert!(numbers.is_sorted());
    }
    Ok(())
}

/// What one who waits by other means sees.
fn is_readable(fd: &impl AsFd) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_fd().as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one struct, exclusively borrowed.
    let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
    ready == 1 && poll.revents & libc::POLLIN != 0
}

/// As [`is_readable`], by `EPOLLET`.
struct EdgeTriggered(OwnedFd);

impl EdgeTriggered {
    fn new(fd: &impl AsFd) -> Self {
        let events = (libc::EPOLLIN | libc::EPOLLET) as u32;
        let mut event = libc::epoll_event { events, u64: 0 };
        // SAFETY: takes a number.
        let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        let fd = fd.as_fd().as_raw_fd();
        // SAFETY: one struct, exclusively borrowed.
        let added = unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) };
        assert!(epoll >= 0 && added == 0);
        // SAFETY: it was just opened.
        Self(unsafe { OwnedFd::from_raw_fd(epoll) })
    }

    fn is_there(&self) -> bool {
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        // SAFETY: room for one event.
        unsafe { libc::epoll_wait(self.0.as_raw_fd(), &raw mut event, 1, 0) == 1 }
    }
}

fn waiting_ends_by_time_or_record() -> Outcome {
    let array = array()?;
    let mut reader = array.reader_with(small())?;
    let producer = Filter::outputs_to_event(&array, 8);
    let start = Instant::now();
    assert!(!reader.poll(SHORT)?);
    assert_eq!(reader.wait_for_each(SHORT, |_, _: &u64| ())?.records, 0);
    assert!(start.elapsed() >= 2 * SHORT);
    assert_eq!(reader.wait_for_each(Duration::ZERO, |_, _: &u64| ())?.records, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            producer.run(&[0; 8], 1);
        });
        let received = reader.wait_for_each(None, |_, _: &u64| ());
        assert_eq!(received.unwrap().records, 1);
    });
    producer.run(&[0; 8], 1);
    // The kernel says so once: still it is there.
    assert!(reader.poll(Duration::ZERO)?);
    assert!(reader.poll(None)?);
    assert_eq!(reader.for_each(|_, _: &u64| ())?.records, 1);
    // Woken for what is read already.
    producer.run(&[0; 8], 1);
    assert_eq!(reader.for_each(|_, _: &u64| ())?.records, 1);
    let start = Instant::now();
    assert!(!reader.poll(SHORT)?);
    assert!(start.elapsed() >= SHORT);
    Ok(())
}

fn others_can_wait_for_it() -> Outcome {
    fn is_shared<T: Send + Sync + 'static>(_: &T) {}

    let array = array()?;
    let mut reader = array.reader_with(small())?;
    is_shared(&reader);
    let producer = Filter::outputs_to_event(&array, 8);
    let edge = EdgeTriggered::new(&reader);
    assert!(!is_readable(&reader) && !edge.is_there());
    for _ in 0..3 {
        producer.run(&[0; 8], 1);
        assert!(is_readable(&reader));
        // Whoever has looked first: here it is to be had for as long as it is not read.
        assert!(reader.poll(Duration::ZERO)?);
        assert_eq!(reader.for_each(|_, _: &u64| ())?.records, 1);
        assert!(!is_readable(&reader));
    }
    edge.is_there();
    // As tokio waits: told of each record, whether those before it were read or not.
    for _ in 0..3 {
        producer.run(&[0; 8], 1);
        assert!(edge.is_there());
        assert!(!edge.is_there());
    }
    assert_eq!(reader.for_each(|_, _: &u64| ())?.records, 3);
    producer.run(&[0; 8], 1);
    assert!(edge.is_there());
    Ok(())
}

fn waking_after_several_records() -> Outcome {
    let array = array()?;
    let mut reader = array.reader_with(small().wakeup_events(4))?;
    let cpu = reader.cpus().next().unwrap();
    let producer = Filter::outputs_to_event(&array, 8);
    let output = |times| on(cpu, || assert_eq!(producer.run(&[0; 8], times), 0));
    output(3);
    assert!(!reader.poll(SHORT)?);
    output(1);
    assert!(reader.poll(None)?);
    assert_eq!(reader.for_each(|_, _: &u64| ())?.records, 4);
    output(2);
    let start = Instant::now();
    // Too few to be woken for, and given out when the time is over.
    assert_eq!(reader.wait_for_each(SHORT, |_, _: &u64| ())?.records, 2);
    assert!(start.elapsed() >= SHORT);
    Ok(())
}

fn waking_by_a_ring_that_is_half_full() -> Outcome {
    let array = array()?;
    let mut reader = array.reader_with(small().wakeup_events(0))?;
    let cpu = reader.cpus().next().unwrap();
    let producer = Filter::outputs_to_event(&array, 20);
    // Records of 8 + 4 + 20 bytes.
    let half = page() / 2 / 32;
    let output = |times| on(cpu, || assert_eq!(producer.run(&[0; 20], times), 0));
    output(half - 1);
    assert!(!reader.poll(SHORT)?);
    output(3);
    assert!(reader.poll(None)?);
    assert!(reader.poll(None)?);
    let received = reader.wait_for_each(None, |_, _: &[u8; 20]| ())?;
    assert_eq!(received.records, half as usize + 2);
    assert!(!reader.poll(SHORT)?);
    Ok(())
}

/// Producers on every CPU against a reader that can hardly keep up: what does not come is counted, what comes is whole and
/// in order.
fn nothing_goes_unseen_under_load() -> Outcome {
    const EACH: u64 = 20_000;
    let array = array()?;
    let mut reader = array.reader_with(small())?;
    let cpus: Vec<u32> = reader.cpus().collect();
    let mut last = vec![0; possible_cpus()?];
    let (mut records, mut lost) = (0, 0);
    std::thread::scope(|scope| {
        let producers: Vec<_> = cpus
            .iter()
            .map(|&cpu| {
                let producer = Filter::outputs_to_event(&array, 40);
                scope.spawn(move || {
                    on(cpu, || {
                        let run =
                            |n: u64| producer.run(bytes_of(&[u64::from(cpu), n, n, n, !n]), 1);
                        let failed = (1..=EACH).filter(|&n| run(n) != 0).count();
                        // One more that comes for sure: it brings what is known of those that did not.
                        while run(EACH + 1) != 0 {
                            std::thread::sleep(Duration::from_millis(1));
                        }
                        failed as u64
                    })
                })
            })
            .collect();
        while last.iter().filter(|&&n| n == EACH + 1).count() < cpus.len() {
            let received = reader
                .wait_for_each(
                    Duration::from_secs(1),
                    |cpu, &[from, n, also, _, inverse]: &[u64; 5]| {
                        assert_eq!((u64::from(cpu), n, n), (from, also, !inverse));
                        assert!(n > last[cpu as usize], "{n} after {}", last[cpu as usize]);
                        last[cpu as usize] = n;
                    },
                )
                .unwrap();
            records += received.records as u64;
            lost += received.lost;
        }
        let failed: u64 = producers.into_iter().map(|producer| producer.join().unwrap()).sum();
        assert_eq!(records, cpus.len() as u64 * (EACH + 1) - failed);
        // The last one of each may have failed some times before it came.
        assert!(lost >= failed);
    });
    assert_eq!(reader.lost(), lost);
    Ok(())
}
