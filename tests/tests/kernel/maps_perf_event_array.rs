use std::os::fd::{AsFd, AsRawFd};

use bpf_skel::ErrorKind;
use bpf_skel::map::{Map, PerfEventArray, PerfReaderOptions, possible_cpus};
use bpf_skel::pod;
use bpf_skel::program::TestRun;
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;

use crate::raw::Filter;
use bpf_skel_tests::kernel::{Outcome, Snapshot, software_event, tests};

tests![
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

/// What an output answers that finds no event.
const EMPTY: i32 = -libc::ENOENT;

pub(crate) fn array() -> bpf_skel::Result<PerfEventArray> {
    slots(u32::try_from(possible_cpus()?).unwrap())
}

fn slots(count: u32) -> bpf_skel::Result<PerfEventArray> {
    let spec = MapSpec::new("events", MapType::PERF_EVENT_ARRAY, 4, 4, count);
    Map::from_spec(&spec, None)?.try_into()
}

/// Up to Linux 5.10 programs are counted as locked memory, as rings are: larger ones would leave none for them.
pub(crate) fn small() -> PerfReaderOptions {
    PerfReaderOptions::new().pages(1)
}

/// On this CPU, in a thread of its own.
pub(crate) fn on<R: Send>(cpu: u32, f: impl FnOnce() -> R + Send) -> R {
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
