use bpf_skel::ErrorKind;
use bpf_skel::map::{Array, Map};
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;

use bpf_skel_tests::kernel::{Outcome, tests};

tests![elements_are_there_from_the_start, indices_are_checked, elements_are_not_deleted];

fn array(len: u32) -> bpf_skel::Result<Array<u64>> {
    Map::from_spec(&MapSpec::new("a", MapType::ARRAY, 4, 8, len), None)?.try_into()
}

fn elements_are_there_from_the_start() -> Outcome {
    let map = array(20_000)?;
    assert_eq!((map.len(), map.get(19_999)?), (20_000, 0));
    map.set(3, &33)?;
    let all: Vec<(u32, u64)> = map.iter().collect::<Result<_, _>>()?;
    assert_eq!(all.len(), 20_000);
    assert!(all.iter().enumerate().all(|(n, &(index, _))| n == index as usize));
    assert_eq!((all[2], all[3]), ((2, 0), (3, 33)));
    Ok(())
}

fn indices_are_checked() -> Outcome {
    let map = array(4)?;
    for error in [map.get(4).unwrap_err(), map.set(u32::MAX, &1).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(
        map.get(4).unwrap_err().to_string(),
        r#"map "a": index 4 is out of range: the map has 4 entries"#
    );
    Ok(())
}

fn elements_are_not_deleted() -> Outcome {
    let error = array(4)?.delete(&[0; 4]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    Ok(())
}
