//! Kernel modules that the tests need, with those they depend on, in an order in which they load.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use object::{Object, ObjectSection};

use crate::kernels::Files;
use crate::payload::decompress_file;
use crate::{Result, context};

/// What Debian's cloud kernels have as modules. `nf_conntrack` is there for its kfuncs and its BTF, `x_tables` for its
/// per-CPU variable.
const WANTED: &[&str] =
    &["sch_ingress", "cls_bpf", "act_bpf", "veth", "dummy", "tun", "nf_conntrack", "x_tables"];

/// A module, decompressed.
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The wanted modules after those they depend on. What is built in needs no loading and is left out.
pub(crate) fn wanted(files: &Files) -> Result<Vec<Module>> {
    let mut closure = Closure::new(files)?;
    for name in WANTED {
        closure.add(name)?;
    }
    Ok(closure.order)
}

/// One module by name.
pub(crate) fn one(files: &Files, name: &str) -> Result<Module> {
    let closure = Closure::new(files)?;
    let path = closure.paths.get(&normal(name));
    let path = path.ok_or_else(|| format!("{}: no module {name}", files.release))?;
    Ok(Module { name: normal(name), bytes: decompress_file(path)? })
}

struct Closure {
    release: String,
    paths: BTreeMap<String, PathBuf>,
    builtin: BTreeSet<String>,
    seen: BTreeSet<String>,
    order: Vec<Module>,
}

impl Closure {
    fn new(files: &Files) -> Result<Self> {
        let mut paths = BTreeMap::new();
        index(&files.modules.join("kernel"), &mut paths)?;
        let list = files.modules.join("modules.builtin");
        let builtin = fs::read_to_string(&list).map_err(context(&list.display()))?;
        let builtin = builtin.lines().filter_map(|line| module_name(line.rsplit('/').next()?));
        Ok(Self {
            release: files.release.clone(),
            paths,
            builtin: builtin.collect(),
            seen: BTreeSet::new(),
            order: Vec::new(),
        })
    }

    fn add(&mut self, name: &str) -> Result<()> {
        let name = normal(name);
        if self.builtin.contains(&name) || !self.seen.insert(name.clone()) {
            return Ok(());
        }
        let path = self.paths.get(&name);
        let path = path.ok_or_else(|| format!("{}: no module {name}", self.release))?;
        let bytes = decompress_file(path)?;
        for dependency in dependencies(&bytes).map_err(context(&path.display()))? {
            self.add(&dependency)?;
        }
        self.order.push(Module { name, bytes });
        Ok(())
    }
}

fn index(folder: &Path, paths: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(context(&folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            index(&path, paths)?;
        } else if let Some(name) = path.file_name().and_then(|name| module_name(name.to_str()?)) {
            paths.insert(name, path);
        }
    }
    Ok(())
}

/// `nf-conntrack.ko.xz` is `nf_conntrack`.
fn module_name(file: &str) -> Option<String> {
    let (name, suffix) = file.split_once(".ko")?;
    (suffix.is_empty() || suffix.starts_with('.')).then(|| normal(name))
}

fn normal(name: &str) -> String {
    name.replace('-', "_")
}

/// The `depends=` of a module. Debian's packages carry no `modules.dep`: depmod makes it on installation.
fn dependencies(module: &[u8]) -> Result<Vec<String>> {
    let file = object::File::parse(module)?;
    let section = file.section_by_name(".modinfo").ok_or("no section .modinfo")?;
    Ok(parse_depends(section.data()?))
}

fn parse_depends(modinfo: &[u8]) -> Vec<String> {
    modinfo
        .split(|byte| *byte == 0)
        .filter_map(|field| std::str::from_utf8(field).ok()?.strip_prefix("depends="))
        .flat_map(|names| names.split(','))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_come_from_modinfo() {
        let modinfo = b"license=GPL\0depends=nf_defrag_ipv6,libcrc32c\0\0retpoline=Y\0";
        assert_eq!(parse_depends(modinfo), ["nf_defrag_ipv6", "libcrc32c"]);
        assert!(parse_depends(b"depends=\0").is_empty());
    }

    #[test]
    fn names_have_one_form() {
        assert_eq!(module_name("sch-ingress.ko.xz").as_deref(), Some("sch_ingress"));
        assert_eq!(module_name("veth.ko").as_deref(), Some("veth"));
        assert_eq!(module_name("modules.order"), None);
        assert_eq!(module_name("x.kong"), None);
    }
}
