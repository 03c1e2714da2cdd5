use std::os::fd::{AsFd, OwnedFd};

use bpf_skel::ErrorKind;
use bpf_skel::map::{Array, Hash, Map, PerCpuHash, RingBuf};
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::{MapType, flags};

use crate::raw::Filter;
use bpf_skel_tests::kernel::{Outcome, PinDirectory, tests};

tests![
    elements_are_bytes,
    lengths_are_checked,
    types_and_sizes_are_checked,
    handles_come_from_ids_and_descriptors,
    other_descriptors_are_refused,
    pins_keep_maps_alive,
    pins_of_other_maps_stay,
];

fn map() -> bpf_skel::Result<Map> {
    Map::from_spec(&MapSpec::new("untyped", MapType::HASH, 2, 3, 10), None)
}

fn elements_are_bytes() -> Outcome {
    let map = map()?;
    map.update(b"ab", b"123", flags::ANY)?;
    assert_eq!(map.lookup(b"ab")?.as_deref(), Some(&b"123"[..]));
    assert_eq!(map.next_key(None)?.as_deref(), Some(&b"ab"[..]));
    assert_eq!(map.next_key(Some(b"ab"))?, None);
    assert_eq!(map.keys().collect::<Result<Vec<_>, _>>()?, [b"ab"]);
    assert!(map.delete(b"ab")?);
    assert!(!map.delete(b"ab")?);
    assert_eq!((map.value_len()?, map.max_entries(), map.flags()), (3, 10, 0));
    Ok(())
}

fn lengths_are_checked() -> Outcome {
    let map = map()?;
    let cases = [
        (map.lookup(b"abc").unwrap_err(), "key: expected 2 bytes, found 3"),
        (map.update(b"ab", b"1234", 0).unwrap_err(), "value: expected 3 bytes, found 4"),
        (map.delete(b"").unwrap_err(), "key: expected 2 bytes, found 0"),
        (map.next_key(Some(b"a")).unwrap_err(), "key: expected 2 bytes, found 1"),
        (map.lookup_into(b"ab", &mut [0; 2]).unwrap_err(), "value: expected 3 bytes, found 2"),
    ];
    for (error, message) in cases {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), format!("map \"untyped\": {message}"));
    }
    Ok(())
}

fn types_and_sizes_are_checked() -> Outcome {
    let of = |key, value| Map::from_spec(&MapSpec::new("x", MapType::HASH, key, value, 1), None);
    let cases = [
        (
            Hash::<u32, u64>::try_from(of(4, 4)?).err().unwrap(),
            r#"map "x": value size: expected 8 (u64), found 4"#,
        ),
        (
            Hash::<[u8; 3], u64>::try_from(of(4, 8)?).err().unwrap(),
            r#"map "x": key size: expected 3 ([u8; 3]), found 4"#,
        ),
        (
            Array::<u64>::try_from(of(4, 8)?).err().unwrap(),
            r#"map "x": type: expected array, found hash"#,
        ),
        (
            PerCpuHash::<u32, u64>::try_from(of(4, 8)?).err().unwrap(),
            r#"map "x": type: expected percpu_hash or lru_percpu_hash, found hash"#,
        ),
        (
            RingBuf::try_from(of(4, 8)?).err().unwrap(),
            r#"map "x": type: expected ringbuf, found hash"#,
        ),
    ];
    for (error, message) in cases {
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Mismatch, message));
    }
    Ok(())
}

fn handles_come_from_ids_and_descriptors() -> Outcome {
    let map = map()?;
    map.update(b"ab", b"123", 0)?;
    let by_id = Map::from_id(map.id()?)?;
    let by_fd = Map::from_fd(OwnedFd::from(map.try_clone()?))?;
    drop(map);
    for again in [by_id, by_fd] {
        assert_eq!((again.name(), again.map_type()), ("untyped", MapType::HASH));
        assert_eq!((again.key_size(), again.value_size()), (2, 3));
        assert_eq!(again.lookup(b"ab")?.as_deref(), Some(&b"123"[..]));
    }
    let error = Map::from_id(u32::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    Ok(())
}

fn other_descriptors_are_refused() -> Outcome {
    let program = Filter::returns(0).as_fd().try_clone_to_owned()?;
    let file = OwnedFd::from(std::fs::File::open("/dev/null")?);
    for fd in [program, file] {
        let error = Map::from_fd(fd).unwrap_err();
        assert_eq!(error.to_string(), "the file descriptor is not one of a BPF map");
    }
    Ok(())
}

fn pins_keep_maps_alive() -> Outcome {
    let directory = PinDirectory::new("alive")?;
    let path = directory.join("deeper/still/map");
    let map = map()?;
    map.update(b"ab", b"123", 0)?;
    map.pin(&path)?;
    let taken = map.pin(&path).unwrap_err();
    assert!(taken.to_string().contains(path.to_str().unwrap()), "{taken}");
    drop(map);
    let again = Map::from_pin(&path)?;
    assert_eq!(again.lookup(b"ab")?.as_deref(), Some(&b"123"[..]));
    let wrong = Hash::<u16, u32>::from_pin(&path).err().unwrap();
    assert_eq!(
        wrong.to_string(),
        format!(r#"{}: map "untyped": value size: expected 4 (u32), found 3"#, path.display())
    );
    again.unpin(&path)?;
    assert_eq!(Map::from_pin(&path).unwrap_err().kind(), ErrorKind::NotFound);
    Ok(())
}

fn pins_of_other_maps_stay() -> Outcome {
    let directory = PinDirectory::new("stay")?;
    let path = directory.join("map");
    let (pinned, other) = (map()?, map()?);
    pinned.pin(&path)?;
    assert_eq!(other.unpin(&path).unwrap_err().kind(), ErrorKind::Mismatch);
    assert_eq!(Map::from_pin(&path)?.id()?, pinned.id()?);
    Ok(())
}
