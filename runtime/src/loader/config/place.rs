//! From a map's `pinning` to its place.

use std::path::{Path, PathBuf};

use super::{Config, Hook, Layout, Mount, Setting, Template, mounts};
use bpf_skel::pin::{DEFAULT_ROOT, OnMismatch, Place, Policy, SubPath, mount_root};
use bpf_skel::spec::{MapSpec, ObjectSpec, Pinning};
use bpf_skel::{Error, Frame, Result};

/// Which setting decides over a map.
#[derive(Clone, Debug)]
pub(super) enum Decision<'c> {
    /// The object does not pin it.
    NotPinned,
    /// No setting has this value of `pinning`.
    Unknown(u32),
    /// The root itself, as libbpf: the layout is flat, or no program has a hook.
    Flat(Option<&'c Setting<Layout>>),
    /// A directory: of `[legacy]` or `[btf]`, this value.
    Directory { table: &'static str, pinning: u32, template: &'c Setting<Template> },
    /// The layout is iproute2's.
    Iproute2(&'c Setting<Layout>),
}

const GLOBALS: &str = "globals";

impl Config {
    pub(super) fn decide(&self, object: &ObjectSpec, map: &MapSpec) -> Decision<'_> {
        match map.pinning {
            Pinning::None => Decision::NotPinned,
            Pinning::Legacy(pinning) => match self.legacy.get(&pinning) {
                Some(template) => Decision::Directory { table: "legacy", pinning, template },
                None => Decision::Unknown(pinning),
            },
            Pinning::ByName => match (&self.btf, self.layout.value) {
                (Some(template), _) => Decision::Directory { table: "btf", pinning: 1, template },
                (None, Layout::Flat) => Decision::Flat(Some(&self.layout)),
                (None, Layout::Iproute2) if self.hook_of(object).is_none() => Decision::Flat(None),
                (None, Layout::Iproute2) => Decision::Iproute2(&self.layout),
            },
        }
    }

    /// The directory below the root.
    pub(super) fn directory(
        &self,
        object: &ObjectSpec,
        decision: &Decision<'_>,
    ) -> Result<Option<SubPath>> {
        let hook = self.hook_of(object);
        match decision {
            Decision::NotPinned | Decision::Unknown(_) => Ok(None),
            Decision::Flat(_) => Ok(Some(SubPath::default())),
            Decision::Iproute2(_) => {
                let hook = hook.unwrap_or(Hook::Tc);
                SubPath::new(hook.directory())?.join(GLOBALS).map(Some)
            }
            Decision::Directory { table, pinning, template } => {
                // iproute2 takes what has no hook for a classifier.
                let hook = if *table == "legacy" { hook.or(Some(Hook::Tc)) } else { hook };
                let directory = template.value.fill(hook, self.sha1.as_deref());
                directory.map(Some).map_err(|error| {
                    let at = format!("[{table}] {pinning} ({})", template.source);
                    error.within(Frame::Path(at))
                })
            }
        }
    }

    pub(super) fn hook_of(&self, object: &ObjectSpec) -> Option<Hook> {
        self.hook.or_else(|| Hook::of_object(object))
    }

    /// The root as it is now; nothing is mounted.
    pub(super) fn current_root(&self) -> PathBuf {
        match &self.root.value {
            Some(root) => root.clone(),
            None => mounts::find_root().unwrap_or_else(|| Path::new(DEFAULT_ROOT).to_owned()),
        }
    }

    fn ready_root(&self) -> Result<PathBuf> {
        let root = self.current_root();
        if self.mount.value == Mount::IfMissing && !mounts::is_root(&root) {
            mount_root(&root)?;
        }
        Ok(root)
    }
}

impl Policy for Config {
    fn place(&self, object: &ObjectSpec, map: &MapSpec) -> Result<Option<Place>> {
        match self.directory(object, &self.decide(object, map))? {
            None => Ok(None),
            Some(directory) => {
                let place = Place::new(self.ready_root()?, directory, &map.name);
                place
                    .map(Some)
                    .map_err(|error: Error| error.within(Frame::Map(map.name.to_string())))
            }
        }
    }

    fn on_mismatch(&self) -> OnMismatch {
        self.on_mismatch.value
    }
}
