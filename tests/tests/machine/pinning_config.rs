//! The pinning configuration: which files are trusted, what goes before what, and what is explained.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use bpf_skel::loader::Config;
use bpf_skel::loader::config::{Hook, Layout, Template};
use bpf_skel::pin::Policy;
use bpf_skel::spec::{MapSpec, ObjectSpec, Pinning};
use bpf_skel::uapi::MapType;
use bpf_skel::{Error, ErrorKind};
use bpf_skel_tests::fixtures;
use bpf_skel_tests::machine::{Outcome, Skip, tests};

tests![trusted, not_trusted, nothing_there, places, explained, imported, what_goes_before_what];

/// A directory of root's, with none above it that others may write to: `/tmp` is no such place.
struct Trusted(PathBuf);

impl Trusted {
    fn new(name: &str) -> Result<Self, Skip> {
        let path = PathBuf::from(format!("/run/bpf-skel-test-{}-{name}", std::process::id()));
        fs::create_dir(&path).map_err(|error| Skip(format!("needs root: mkdir: {error}")))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own directory");
        Ok(Self(path))
    }

    fn write(&self, text: &str) -> PathBuf {
        let path = self.0.join("pinning.conf");
        fs::write(&path, text).expect("our own directory");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("our own file");
        path
    }
}

impl Drop for Trusted {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Without what this machine has in `/etc/iproute2`.
const PLAIN: &str = "import = \"\"\n";

fn trusted() -> Outcome {
    let directory = Trusted::new("trusted")?;
    let path = directory.write(PLAIN);
    Config::from_file(&path)?;
    // A link of root's on the way is as good as the directory it leads to.
    let link = PathBuf::from(format!("{}-link", directory.0.display()));
    symlink(&directory.0, &link)?;
    let result = Config::from_file(link.join("pinning.conf"));
    fs::remove_file(&link)?;
    result?;
    Ok(())
}

/// Makes a configuration file one that must not be read.
type Spoil<'a> = &'a dyn Fn(&Path) -> std::io::Result<()>;

fn not_trusted() -> Outcome {
    let directory = Trusted::new("not-trusted")?;
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    let cases: [(&str, Spoil<'_>, &str); 10] = [
        (
            "a group may write",
            &|path| mode(path, 0o664),
            "group or others may write to it (mode 0664)",
        ),
        ("anybody may write", &|path| mode(path, 0o646), "(mode 0646)"),
        ("somebody else's", &|path| chown(path, Some(65_534), None), "belongs to user 65534"),
        ("a directory others may write to", &|_| mode(&directory.0, 0o775), "(mode 0775)"),
        ("a sticky one", &|_| mode(&directory.0, 0o1777), "(mode 1777)"),
        ("somebody else's directory", &|_| chown(&directory.0, Some(65_534), None), "65534"),
        (
            "a link",
            &|path| {
                fs::rename(path, path.with_extension("real"))?;
                symlink(path.with_extension("real"), path)
            },
            "a symbolic link",
        ),
        (
            "a pipe",
            &|path| {
                fs::remove_file(path)?;
                let path = CString::new(path.as_os_str().as_bytes())?;
                // SAFETY: the path ends with a NUL.
                match unsafe { libc::mkfifo(path.as_ptr(), 0o600) } {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            },
            "not a regular file",
        ),
        ("a huge file", &|path| fs::write(path, " ".repeat(65_537)), "larger than 65536 bytes"),
        ("no text", &|path| fs::write(path, [0xff, 0xfe]), "not UTF-8"),
    ];
    for (what, spoil, words) in cases {
        let path = directory.write(PLAIN);
        spoil(&path)?;
        let error = Config::from_file(&path).err().unwrap_or_else(|| panic!("{what}: taken"));
        let text = error.to_string();
        assert!(text.contains(words), "{what}: {text}");
        assert!(text.contains("bpf-skel-test-"), "{what}: the file is named: {text}");
        fs::remove_file(&path)?;
        chown(&directory.0, Some(0), None)?;
        mode(&directory.0, 0o755)?;
    }
    Ok(())
}

fn nothing_there() -> Outcome {
    let directory = Trusted::new("nothing")?;
    let error = Config::from_file(directory.0.join("none")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = Config::from_file(directory.0.join("no/such/directory")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(Config::from_file("pinning.conf").unwrap_err().to_string().contains("absolute"));
    // Whatever this machine has, it must be right.
    Config::system()?;
    Ok(())
}

fn object(fixture: &str, pinning: &[(&'static str, Pinning)]) -> ObjectSpec {
    let mut spec = fixtures::spec(fixture);
    let maps = pinning
        .iter()
        .map(|&(name, pinning)| MapSpec { pinning, ..MapSpec::new(name, MapType::HASH, 4, 8, 1) });
    spec.maps = maps.collect::<Vec<_>>().into();
    spec
}

fn place(config: &Config, object: &ObjectSpec) -> Result<String, Error> {
    let place = config.place(object, &object.maps[0])?;
    Ok(place.map_or("none".to_owned(), |place| place.path().display().to_string()))
}

fn places() -> Outcome {
    let tc = object("phases", &[("m", Pinning::ByName)]);
    let tracing = object("failures", &[("m", Pinning::ByName)]);
    let tracing = ObjectSpec { programs: tracing.programs[4..].to_vec().into(), ..tracing };
    let none = object("phases", &[("m", Pinning::None)]);
    let legacy = |pinning| object("phases", &[("m", Pinning::Legacy(pinning))]);
    let no_hook = ObjectSpec { programs: tracing.programs.clone(), ..legacy(2) };
    let (of_object, global, other) = (legacy(1), legacy(2), legacy(3));
    let mut built_in = Config::built_in();
    built_in.set_root("/b");
    let mut flat = built_in.clone();
    flat.set_layout(Layout::Flat);
    let mut named = built_in.clone();
    named.set_object(b"abc").set_legacy(3, Template::new("tracing")?);
    let mut xdp = built_in.clone();
    xdp.set_hook(Hook::Xdp);
    let directory = Trusted::new("places")?;
    let mut file = Config::from_file(
        directory.write("import = \"\"\nroot = \"/f\"\n[btf]\n1 = \"{hook}/own\"\n"),
    )?;
    for (what, config, object, expected) in [
        ("by name", &built_in, &tc, "/b/tc/globals/m"),
        ("no hook", &built_in, &tracing, "/b/m"),
        ("not pinned", &built_in, &none, "none"),
        ("flat", &flat, &tc, "/b/m"),
        ("told which hook", &xdp, &tracing, "/b/xdp/globals/m"),
        ("of the object", &named, &of_object, "/b/tc/a9993e364706816aba3e25717850c26c9cd0d89d/m"),
        ("of all objects", &flat, &global, "/b/tc/globals/m"),
        ("of all objects, no hook", &built_in, &no_hook, "/b/tc/globals/m"),
        ("a number that was given a directory", &named, &other, "/b/tracing/m"),
        ("a number that means nothing", &built_in, &other, "none"),
        ("by a file", &file, &tc, "/f/tc/own/m"),
    ] {
        assert_eq!(place(config, object)?, expected, "{what}");
    }
    let error = place(&file, &tracing).unwrap_err().to_string();
    assert!(error.contains("[btf] 1") && error.contains("pinning.conf:4"), "{error}");
    let error = place(&built_in, &of_object).unwrap_err().to_string();
    assert!(error.contains("[legacy] 1 (built in)") && error.contains("set_object"), "{error}");
    // The caller goes before the file.
    file.set_root("/c");
    assert_eq!(place(&file, &tc)?, "/c/tc/own/m");
    Ok(())
}

fn explained() -> Outcome {
    let directory = Trusted::new("explained")?;
    let path = directory.write("import = \"\"\nroot = \"/f\"\n\n[btf]\n1 = \"{hook}/own\"\n");
    let config = Config::from_file(&path)?;
    let object = object("phases", &[("a", Pinning::ByName), ("b", Pinning::None)]);
    let text: Vec<_> = config.explain(&object)?.iter().map(ToString::to_string).collect();
    let path = path.display();
    assert_eq!(
        text,
        [
            format!(
                "a: /f/tc/own/a (pinning 1)\n    root = \"/f\": {path}:2\n    [btf] 1 = \"{{hook}}/own\": {path}:5"
            ),
            "b: not pinned (the object does not pin it)".to_owned(),
        ]
    );
    Ok(())
}

fn imported() -> Outcome {
    let directory = Trusted::new("imported")?;
    let list = directory.0.join("bpf_pinning");
    fs::write(&list, "7 seven\n1 no\n")?;
    fs::set_permissions(&list, fs::Permissions::from_mode(0o644))?;
    let config = Config::from_file(directory.write(&format!("import = {list:?}\n")))?;
    assert_eq!(config.warnings().len(), 1, "{:?}", config.warnings());
    assert!(
        config.warnings()[0].contains("bpf_pinning:2: 1 is reserved"),
        "{:?}",
        config.warnings()
    );
    fs::set_permissions(&list, fs::Permissions::from_mode(0o666))?;
    let error = Config::from_file(directory.0.join("pinning.conf")).unwrap_err().to_string();
    assert!(error.contains("bpf_pinning") && error.contains("0666"), "{error}");
    Ok(())
}

/// Each of these says where pins go, from the least to the most important; with every one that is added, it is that one.
fn what_goes_before_what() -> Outcome {
    let directory = Trusted::new("order")?;
    let folders = ["lib", "run", "etc"].map(|name| directory.0.join(name));
    let config = || Config::from_directories(folders.iter().map(PathBuf::as_path));
    let path = |config: &Config| place(config, &object("phases", &[("m", Pinning::ByName)]));
    assert_eq!(path(&config()?)?, "/sys/fs/bpf/tc/globals/m", "built in");
    for folder in &folders {
        for name in ["pinning.conf.d/10-a.conf", "pinning.conf.d/20-b.conf", "pinning.conf"] {
            let file = folder.join(name);
            let parent = file.parent().expect("it has one");
            fs::create_dir_all(parent)?;
            for made in [folder.as_path(), parent] {
                fs::set_permissions(made, fs::Permissions::from_mode(0o755))?;
            }
            // Another setting of an earlier file stays: each key is on its own.
            fs::write(&file, format!("import = \"\"\nroot = {file:?}\n"))?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
            assert_eq!(path(&config()?)?, format!("{}/tc/globals/m", file.display()));
        }
    }
    fs::write(folders[0].join("pinning.conf.d/30-c.conf"), "[btf]\n1 = \"shared\"\n")?;
    fs::write(folders[1].join("pinning.conf.d/ignored"), "not TOML")?;
    let most = folders[2].join("pinning.conf");
    assert_eq!(path(&config()?)?, format!("{}/shared/m", most.display()));
    // A mistake in the least important file is one all the same.
    fs::write(folders[0].join("pinning.conf"), "root = 1")?;
    let error = config().unwrap_err().to_string();
    assert!(error.contains("lib/pinning.conf:1"), "{error}");
    Ok(())
}
