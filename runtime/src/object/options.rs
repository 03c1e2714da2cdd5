use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::OpenMap;
use crate::error::Result;
use crate::kernel_btf::KernelBtf;
use crate::pin::{DEFAULT_ROOT, OnMismatch, Policy};
use crate::spec::MapSpec;

/// What holds for a whole load. Part of the open phase: [`OpenObject::options`](super::OpenObject::options), and the
/// field `options` of a skeleton.
#[derive(Debug, Default)]
pub struct Options {
    pub(crate) log: LogLevel,
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) pin_root: Option<PathBuf>,
    pub(crate) pin_directory: Option<PathBuf>,
    pub(crate) pinning: Option<Arc<dyn Policy>>,
    pub(crate) on_mismatch: Option<OnMismatch>,
    pub(crate) added: Vec<OpenMap>,
    pub(crate) kernel_btf: Option<Arc<KernelBtf>>,
    pub(crate) kconfig: Option<String>,
    pub(crate) token_path: Option<PathBuf>,
}

/// When the verifier's log is asked for. It costs time and memory, so by default only a failure asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Only after a program was refused; the program is then verified a second time.
    #[default]
    OnFailure,
    /// The verifier's statistics for accepted programs too (Linux 5.2).
    Stats,
    /// Everything the verifier says (level 1); of an accepted program the kernel keeps no more than of
    /// [`Stats`](Self::Stats).
    Verbose,
    /// Everything with the state at each instruction (level 2), of accepted programs too. Megabytes for a large program.
    State,
}

impl LogLevel {
    /// The `log_level` of the first try, or `None` for a try without a log.
    pub(crate) fn first_try(self) -> Option<u32> {
        match self {
            Self::OnFailure => None,
            Self::Stats => Some(4),
            Self::Verbose => Some(1 | 4),
            Self::State => Some(2 | 4),
        }
    }
}

impl Options {
    /// When to ask for the verifier's log.
    pub fn set_log_level(&mut self, level: LogLevel) -> &mut Self {
        self.log = level;
        self
    }

    /// How many programs are verified at the same time. As many as there are cores and programs by default; 1 loads
    /// them one after the other in the order of the object.
    pub fn set_threads(&mut self, threads: NonZeroUsize) -> &mut Self {
        self.threads = Some(threads);
        self
    }

    /// The directory on bpffs of maps that are pinned by name (`LIBBPF_PIN_BY_NAME`); `/sys/fs/bpf` by default.
    pub fn set_pin_root(&mut self, root: impl Into<PathBuf>) -> &mut Self {
        self.pin_root = Some(root.into());
        self
    }

    /// Pins every map in `directory`, a directory of this object's own on a BPF file system, and takes those that are
    /// pinned there already, contents and all: a process that comes back finds its data, and its live globals are
    /// those of before. Its constants are its own, those of the object or of its edits: where others are pinned, such as
    /// by another version of the object, the load fails, unless [`set_on_mismatch`](Self::set_on_mismatch) has them
    /// replaced.
    ///
    /// `.bss` is `maps/_bss` there: a BPF file system takes no dots. What a map was told itself goes before.
    /// [`Object::attach_pinned`](super::Object::attach_pinned) does the like for the programs.
    pub fn set_pin_directory(&mut self, directory: impl Into<PathBuf>) -> &mut Self {
        self.pin_directory = Some(directory.into());
        self
    }

    /// Lets `policy` say where maps are pinned, instead of the object and the pin root. A system-wide configuration is
    /// one (feature `loader`).
    pub fn set_pinning(&mut self, policy: impl Policy + 'static) -> &mut Self {
        self.pinning = Some(Arc::new(policy));
        self
    }

    /// What is done where a map is pinned that differs from its definition: for every map that was not told
    /// [itself](OpenMap::set_on_mismatch), instead of what the policy says. With [`OnMismatch::Replace`] another version of
    /// an object takes over from one that pinned its maps: those that are as before are used, contents and all.
    pub fn set_on_mismatch(&mut self, on_mismatch: OnMismatch) -> &mut Self {
        self.on_mismatch = Some(on_mismatch);
        self
    }

    /// Resolves CO-RE relocations against these types instead of the running kernel's, which a kernel without BTF
    /// (CONFIG_DEBUG_INFO_BTF) needs. Attach targets are still looked up in the running one.
    pub fn set_kernel_btf(&mut self, types: Arc<KernelBtf>) -> &mut Self {
        self.kernel_btf = Some(types);
        self
    }

    /// As [`set_kernel_btf`](Self::set_kernel_btf), with the types in a file; see [`KernelBtf::from_file`].
    ///
    /// # Errors
    /// Where the file cannot be read, or has no types.
    pub fn set_kernel_btf_file(&mut self, path: impl AsRef<Path>) -> Result<&mut Self> {
        let types = KernelBtf::from_file(path)?;
        Ok(self.set_kernel_btf(Arc::new(types)))
    }

    /// Values of `__kconfig` variables, as lines of a kernel's `.config` (`CONFIG_HZ=250`). What it does not have is
    /// taken from the running kernel's configuration: `/boot/config-$(uname -r)`, or else `/proc/config.gz`.
    pub fn set_kconfig(&mut self, text: impl Into<String>) -> &mut Self {
        self.kconfig = Some(text.into());
        self
    }

    /// Creates everything with a BPF token of the BPF file system that is mounted at `bpffs`: a process that has CAP_BPF and
    /// the others only in a user namespace of its own may create what was delegated to that file system by `delegate_cmds`,
    /// `delegate_maps`, `delegate_progs` and `delegate_attachs`, its mount options (Linux 6.9). Where no token can be made, the
    /// load fails.
    ///
    /// Without this, `$LIBBPF_BPF_TOKEN_PATH` stands for it (not in a set-id program). Without that, `/sys/fs/bpf` is tried
    /// once the kernel refuses something for lack of a capability; what keeps a token from being made is then no error of its
    /// own, but part of that one. An empty path: no token is made.
    #[doc(alias("BPF_TOKEN_CREATE", "bpf_token_path"))]
    pub fn set_token_path(&mut self, bpffs: impl Into<PathBuf>) -> &mut Self {
        self.token_path = Some(bpffs.into());
        self
    }

    /// Adds a map that the object does not have. It is created with the object's own maps, in the order of addition;
    /// [`Object::map`](super::Object::map) finds it by its name.
    pub fn add_map(&mut self, spec: MapSpec) -> &mut OpenMap {
        self.added.push(OpenMap::new(spec));
        let last = self.added.len() - 1;
        &mut self.added[last]
    }

    pub(crate) fn pin_root(&self) -> &Path {
        self.pin_root.as_deref().unwrap_or(Path::new(DEFAULT_ROOT))
    }
}
