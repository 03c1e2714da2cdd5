use std::ops::ControlFlow;
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bpf_skel::ErrorKind;
use bpf_skel::map::{Map, PerfEventArray, PerfReaderOptions, possible_cpus};
use bpf_skel::pod::{self, bytes_of};
use bpf_skel::program::TestRun;
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;

use crate::raw::Filter;
use bpf_skel_tests::kernel::{Outcome, Snapshot, software_event, tests};

tests![
    records_are_typed_in_order_of_their_cpu,
    records_go_around_the_ring,
    longer_records_are_cut_shorter_are_errors,
    records_are_aligned_for_their_type,
    lost_records_are_counted,
    a_callback_can_stop_and_panic,
    waiting_ends_by_time_or_record,
    waking_after_several_records,
    waking_by_a_ring_that_is_half_full,
    nothing_goes_unseen_under_load,
    cpus_that_are_online_are_read,
    slots_bound_the_cpus,
    a_dropped_reader_empties_the_slots,
    one_reader_a_map,
    a_failure_leaves_nothing,
    options_that_cannot_be,
    events_of_the_caller,
    a_skeleton_has_it,
];

bpf_skel_macros::bpf_skel!(mod perf_output = "fixtures/perf_output-el.o", "fixtures/perf_output-eb.o");

const SHORT: Duration = Duration::from_millis(30);
/// What an output answers that finds no room, and no event.
const FULL: i32 = -libc::ENOSPC;
const EMPTY: i32 = -libc::ENOENT;

fn array() -> bpf_skel::Result<PerfEventArray> {
    slots(u32::try_from(possible_cpus()?).unwrap())
}

fn slots(count: u32) -> bpf_skel::Result<PerfEventArray> {
    let spec = MapSpec::new("events", MapType::PERF_EVENT_ARRAY, 4, 4, count);
    Map::from_spec(&spec, None)?.try_into()
}

fn small() -> PerfReaderOptions {
    PerfReaderOptions::new().pages(1)
}

fn page() -> u32 {
    // SAFETY: takes a number.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as u32 }
}

/// On this CPU, in a thread of its own.
fn on<R: Send>(cpu: u32, f: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let pinned = move || {
            let mut set = [0_u64; 16];
            set[cpu as usize / 64] = 1 << (cpu % 64);
            // SAFETY: the set is as long as is said; 0 is the calling thread.
            let result =
                unsafe { libc::sched_setaffinity(0, size_of_val(&set), set.as_ptr().cast()) };
            assert_eq!(result, 0, "CPU {cpu}");
            f()
        };
        scope.spawn(pinned).join().unwrap()
    })
}

fn records_are_typed_in_order_of_their_cpu() -> Outcome {
    let array = array()?;
    let mut reader = array.reader()?;
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
    let mut reader = array.reader()?;
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
    let mut reader = array.reader()?;
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

fn waiting_ends_by_time_or_record() -> Outcome {
    let array = array()?;
    let mut reader = array.reader()?;
    let producer = Filter::outputs_to_event(&array, 8);
    let start = Instant::now();
    assert!(!reader.poll(SHORT)?);
    assert_eq!(reader.wait_for_each(SHORT, |_, _: &u64| ())?.records, 0);
    assert!(start.elapsed() >= 2 * SHORT);
    assert_eq!(reader.wait_for_each(Duration::ZERO, |_, _: &u64| ())?.records, 0);
    assert!(!is_readable(&reader));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            producer.run(&[0; 8], 1);
        });
        let received = reader.wait_for_each(None, |_, _: &u64| ());
        assert_eq!(received.unwrap().records, 1);
    });
    producer.run(&[0; 8], 1);
    assert!(is_readable(&reader));
    // The kernel has said so, and won't again: still it is there.
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

fn waking_after_several_records() -> Outcome {
    let array = array()?;
    let mut reader = array.reader_with(PerfReaderOptions::new().wakeup_events(4))?;
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

/// `0-3,8`
fn online() -> Vec<u32> {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap();
    let number = |text: &str| text.parse::<u32>().unwrap();
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        number(first)..=number(last)
    };
    text.trim().split(',').flat_map(range).collect()
}

fn cpus_that_are_online_are_read() -> Outcome {
    let array = array()?;
    assert_eq!(array.len() as usize, possible_cpus()?);
    let reader = array.reader()?;
    assert_eq!(reader.cpus().collect::<Vec<_>>(), online());
    // Those that are not have an empty slot.
    for cpu in (0..array.len()).filter(|cpu| !online().contains(cpu)) {
        assert!(!array.clear(cpu)?);
    }
    Ok(())
}

fn slots_bound_the_cpus() -> Outcome {
    let array = slots(1)?;
    let mut reader = array.reader_with(small())?;
    assert_eq!(reader.cpus().collect::<Vec<_>>(), [0]);
    let producer = Filter::outputs_to_event(&array, 4);
    for cpu in online() {
        let expected = if cpu == 0 { 0 } else { -libc::E2BIG };
        assert_eq!(on(cpu, || producer.run(&[0; 4], 1)), expected);
    }
    assert_eq!(reader.for_each(|cpu, _: &u32| assert_eq!(cpu, 0))?.records, 1);
    // More of them than CPUs do no harm.
    let array = slots(array.len() + 1_000)?;
    assert_eq!(array.reader_with(small())?.cpus().count(), online().len());
    Ok(())
}

fn a_dropped_reader_empties_the_slots() -> Outcome {
    let array = array()?;
    let producer = Filter::outputs_to_event(&array, 4);
    assert_eq!(producer.run(&[0; 4], 1), EMPTY);
    for _ in 0..3 {
        let mut reader = array.reader()?;
        assert_eq!(producer.run(&[0; 4], 1), 0);
        assert_eq!(reader.for_each(|_, _: &u32| ())?.records, 1);
        drop(reader);
        assert_eq!(producer.run(&[0; 4], 1), EMPTY);
        for slot in 0..array.len() {
            assert!(!array.clear(slot)?);
        }
    }
    // It is not bound to the handle that it is made of.
    let again = array.try_clone()?;
    let reader = array.reader()?;
    drop(array);
    assert_eq!(producer.run(&[0; 4], 1), 0);
    drop(reader);
    assert_eq!(producer.run(&[0; 4], 1), EMPTY);
    drop(again);
    Ok(())
}

fn one_reader_a_map() -> Outcome {
    let array = array()?;
    let by_id = PerfEventArray::from_id(array.id()?)?;
    let reader = array.reader_with(small())?;
    let error = by_id.reader().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), r#"map "events": it has a reader in this process already"#);
    assert_eq!(self::array()?.reader_with(small())?.lost(), 0);
    drop(reader);
    by_id.reader_with(small())?;
    array.reader_with(small())?;
    Ok(())
}

/// Puts the limit back, also when a test fails.
struct Descriptors(libc::rlimit);

impl Descriptors {
    fn limit() -> Self {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the struct is exclusively borrowed.
        assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }, 0);
        Self(limit)
    }

    fn set(&self, count: i32) {
        let limit = libc::rlimit { rlim_cur: count as libc::rlim_t, ..self.0 };
        // SAFETY: the struct is borrowed.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
    }
}

impl Drop for Descriptors {
    fn drop(&mut self) {
        // SAFETY: the struct is borrowed.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const self.0) };
    }
}

fn a_failure_leaves_nothing() -> Outcome {
    let array = array()?;
    let is_empty = || (0..array.len()).all(|slot| !array.clear(slot).unwrap());
    let before = Snapshot::of_process();
    // Wherever the descriptors run out: at the first of them, at the events of the CPUs.
    let limit = Descriptors::limit();
    let free = array.try_clone()?.as_fd().as_raw_fd();
    let mut failures = 0;
    let reader = loop {
        limit.set(free + failures);
        let reader = array.reader_with(small());
        limit.set(limit.0.rlim_cur as i32);
        match reader {
            Ok(reader) => break reader,
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}"),
        }
        assert!(before.left_in_process().is_empty(), "{failures}");
        assert!(is_empty(), "{failures}");
        failures += 1;
        assert!(failures < 10_000);
    };
    // The epoll descriptor, the map, and an event a CPU; more where others have numbers in between.
    assert!(failures as usize >= 2 + reader.cpus().count(), "{failures}");
    drop(reader);
    assert!(is_empty());
    // The last thing that can fail of a CPU.
    array.freeze()?;
    let error = array.reader_with(small()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EPERM));
    assert!(error.hint().unwrap().contains("frozen"));
    assert!(before.left_in_process().is_empty());
    Ok(())
}

fn options_that_cannot_be() -> Outcome {
    let array = array()?;
    for pages in [0, 3, 65] {
        let error = array.reader_with(PerfReaderOptions::new().pages(pages)).unwrap_err();
        let expected = format!(r#"map "events": pages: expected a power of two, found {pages}"#);
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::InvalidInput, expected));
    }
    let error = array.reader_with(PerfReaderOptions::new().pages(1 << 30)).unwrap_err();
    assert!(
        error.to_string().starts_with(r#"map "events": mmap of the ring of CPU 0: "#),
        "{error}"
    );
    let other = Map::from_spec(&MapSpec::new("other", MapType::ARRAY, 4, 4, 1), None)?;
    let error = PerfEventArray::try_from(other).unwrap_err();
    assert_eq!(error.to_string(), r#"map "other": type: expected perf_event_array, found array"#);
    Ok(())
}

fn events_of_the_caller() -> Outcome {
    let array = slots(3)?;
    array.set(1, &software_event())?;
    // The map keeps it, though its descriptor is closed.
    assert!(array.clear(1)?);
    assert!(!array.clear(1)?);
    let error = array.set(0, &array).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    assert_eq!(array.set(3, &software_event()).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(array.clear(3).unwrap_err().kind(), ErrorKind::InvalidInput);
    // It goes with the handle that it was put through, and its clones.
    let other = PerfEventArray::from_id(array.id()?)?;
    let clone = other.try_clone()?;
    other.set(2, &software_event())?;
    other.set(1, &software_event())?;
    drop(other);
    assert!(array.clear(2)?);
    drop(clone);
    assert!(!array.clear(1)?);
    Ok(())
}

fn a_skeleton_has_it() -> Outcome {
    use perf_output::types::sample;

    const DROP: u32 = 1;
    const PASS: u32 = 2;
    let skel = perf_output::open().load()?;
    let run = |packet: &[u8]| skel.progs.watch.test_run(TestRun::new().data_in(packet));
    assert_eq!(skel.maps.events.len() as usize, possible_cpus()?);
    assert_eq!(run(&[1; 64])?.retval, DROP);
    let mut reader = skel.maps.events.reader()?;
    assert_eq!(run(&[2; 64])?.retval, PASS);
    let received = reader.for_each(|_, sample: &sample| {
        assert_eq!((sample.number, sample.length), (2, 64));
    })?;
    assert_eq!(received.records, 1);
    // The packet is behind it, whatever its length.
    for len in 60..70 {
        assert_eq!(run(&vec![len as u8; len])?.retval, PASS);
        let received = reader.for_each_raw(|_, record| {
            let sample = pod::read::<sample>(record).unwrap();
            let packet = &record[size_of::<sample>()..];
            assert_eq!(packet[..sample.length as usize], vec![len as u8; len]);
            assert!((len..len + 8).contains(&packet.len()));
        })?;
        assert_eq!(received.records, 1);
    }
    // It outlives the skeleton.
    drop(skel);
    assert_eq!(reader.for_each_raw(|_, _| ())?.records, 0);
    Ok(())
}
