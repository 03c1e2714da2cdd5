use std::fmt;
use std::path::PathBuf;

use super::place::Decision;
use super::{Config, Source};
use bpf_skel::Result;
use bpf_skel::pin::Place;
use bpf_skel::spec::ObjectSpec;

/// Where one map of an object would be pinned, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The map's name.
    pub map: String,
    /// The whole path; `None`: it is not pinned.
    pub path: Option<PathBuf>,
    /// What decides, in words.
    pub reason: String,
    /// Who said so: each setting that took part, with where it comes from.
    pub settings: Vec<(String, Source)>,
}

impl Config {
    /// Where each map of the object would be pinned and why, in the object's order. The kernel is not asked for
    /// anything, and nothing is made or mounted.
    ///
    /// # Errors
    /// As a load's: a template that cannot be filled for this object.
    pub fn explain(&self, object: &ObjectSpec) -> Result<Vec<Explanation>> {
        let one = |map: &bpf_skel::spec::MapSpec| {
            let decision = self.decide(object, map);
            let directory = self.directory(object, &decision)?;
            let path = match directory {
                Some(directory) => {
                    Some(Place::new(self.current_root(), directory, &map.name)?.path())
                }
                None => None,
            };
            let mut settings = Vec::new();
            if path.is_some() {
                let root = self.current_root();
                settings.push((format!("root = {root:?}"), self.root.source.clone()));
            }
            let reason = match &decision {
                Decision::NotPinned => "the object does not pin it".to_owned(),
                Decision::Unknown(pinning) => format!("nothing is said of pinning {pinning}"),
                Decision::Flat(Some(layout)) => {
                    settings.push(("layout = \"flat\"".to_owned(), layout.source.clone()));
                    "by name, in the root".to_owned()
                }
                Decision::Flat(None) => {
                    "by name, in the root: no program of the object has a hook".to_owned()
                }
                Decision::Iproute2(layout) => {
                    settings.push(("layout = \"iproute2\"".to_owned(), layout.source.clone()));
                    "by name, in iproute2's directory for all objects".to_owned()
                }
                Decision::Directory { table, pinning, template } => {
                    let key = format!("[{table}] {pinning} = {}", template.value);
                    settings.push((key, template.source.clone()));
                    format!("pinning {pinning}")
                }
            };
            let map = map.name.to_string();
            Ok(Explanation { map, path, reason, settings })
        };
        object.maps.iter().map(one).collect()
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}: {} ({})", self.map, path.display(), self.reason)?,
            None => write!(f, "{}: not pinned ({})", self.map, self.reason)?,
        }
        for (setting, source) in &self.settings {
            write!(f, "\n    {setting}: {source}")?;
        }
        Ok(())
    }
}
