//! What stays of an object when the command is done.

use std::fs;
use std::io;
use std::path::Path;

use bpf_skel::loader::Target;
use bpf_skel::map::StructOps;
use bpf_skel::spec::{MapContents, SlotTarget};
use bpf_skel::uapi::MapType;
use bpf_skel::{Link, Object, Program};

use super::Attachment;
use crate::{Error, Result};

/// An object's maps, programs and links that are to stay.
pub(super) struct Kept<'o> {
    object: &'o Object,
    pub(super) directory: &'o Path,
    /// Of the directory and those around it, which are to be made; innermost first.
    missing: Vec<&'o Path>,
    /// Whether maps and programs are pinned there.
    pinned: bool,
    /// Pinned ones, by their names.
    pub(super) links: Vec<(String, Link)>,
}

impl<'o> Kept<'o> {
    pub(super) fn new(object: &'o Object, directory: &'o Path) -> Self {
        let missing = directory.ancestors().take_while(|part| !part.exists()).collect();
        Self { object, directory, missing, pinned: false, links: Vec::new() }
    }

    /// Attaches and pins.
    pub(super) fn keep(&mut self, attach: &[Attachment]) -> Result<()> {
        self.object.pin(self.directory)?;
        self.pinned = true;
        for Attachment { program, target } in attach {
            let operations = operations(self.object, program.as_deref(), target)?;
            let programs = match chosen(self.object, program.as_deref(), target) {
                // An object may have nothing else.
                Err(_) if !operations.is_empty() => Vec::new(),
                programs => programs?,
            };
            for program in programs {
                self.keep_link(program.name(), target, target.attach(program)?)?;
            }
            for map in operations {
                self.keep_link(map.name(), target, map.attach()?)?;
            }
        }
        Ok(self.object.replace_pins()?)
    }

    fn keep_link(&mut self, name: &str, target: &Target, mut link: Link) -> Result<()> {
        let name = link_name(name, target);
        let taken = self.links.iter().filter(|(other, _)| *other == name).count();
        let file = if taken == 0 { name.clone() } else { format!("{name}_{}", taken + 1) };
        let links = self.directory.join("links");
        fs::create_dir(&links).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(Error::io("make", &links, &error)),
        })?;
        link.pin(links.join(file))?;
        self.links.push((name, link));
        Ok(())
    }

    /// Removes what this call has pinned; what others have pinned stays, in the same directory too. That something cannot
    /// be removed is not said: the failure that leads here is.
    pub(super) fn undo(&mut self) {
        for (_, link) in &mut self.links {
            let _ = link.unpin();
        }
        if self.pinned {
            let _ = fs::remove_dir(self.directory.join("links"));
            let _ = self.object.unpin(self.directory);
            // Those that somebody else uses by now are not empty.
            for made in &self.missing {
                let _ = fs::remove_dir(made);
            }
        }
        self.object.remove_new_pins();
    }
}

/// The programs that go to a target: the one that was named, or all that it takes. Those that the object tail-calls are
/// not attached on their own.
fn chosen<'o>(object: &'o Object, name: Option<&str>, target: &Target) -> Result<Vec<&'o Program>> {
    if let Some(name) = name {
        return Ok(vec![object.program(name)?]);
    }
    let called = |index: usize| {
        object.spec().maps.iter().any(|map| {
            match &map.contents {
            MapContents::Slots(slots) => slots.iter().any(|slot| {
                matches!(slot.target, SlotTarget::Program(program) if program as usize == index)
            }),
            _ => false,
        }
        })
    };
    let programs: Vec<_> = object
        .programs()
        .iter()
        .enumerate()
        .filter(|(index, program)| {
            program.is_loaded() && target.takes(program.attach_kind()) && !called(*index)
        })
        .map(|(_, program)| program)
        .collect();
    if programs.is_empty() {
        let loaded = object.programs().iter().filter(|program| program.is_loaded());
        let kinds: Vec<_> = loaded
            .map(|program| format!("{} ({})", program.name(), program.attach_kind()))
            .collect();
        return Err(Error::invalid_input(format!(
            "{target} is no target for any program: {}",
            kinds.join(", ")
        )));
    }
    Ok(programs)
}

/// The operations that attach themselves, as programs do whose section says to what.
fn operations(object: &Object, name: Option<&str>, target: &Target) -> Result<Vec<StructOps>> {
    if *target != Target::Auto || name.is_some() {
        return Ok(Vec::new());
    }
    let maps = object.maps().iter();
    maps.filter(|map| map.map_type() == MapType::STRUCT_OPS && !map.is_absent())
        .map(|map| {
            let operations = StructOps::try_from(map.try_clone()?)?;
            if !operations.has_link() {
                return Err(Error::invalid_input(format!(
                    "the operations of map {:?} have no link that could be pinned",
                    map.name()
                ))
                .with_hint("define them in section .struct_ops.link"));
            }
            Ok(operations)
        })
        .collect()
}

fn link_name(program: &str, target: &Target) -> String {
    match target {
        Target::Auto => program.to_owned(),
        target => {
            let text: String = target
                .to_string()
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
                .collect();
            format!("{program}_{}", &text[..text.len().min(100)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_links() {
        let name = |target: &str| link_name("p", &target.parse().unwrap());
        assert_eq!(name("auto"), "p");
        assert_eq!(name("dev:eth0.7:egress"), "p_dev_eth0_7_egress");
        assert!(name(&format!("cgroup:/{}", "x".repeat(300))).len() < 200);
    }
}
