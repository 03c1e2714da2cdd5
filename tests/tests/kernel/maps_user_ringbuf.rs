//! Samples from here to a program, which adds them up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bpf_skel::ErrorKind;
use bpf_skel::map::{Map, RingBuf, UserRingBuf};
use bpf_skel::pod::bytes_of;
use bpf_skel::program::TestRun;
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;
use bpf_skel_tests::kernel::needs::USER_RINGBUF;
use bpf_skel_tests::kernel::{Outcome, PinDirectory, child};

use crate::phases::fails;
use skeleton::types::request;

bpf_skel_macros::bpf_skel!(mod skeleton = "fixtures/user_ringbuf-el.o", "fixtures/user_ringbuf-eb.o");

bpf_skel_tests::kernel::tests! {
    [USER_RINGBUF]: samples_come_in_order, reserved_ones_hold_up_what_is_behind, dropped_ones_do_not_come, a_full_ring_is_drained,
        samples_of_any_length, too_long, waiting_ends_by_time_or_room, one_long_sample_waits_for_enough_room, all_handles_share_one_producer,
        another_one_goes_on, another_process, typed_by_its_kind, nothing_is_lost_under_load;
}

/// Bytes of the ring, and what a request takes of it.
const SIZE: usize = 4096;
const EACH: usize = 8 + size_of::<request>();
const SHORT: Duration = Duration::from_millis(30);

fn request(number: u64, weight: u32) -> request {
    request { number, weight, pad: 0 }
}

fn drain(skel: &skeleton::Skel) -> bpf_skel::Result<i32> {
    Ok(skel.progs.drain.test_run(TestRun::new())?.retval as i32)
}

/// How many samples were not what they should be.
fn wrong(skel: &skeleton::Skel) -> [u64; 2] {
    [skel.bss.out_of_order.get(), skel.bss.too_short.get()]
}

fn samples_come_in_order() -> Outcome {
    let skel = skeleton::open().load()?;
    let ring = &skel.maps.requests;
    assert_eq!(drain(&skel)?, 0);
    let mut number = 0;
    // Several times around the ring.
    for _ in 0..100 {
        for _ in 0..50 {
            number += 1;
            assert!(ring.send(&request(number, 3))?);
        }
        assert_eq!(ring.pending()?, 50 * EACH as u64);
        assert_eq!(drain(&skel)?, 50);
        assert_eq!((ring.pending()?, skel.bss.last.number.get()), (0, number));
    }
    assert_eq!((skel.bss.weight.get(), wrong(&skel)), (3 * 5_000, [0, 0]));
    Ok(())
}

fn reserved_ones_hold_up_what_is_behind() -> Outcome {
    let skel = skeleton::open().load()?;
    let ring = &skel.maps.requests;
    let mut first = ring.reserve(size_of::<request>())?.expect("there is room");
    let mut second = ring.reserve(size_of::<request>())?.expect("there is room");
    assert!(first.iter().all(|&byte| byte == 0));
    assert!(first.as_ptr().addr().is_multiple_of(8));
    second.copy_from_slice(bytes_of(&request(2, 20)));
    second.submit();
    assert_eq!(drain(&skel)?, 0);
    first[..8].copy_from_slice(&1_u64.to_ne_bytes());
    first[8..12].copy_from_slice(&10_u32.to_ne_bytes());
    first.submit();
    assert_eq!(drain(&skel)?, 2);
    assert_eq!((skel.bss.weight.get(), wrong(&skel)), (30, [0, 0]));
    Ok(())
}

fn dropped_ones_do_not_come() -> Outcome {
    let skel = skeleton::open().load()?;
    let ring = &skel.maps.requests;
    assert!(ring.send(&request(1, 1))?);
    drop(ring.reserve(100)?);
    ring.reserve(0)?.expect("there is room").discard();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _sample = ring.reserve(8).unwrap();
        std::panic::resume_unwind(Box::new(()))
    }));
    assert!(panicked.is_err());
    assert!(ring.send(&request(2, 1))?);
    assert_eq!(drain(&skel)?, 2);
    assert_eq!((ring.pending()?, wrong(&skel)), (0, [0, 0]));
    // What was there before does not show.
    let sample = ring.reserve(SIZE - 8)?.expect("it is empty");
    assert!(sample.iter().all(|&byte| byte == 0));
    Ok(())
}

fn a_full_ring_is_drained() -> Outcome {
    let mut open = skeleton::open();
    open.data.most = 2;
    let skel = open.load()?;
    let ring = &skel.maps.requests;
    let fits = (SIZE / EACH) as u64;
    for number in 1..=fits {
        assert!(ring.send(&request(number, 1))?);
    }
    assert!(!ring.send(&request(0, 0))?);
    assert!(ring.reserve(16)?.is_none());
    // There is a rest, for a shorter one.
    assert_eq!(ring.send(&1_u8)?, SIZE % EACH >= 16);
    assert_eq!(drain(&skel)?, 2);
    assert!(ring.send(&request(fits + 1, 1))?);
    Ok(())
}

fn samples_of_any_length() -> Outcome {
    let skel = skeleton::open().load()?;
    let ring = &skel.maps.requests;
    assert_eq!(ring.max_sample_len()?, SIZE - 8);
    let mut bytes = vec![0; SIZE - 8];
    for (n, len) in (16..SIZE - 8).step_by(97).chain([SIZE - 8]).enumerate() {
        bytes[..16].copy_from_slice(bytes_of(&request(n as u64 + 1, len as u32)));
        assert!(ring.send_raw(&bytes[..len])?);
        assert_eq!(drain(&skel)?, 1, "{len}");
        assert_eq!(u64::from(skel.bss.last.weight.get()), len as u64);
    }
    assert_eq!(wrong(&skel), [0, 0]);
    assert!(ring.send_raw(&[])? && ring.send(&1_u64)?);
    assert_eq!(drain(&skel)?, 2);
    assert_eq!(wrong(&skel), [0, 2]);
    Ok(())
}

fn too_long() -> Outcome {
    let skel = skeleton::open().load()?;
    let ring = &skel.maps.requests;
    let error = r#"map "requests": sample: 4089 bytes, but the ring takes 4088 at most"#;
    fails(ring.reserve(SIZE - 7), &[error]);
    fails(ring.wait_reserve(None, SIZE - 7), &[error]);
    fails(ring.send_raw(&[0; SIZE - 7]), &[error]);
    assert_eq!(ring.pending()?, 0);
    Ok(())
}

fn waiting_ends_by_time_or_room() -> Outcome {
    let skel = skeleton::open().load()?;
    let ring = &skel.maps.requests;
    assert!(ring.poll(None)?);
    assert!(ring.send_raw(&[0; SIZE - 8])?);
    let start = Instant::now();
    assert!(!ring.poll(SHORT)?);
    assert!(!ring.wait_send(SHORT, &1_u64)?);
    assert!(ring.wait_reserve(SHORT, 1)?.is_none());
    assert!(start.elapsed() >= 3 * SHORT);
    assert!(!ring.wait_send(Duration::ZERO, &1_u64)?);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(SHORT);
            drain(&skel).unwrap();
        });
        assert!(ring.wait_send(None, &1_u64).unwrap());
    });
    assert_eq!(drain(&skel)?, 1);
    Ok(())
}

/// The kernel says that there is room all the time.
fn one_long_sample_waits_for_enough_room() -> Outcome {
    let skel = skeleton::open().load()?;
    let ring = &skel.maps.requests;
    assert!(ring.send(&request(1, 1))?);
    assert!(ring.poll(None)?);
    let start = Instant::now();
    assert!(ring.wait_reserve(SHORT, SIZE - 8)?.is_none());
    assert!(start.elapsed() >= SHORT);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(SHORT);
            drain(&skel).unwrap();
        });
        assert!(ring.wait_reserve(None, SIZE - 8).unwrap().is_some());
    });
    Ok(())
}

fn all_handles_share_one_producer() -> Outcome {
    const ROUNDS: u32 = 2_000;
    let skel = skeleton::open().load()?;
    let pins = PinDirectory::new("user_ringbuf")?;
    let path = pins.join("requests");
    skel.maps.requests.pin(&path)?;
    let handles = [
        skel.maps.requests.try_clone()?,
        UserRingBuf::from_id(skel.maps.requests.id()?)?,
        UserRingBuf::from_pin(&path)?,
    ];
    std::thread::scope(|scope| {
        for ring in &handles {
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    assert!(ring.wait_send(Duration::from_secs(10), &request(0, 1)).unwrap());
                }
            });
        }
        let mut count = 0;
        while count < handles.len() as u32 * ROUNDS {
            count += drain(&skel).unwrap() as u32;
            std::thread::yield_now();
        }
    });
    assert_eq!(skel.bss.weight.get(), 3 * u64::from(ROUNDS));
    Ok(())
}

fn another_one_goes_on() -> Outcome {
    let skel = skeleton::open().load()?;
    let again = || UserRingBuf::from_id(skel.maps.requests.id()?);
    for number in 1..=5 {
        // Each is the only one, and is unmapped.
        assert!(again()?.send(&request(number, 1))?);
    }
    assert_eq!((drain(&skel)?, wrong(&skel)), (5, [0, 0]));
    Ok(())
}

/// A job of a child: sends one request.
pub(crate) fn send_from_a_child(arguments: &[String]) {
    let id = arguments[0].parse().expect("the map's id");
    let ring = UserRingBuf::from_id(id).expect("the map is there");
    assert!(ring.send(&request(1, 1)).expect("it takes it"));
}

fn another_process() -> Outcome {
    let skel = skeleton::open().load()?;
    let ring = &skel.maps.requests;
    let id = ring.id()?.to_string();
    let send = || child("user_ringbuf", &[&id]).status().expect("it runs").success();
    // Before our own producer is there, it is the one before us.
    assert!(send());
    assert!(ring.send(&request(2, 1))?);
    assert!(send());
    let error = ring.send(&request(3, 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::System);
    assert!(error.hint().is_some_and(|hint| hint.contains("another process")), "{error}");
    assert_eq!(drain(&skel)?, 3);
    Ok(())
}

fn typed_by_its_kind() -> Outcome {
    let of = |map_type| Map::from_spec(&MapSpec::new("x", map_type, 0, 0, 4096), None);
    fails(
        UserRingBuf::try_from(of(MapType::RINGBUF)?),
        &[r#"map "x": type: expected user_ringbuf, found ringbuf"#],
    );
    fails(
        RingBuf::try_from(of(MapType::USER_RINGBUF)?),
        &[r#"map "x": type: expected ringbuf, found user_ringbuf"#],
    );
    Ok(())
}

fn nothing_is_lost_under_load() -> Outcome {
    const LAST: u64 = 50_000;
    let skel = skeleton::open().load()?;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=LAST {
                let request = request(number, number as u32);
                assert!(skel.maps.requests.wait_send(Duration::from_secs(10), &request).unwrap());
            }
        });
        let mut count = 0;
        while count < LAST {
            count += drain(&skel).unwrap() as u64;
            std::thread::yield_now();
        }
    });
    assert_eq!((skel.bss.weight.get(), wrong(&skel)), (LAST * (LAST + 1) / 2, [0, 0]));
    Ok(())
}
