//! A crate of a user's, made for a test, that depends on this checkout.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use bpf_skel_tests::machine::Skip;

/// The root of this checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned()
}

/// The clang that is there: `CLANG`, else the first one on the search path.
///
/// # Errors
/// [`Skip`] where there is none.
pub(crate) fn clang() -> Result<OsString, Skip> {
    let names = [19, 22, 21, 20, 18, 17, 16, 15, 14].map(|version| format!("clang-{version}"));
    let named = env::var_os("CLANG").filter(|name| !name.is_empty());
    let all = named.into_iter().chain(["clang".into()]).chain(names.map(OsString::from));
    all.into_iter()
        .find(|clang| {
            // A clang without BPF is none.
            let targets = Command::new(clang).arg("--print-targets").output();
            targets.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(" bpf "))
        })
        .ok_or_else(|| Skip("needs clang".into()))
}

/// The crate's folder, in cargo's folder for tests; removed with the value.
pub(crate) struct Project {
    pub(crate) folder: PathBuf,
}

/// What a run of cargo gave.
pub(crate) struct Built {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Built {
    /// The output of a run that succeeded.
    #[track_caller]
    pub(crate) fn good(self) -> Self {
        assert!(self.success, "{}", self.stderr);
        self
    }

    /// What cargo said of a run that failed.
    #[track_caller]
    pub(crate) fn bad(self) -> String {
        assert!(!self.success, "{}{}", self.stderr, self.stdout);
        self.stderr
    }
}

impl Project {
    /// A crate `name` with these files. The name is no other's: cargo tells crates outside of a workspace apart by it.
    pub(crate) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("build-path-{name}"));
        let _ = fs::remove_dir_all(&folder);
        let project = Self { folder };
        let root = root();
        let root = root.display();
        project.write(
            "Cargo.toml",
            &format!(
                r#"
                [package]
                name = "{name}"
                version = "0.1.0"
                edition = "2024"
                [dependencies]
                bpf-skel = {{ path = "{root}/runtime" }}
                bpf-skel-macros = {{ path = "{root}/macros" }}
                [build-dependencies]
                bpf-skel-build = {{ path = "{root}/generator", default-features = false }}
                [workspace]
                "#
            ),
        );
        // The versions that are here: nothing is fetched.
        fs::copy(self::root().join("Cargo.lock"), project.path("Cargo.lock")).expect("Cargo.lock");
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    pub(crate) fn cargo(&self, args: &[&str], environment: &[(&str, &str)]) -> Built {
        let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(args)
            .args(["--offline", "--color=never"])
            .current_dir(&self.folder)
            // One for all of them, so that what they depend on is built once.
            .env("CARGO_TARGET_DIR", target())
            .env_remove("RUSTFLAGS")
            .envs(environment.iter().copied())
            .output()
            .expect("cargo runs");
        Built {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Builds and runs the program.
    pub(crate) fn run(&self, environment: &[(&str, &str)]) -> Built {
        self.cargo(&["run"], environment)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of what the scratch crates build.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("build-path-target")
}
