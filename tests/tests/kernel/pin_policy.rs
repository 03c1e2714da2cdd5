//! What happens where a map is pinned that differs, and places that nobody can lead elsewhere.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use bpf_skel::loader::Config;
use bpf_skel::loader::config::Mount;
use bpf_skel::pin::{OnMismatch, Place, SubPath};
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::{MapType, flags};
use bpf_skel::{Difference, ErrorKind, Map, OpenObject};
use bpf_skel_tests::kernel::{Outcome, PinDirectory, fixture, tests};

use crate::phases::{fails, failures, open};

tests![
    every_difference_is_typed,
    another_layout_is_a_difference,
    reused_where_that_is_safe,
    replaced_after_attach,
    replaced_only_after_attach,
    placed_below_a_root,
    iproute2s_aliases,
    links_lead_nowhere,
    strangers_directories,
    places_leave_nothing_behind,
    mounted_where_missing,
];

/// Pins a map like `counts` of the fixture, but for what `edit` does, as `name` in the directory.
fn pinned(directory: &PinDirectory, name: &str, edit: impl FnOnce(&mut MapSpec)) -> Map {
    let mut spec = MapSpec::new("counts", MapType::HASH, 4, 8, 16);
    edit(&mut spec);
    let map = Map::from_spec(&spec, None).unwrap();
    map.pin(directory.join(name)).unwrap();
    map
}

fn with_counts(path: impl AsRef<Path>, on_mismatch: OnMismatch) -> OpenObject {
    let mut open = open();
    let counts = open.map_mut("counts").unwrap();
    counts.set_pin_path(path.as_ref()).set_on_mismatch(on_mismatch);
    open
}

fn every_difference_is_typed() -> Outcome {
    let directory = PinDirectory::new("typed")?;
    pinned(&directory, "m", |spec| {
        spec.key_size = 8;
        spec.max_entries = 17;
        spec.flags = flags::NO_PREALLOC;
    });
    let error = fails(with_counts(directory.join("m"), OnMismatch::Fail).load(), &["counts", "/m"]);
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert_eq!(
        error.differences(),
        [
            Difference::KeySize { defined: 4, found: 8 },
            Difference::MaxEntries { defined: 16, found: 17 },
            Difference::Flags { defined: 0, found: 1 },
        ]
    );
    Ok(())
}

fn another_layout_is_a_difference() -> Outcome {
    let directory = PinDirectory::new("layout")?;
    let path = directory.join("m");
    let pin = |value: Option<&str>| {
        let mut open = OpenObject::new(fixture!("types"));
        let spec = open.spec().clone();
        let btf = bpf_skel::btf::Btf::parse(&spec.btf, spec.endian).unwrap();
        let map = open.map_mut("anonymous").unwrap();
        map.set_pin_path(&path);
        if let Some(name) = value {
            let value_type_id = btf.find_struct(name).unwrap().0;
            map.replace(MapSpec { value_type_id, ..map.spec().clone() });
        }
        open.prepare()?.load()
    };
    // `struct key` has 8 bytes too: a number and a byte, by other names.
    drop(pin(Some("key"))?);
    let error = fails(pin(None), &["value member \"hits\": defined \"hits\", found \"pid\""]);
    assert!(matches!(error.differences(), [Difference::Value(_)]));
    drop(pin(Some("key"))?);
    Ok(())
}

fn reused_where_that_is_safe() -> Outcome {
    let directory = PinDirectory::new("safe")?;
    let map = pinned(&directory, "larger", |spec| {
        (spec.max_entries, spec.flags) = (99, flags::NO_PREALLOC);
    });
    let object = with_counts(directory.join("larger"), OnMismatch::Reuse).load()?;
    assert_eq!(object.map("counts")?.id()?, map.id()?);
    assert_eq!(object.map("counts")?.info().max_entries, 99);
    pinned(&directory, "other", |spec| (spec.max_entries, spec.value_size) = (99, 4));
    let load = with_counts(directory.join("other"), OnMismatch::Reuse).load();
    fails(load, &["value size: defined 8, found 4", "max entries"]);
    Ok(())
}

fn replacing(path: &Path) -> bpf_skel::Result<failures::Skel> {
    let mut open = failures::open();
    open.progs.attaches.set_autoload(true);
    open.maps.bss.set_pin_path(path).set_on_mismatch(OnMismatch::Replace);
    open.load()
}

fn replaced_after_attach() -> Outcome {
    let directory = PinDirectory::new("replaced")?;
    let old = pinned(&directory, "m", |_| ());
    let skel = replacing(&directory.join("m"))?;
    assert_eq!(Map::from_pin(directory.join("m"))?.id()?, old.id()?);
    let links = skel.attach()?;
    assert_eq!(Map::from_pin(directory.join("m"))?.id()?, skel.maps.bss.id()?);
    assert_eq!(fs::read_dir(directory.join(""))?.count(), 1);
    drop(links);
    Ok(())
}

fn replaced_only_after_attach() -> Outcome {
    let directory = PinDirectory::new("unreplaced")?;
    let old = pinned(&directory, "m", |_| ());
    drop(replacing(&directory.join("m"))?);
    assert_eq!(Map::from_pin(directory.join("m"))?.id()?, old.id()?);
    // By hand, for programs that are attached by hand.
    let skel = replacing(&directory.join("m"))?;
    skel.object().replace_pins()?;
    assert_eq!(Map::from_pin(directory.join("m"))?.id()?, skel.maps.bss.id()?);
    Ok(())
}

fn placed(root: &Path, directory: &str) -> bpf_skel::Result<Map> {
    let place = Place::new(root, SubPath::new(directory)?, "counts")?;
    let mut open = open();
    open.map_mut("counts")?.set_pin_place(place);
    open.load()?.map("counts")?.try_clone()
}

fn placed_below_a_root() -> Outcome {
    let directory = PinDirectory::new("placed")?;
    let root = directory.join("");
    let map = placed(&root, "one/two")?;
    assert_eq!(Map::from_pin(root.join("one/two/counts"))?.id()?, map.id()?);
    for made in ["one", "one/two"] {
        assert_eq!(fs::metadata(root.join(made))?.permissions().mode() & 0o7777, 0o700, "{made}");
    }
    // Found again, and directories that exist keep their mode.
    fs::set_permissions(root.join("one"), fs::Permissions::from_mode(0o711))?;
    assert_eq!(placed(&root, "one/two")?.id()?, map.id()?);
    assert_eq!(fs::metadata(root.join("one"))?.permissions().mode() & 0o777, 0o711);
    fails(placed(Path::new("/tmp"), "x"), &["map \"counts\"", "/tmp", "not on a BPF file system"]);
    fails(placed(Path::new("tmp"), "x"), &["absolute"]);
    fails(placed(&root.join("none"), "x"), &["none", "No such file"]);
    Ok(())
}

fn iproute2s_aliases() -> Outcome {
    let directory = PinDirectory::new("aliases")?;
    let root = directory.join("r");
    fs::create_dir(&root)?;
    let map = placed(&root, "xdp/globals")?;
    assert_eq!(fs::read_link(root.join("xdp"))?, root.join("tc"));
    assert_eq!(placed(&root, "tc/globals")?.id()?, map.id()?, "tc and xdp share their maps");
    assert_eq!(placed(&root, "ip/globals")?.id()?, map.id()?);
    // libxdp makes a directory of its own, which is as good.
    let own = directory.join("s");
    DirBuilder::new().recursive(true).mode(0o700).create(own.join("xdp"))?;
    let map = placed(&own, "xdp/globals")?;
    assert!(!own.join("tc").exists());
    assert_eq!(Map::from_pin(own.join("xdp/globals/counts"))?.id()?, map.id()?);
    Ok(())
}

fn links_lead_nowhere() -> Outcome {
    let directory = PinDirectory::new("links")?;
    let root = directory.join("r");
    fs::create_dir_all(root.join("real"))?;
    for (name, target) in [
        ("elsewhere", root.join("real")),
        ("xdp", root.join("real")),
        ("ip", "/etc".into()),
        ("relative", "real".into()),
    ] {
        symlink(&target, root.join(name))?;
        let words = [name, "is a symbolic link to", target.to_str().unwrap()];
        let error = fails(placed(&root, &format!("{name}/globals")), &words);
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        fs::remove_file(root.join(name))?;
    }
    // One level further down, even iproute2's names are none.
    symlink(root.join("tc"), root.join("real/xdp"))?;
    fails(placed(&root, "real/xdp"), &["symbolic link"]);
    fs::remove_file(root.join("real/xdp"))?;
    // Where a pin is, a directory was expected.
    pinned(&directory, "r/pin", |_| ());
    fails(placed(&root, "pin/globals"), &["pin", "expected a directory"]);
    // Where a pin was expected, a link to another that would fit, or to nothing.
    fs::create_dir(root.join("tc"))?;
    for target in ["pin", "none"] {
        symlink(root.join(target), root.join("tc/counts"))?;
        let error = fails(placed(&root, "tc"), &["tc/counts", "symbolic link"]);
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        fs::remove_file(root.join("tc/counts"))?;
    }
    Ok(())
}

fn strangers_directories() -> Outcome {
    let directory = PinDirectory::new("strangers")?;
    let root = directory.join("r");
    fs::create_dir_all(root.join("tc"))?;
    chown(root.join("tc"), Some(65_534), None)?;
    let error = fails(placed(&root, "tc/globals"), &["tc", "belongs to user 65534"]);
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(fs::metadata(root.join("tc"))?.uid(), 65_534);
    Ok(())
}

fn places_leave_nothing_behind() -> Outcome {
    let directory = PinDirectory::new("rollback")?;
    let root = directory.join("r");
    fs::create_dir(&root)?;
    for path in ["xdp/globals", "a/b/c"] {
        let mut open = failures::open();
        open.progs.no_null_check.set_autoload(true);
        open.maps.bss.set_pin_place(Place::new(&root, SubPath::new(path)?, "bss")?);
        fails(open.load().map(drop), &["no_null_check"]);
        assert_eq!(fs::read_dir(&root)?.count(), 0, "{path}");
    }
    Ok(())
}

fn mounted_where_missing() -> Outcome {
    let root = std::env::temp_dir().join(format!("bpf-skel-mount-{}", std::process::id()));
    fs::create_dir_all(&root)?;
    let load = |mount| {
        let mut config = Config::built_in();
        config.set_root(&root).set_mount(mount);
        let mut open = open();
        open.map_mut("counts")?.set_pin_by_name();
        open.options.set_pinning(config);
        open.load()
    };
    let never = load(Mount::Never);
    fails(never, &["counts", root.to_str().unwrap(), "not on a BPF file system"]);
    let object = load(Mount::IfMissing)?;
    let pin = root.join("tc/globals/counts");
    assert_eq!(Map::from_pin(&pin)?.id()?, object.map("counts")?.id()?);
    // A second load finds it mounted, and the map.
    assert_eq!(load(Mount::IfMissing)?.map("counts")?.id()?, object.map("counts")?.id()?);
    drop(object);
    let path = std::ffi::CString::new(root.to_str().unwrap())?;
    // SAFETY: the path ends with a NUL.
    assert_eq!(unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) }, 0);
    fs::remove_dir(&root)?;
    Ok(())
}
