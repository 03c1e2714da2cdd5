//! Where the command writes, and what with: files that are none, names that are no text, a clang that is a script.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::process::{Output, Stdio};
use std::thread;

use super::{Command, Path, PathBuf, bpf_skel, fixture, install, run};

/// A folder that is gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("bpf-skel-command-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("a folder");
        Self(folder)
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// Answers for clang: the object is a fixture, the depfile names the source, `arguments` has what it was given.
    fn clang(&self) -> PathBuf {
        let script = format!(
            "#!/bin/sh\n\
             printf '%s\\n' \"$@\" >'{}'\n\
             while [ $# -gt 0 ]; do\n\
             case $1 in -MF) depfile=$2 ;; -o) object=$2 ;; -c) source=$2 ;; esac\n\
             shift\n\
             done\n\
             echo \"object: $source\" >\"$depfile\"\n\
             echo 'a warning' >&2\n\
             cp '{}' \"$object\"\n",
            self.path("arguments").display(),
            fixture("maps-el.o").display()
        );
        let (text, clang) = (self.path("clang.sh"), self.path("clang"));
        fs::write(&text, script).expect("written");
        install(&text, &clang);
        clang
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn object() -> Vec<u8> {
    fs::read(fixture("maps-el.o")).expect("a fixture")
}

fn with(folder: &Folder, args: &[String], output: impl AsRef<OsStr>) -> Output {
    let output = bpf_skel().current_dir(&folder.0).args(args).arg("-o").arg(output).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{args:?}: {output:?}");
    output
}

/// All that have `-o`, with what they write there.
fn writers(folder: &Folder) -> Vec<(Vec<String>, Vec<u8>)> {
    fs::write(folder.path("x.bpf.c"), "int x;\n").expect("written");
    let (file, clang) = (fixture("maps-el.o"), folder.clang());
    let (file, clang) = (file.to_str().expect("text"), clang.to_str().expect("text"));
    let all = [
        &["gen", file][..],
        &["vmlinux", "--btf", file],
        &["btf", "dump", file],
        &["link", file],
        &["build", "--clang", clang, "x.bpf.c"],
    ];
    let all = all.map(|args| {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        with(folder, &args, "new");
        let bytes = fs::read(folder.path("new")).expect("written");
        fs::remove_file(folder.path("new")).expect("removed");
        (args, bytes)
    });
    all.into()
}

#[test]
fn a_dash_is_standard_output() {
    let folder = Folder::new("dash");
    for (args, bytes) in writers(&folder) {
        // So does what a shell has for `>(cmd)`.
        for output in ["-", "/dev/stdout"] {
            assert!(with(&folder, &args, output).stdout == bytes, "{args:?} {output}");
        }
    }
    assert!(!folder.path("-").exists());
}

#[test]
fn pipes_are_written_and_stay() {
    let folder = Folder::new("pipe");
    let pipe = folder.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    for (args, bytes) in writers(&folder) {
        // Open for both: it waits for nobody to open the other end.
        let mut reader = fs::File::options().read(true).write(true).open(&pipe).expect("a pipe");
        let mut read = vec![0; bytes.len()];
        let reading = thread::spawn(move || reader.read_exact(&mut read).map(|()| read));
        with(&folder, &args, &pipe);
        assert!(pipe.metadata().expect("it is there").file_type().is_fifo(), "{args:?}");
        assert!(reading.join().expect("no panic").expect("all of it") == bytes, "{args:?}");
    }
}

#[test]
fn links_and_modes_stay() {
    let folder = Folder::new("links");
    let (file, link) = (folder.path("file"), folder.path("link"));
    symlink("file", &link).expect("linked");
    for (args, bytes) in writers(&folder) {
        fs::write(&file, "old").expect("written");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("set");
        with(&folder, &args, &link);
        assert!(link.is_symlink() && fs::read(&file).expect("it is there") == bytes, "{args:?}");
        let mode = file.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{args:?}");
    }
}

/// As nobody, who may write the file, but nothing beside it.
#[test]
fn a_file_in_a_folder_that_is_not_ones_own_is_written() {
    let folder = Folder::new("folder");
    let file = folder.path("file");
    let is_root = folder.0.metadata().expect("it is there").uid() == 0;
    // Nobody may not look into the folders that this is built in.
    let command = folder.path("bpf-skel");
    install(Path::new(env!("CARGO_BIN_EXE_bpf-skel")), &command);
    fs::write(folder.path("maps-el.o"), object()).expect("written");
    fs::write(&file, "old").expect("written");
    fs::set_permissions(&file, Permissions::from_mode(0o666)).expect("set");
    fs::set_permissions(&folder.0, Permissions::from_mode(0o555)).expect("set");
    let mut link = Command::new(command);
    link.arg("link").arg(folder.path("maps-el.o")).arg("-o").arg(&file);
    if is_root {
        link.uid(65534).gid(65534);
    }
    assert_eq!(run(&mut link), (0, String::new(), String::new()));
    assert!(fs::read(&file).expect("it is there").starts_with(b"\x7fELF"));
    fs::set_permissions(&folder.0, Permissions::from_mode(0o755)).expect("set");
}

#[test]
fn names_and_macros_need_not_be_text() {
    let folder = Folder::new("bytes");
    let source = folder.path(OsString::from_vec(b"caf\xe9.bpf.c".into()));
    fs::write(&source, "int x;\n").expect("written");
    let macro_ = [&b"-DNAME=\""[..], b"\xff\""].concat();
    let mut build = bpf_skel();
    build.current_dir(&folder.0).args(["build", "--clang"]).arg(folder.clang()).arg(&source);
    build.arg(OsStr::from_bytes(&macro_)).arg("--").arg(OsStr::from_bytes(b"-DOTHER=\xfe"));
    let (status, out, errors) = run(&mut build);
    assert_eq!((status, &*out, &*errors), (0, "", "a warning\n"));
    let written = fs::read(folder.path(OsString::from_vec(b"caf\xe9.bpf.o".into())));
    assert!(written.expect("the object") == object());
    let arguments = fs::read(folder.path("arguments")).expect("what clang was given");
    let arguments: Vec<&[u8]> = arguments.split(|&byte| byte == b'\n').collect();
    assert!(arguments.contains(&&macro_[..]) && arguments.contains(&&b"-DOTHER=\xfe"[..]));
}

/// A build script's standard output is its own.
#[test]
fn nothing_is_said_to_cargo() {
    let folder = Folder::new("cargo");
    fs::write(folder.path("x.bpf.c"), "int x;\n").expect("written");
    let mut build = bpf_skel();
    build.current_dir(&folder.0).args(["build", "x.bpf.c", "--clang"]).arg(folder.clang());
    build.env("CARGO_CFG_TARGET_ENDIAN", "little");
    assert_eq!(run(&mut build), (0, String::new(), "a warning\n".to_owned()));
    assert!(folder.path("x.bpf.o").is_file());
}

#[test]
fn nobody_has_to_listen() {
    let folder = Folder::new("full");
    let full = || Stdio::from(fs::File::options().write(true).open("/dev/full").expect("a device"));
    let mut build = bpf_skel();
    fs::write(folder.path("x.bpf.c"), "int x;\n").expect("written");
    build.current_dir(&folder.0).args(["build", "x.bpf.c", "--clang"]).arg(folder.clang());
    for (command, status) in [(bpf_skel().args(["gen", "no-such.o"]), 1), (&mut build, 0)] {
        let ended = command.stderr(full()).status().expect("it runs");
        assert_eq!(ended.code(), Some(status), "{command:?}");
    }
}
