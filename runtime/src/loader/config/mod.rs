//! The system-wide configuration of pins: which directory a map's `pinning` stands for, so that all loaders of a
//! machine agree and share their maps.
//!
//! ```toml
//! # /etc/bpf-skel/pinning.conf; every key has a default, and none of it need be there
//! root = "/sys/fs/bpf"                    # a BPF file system
//! mount = "never"                         # never | if-missing
//! layout = "iproute2"                     # iproute2 | flat (as libbpf by itself: all in the root)
//! on_mismatch = "fail"                    # fail | reuse | replace
//! import = "/etc/iproute2/bpf_pinning"    # "" for none
//!
//! [legacy]                                # section `maps`: values of `pinning`
//! 1 = "{hook}/{sha1}"                     # hook: tc, xdp or ip, by program type; sha1: of the object file
//! 2 = "{hook}/globals"
//! 3 = "tracing"
//!
//! [btf]                                   # section `.maps`: LIBBPF_PIN_BY_NAME is 1, and the only one
//! 1 = "{hook}/globals"
//! ```
//!
//! What is said closer goes before: the caller, the environment (`BPF_SKEL_PIN_ROOT`, then iproute2's `TC_BPF_MNT`; both
//! are ignored in a set-id program), `/etc/bpf-skel/pinning.conf`, `/etc/bpf-skel/pinning.conf.d/*.conf` (the last by name
//! first), the same two in `/run/bpf-skel`, the same two in `/usr/lib/bpf-skel`, what is built in.
//!
//! A file counts only if nobody but root can have written it: it and every directory above it belong to root and are not
//! writable by others, it is a regular file of at most 64 KiB, and no symbolic link itself.

mod environment;
mod explain;
mod file;
mod hook;
mod import;
mod mounts;
mod place;
mod setting;
mod template;
mod trusted;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bpf_skel::Result;
use bpf_skel::pin::OnMismatch;

pub use explain::Explanation;
pub use hook::Hook;
pub use setting::{Setting, Source};
pub use template::Template;

/// Whether a BPF file system is mounted where the root has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mount {
    /// It is an error.
    #[default]
    Never,
    /// One is mounted, which takes `CAP_SYS_ADMIN`.
    IfMissing,
}

/// Where maps that are pinned by name go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Into iproute2's directories (`tc/globals`), for objects with programs of its hooks; others go into the root.
    #[default]
    Iproute2,
    /// Into the root, as libbpf puts them by itself.
    Flat,
}

/// The configuration, each setting with where it comes from. A [`Policy`](bpf_skel::pin::Policy): give it to
/// [`Options::set_pinning`](bpf_skel::object::Options::set_pinning).
#[derive(Clone, Debug)]
pub struct Config {
    /// `None`: `/sys/fs/bpf`, or the first BPF file system that is mounted.
    root: Setting<Option<PathBuf>>,
    mount: Setting<Mount>,
    layout: Setting<Layout>,
    on_mismatch: Setting<OnMismatch>,
    import: Setting<Option<PathBuf>>,
    /// By the value of `pinning`.
    legacy: BTreeMap<u32, Setting<Template>>,
    btf: Option<Setting<Template>>,
    warnings: Vec<String>,
    hook: Option<Hook>,
    sha1: Option<String>,
}

impl Config {
    /// What holds without any file.
    pub fn built_in() -> Self {
        let legacy = |text| Setting::built_in(Template::known(text));
        Self {
            root: Setting::built_in(None),
            mount: Setting::built_in(Mount::default()),
            layout: Setting::built_in(Layout::default()),
            on_mismatch: Setting::built_in(OnMismatch::default()),
            import: Setting::built_in(Some(PathBuf::from("/etc/iproute2/bpf_pinning"))),
            legacy: [(1, legacy("{hook}/{sha1}")), (2, legacy("{hook}/globals"))].into(),
            btf: None,
            warnings: Vec::new(),
            hook: None,
            sha1: None,
        }
    }

    /// The configuration of this machine: files, then the environment.
    ///
    /// # Errors
    /// A file that is there and may not be trusted, cannot be read, or says what it may not, with its line.
    pub fn system() -> Result<Self> {
        Self::of(&file::system_files()?)
    }

    /// One file in place of those of the system, to the same rules, then the environment.
    ///
    /// # Errors
    /// As [`system`](Self::system); also where there is no such file.
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Self> {
        Self::of(&[file::required(path.into())?])
    }

    /// The files of these directories in place of the system's three, to the same rules, then the environment. From the
    /// least to the most important, each with `pinning.conf` and `pinning.conf.d`.
    ///
    /// # Errors
    /// As [`system`](Self::system).
    pub fn from_directories<'d>(directories: impl IntoIterator<Item = &'d Path>) -> Result<Self> {
        Self::of(&file::files(directories)?)
    }

    /// `files` from the least to the most important.
    fn of(files: &[file::ConfigFile]) -> Result<Self> {
        let mut config = Self::built_in();
        for file in files {
            file.apply(&mut config)?;
        }
        import::apply(&mut config)?;
        environment::apply(&mut config);
        Ok(config)
    }

    /// The root of all pins: a BPF file system.
    pub fn set_root(&mut self, root: impl Into<PathBuf>) -> &mut Self {
        self.root = Setting::by_caller(Some(root.into()));
        self
    }

    /// Whether the root is mounted where it is not.
    pub fn set_mount(&mut self, mount: Mount) -> &mut Self {
        self.mount = Setting::by_caller(mount);
        self
    }

    /// What is done where another map is pinned.
    pub fn set_on_mismatch(&mut self, on_mismatch: OnMismatch) -> &mut Self {
        self.on_mismatch = Setting::by_caller(on_mismatch);
        self
    }

    /// Where maps that are pinned by name go.
    pub fn set_layout(&mut self, layout: Layout) -> &mut Self {
        self.layout = Setting::by_caller(layout);
        self
    }

    /// The directory of a value of `pinning` in section `maps`; 0 stays "not pinned".
    pub fn set_legacy(&mut self, pinning: u32, directory: Template) -> &mut Self {
        self.legacy.insert(pinning, Setting::by_caller(directory));
        self
    }

    /// The directory of maps in `.maps` that are pinned by name.
    pub fn set_btf(&mut self, directory: Template) -> &mut Self {
        self.btf = Some(Setting::by_caller(directory));
        self
    }

    /// What `{hook}` stands for; by default, what the types of the object's programs say.
    pub fn set_hook(&mut self, hook: Hook) -> &mut Self {
        self.hook = Some(hook);
        self
    }

    /// What `{hook}` stands for, where the caller has said so.
    pub fn hook(&self) -> Option<Hook> {
        self.hook
    }

    /// The object file that `{sha1}` is of.
    pub fn set_object(&mut self, file: &[u8]) -> &mut Self {
        self.sha1 = Some(template::sha1(file));
        self
    }

    /// The root of all pins as it is now: what was set, or `/sys/fs/bpf`, or the first BPF file system that is mounted.
    pub fn root(&self) -> PathBuf {
        self.current_root()
    }

    /// What was odd about the files, and left out.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
