use std::borrow::Cow;
use std::path::Path;

use super::{AutoAttach, Link};
use crate::Result;

/// The links of several programs and operations, each with the name of its program or map. Dropping them detaches, last attached first.
#[derive(Debug, Default)]
#[must_use = "dropping links detaches the programs"]
pub struct Links(Vec<(Cow<'static, str>, Link)>);

impl Links {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The link of the program, or of the map of operations, with this name.
    pub fn get(&self, program: &str) -> Option<&Link> {
        self.iter().find(|(name, _)| *name == program).map(|(_, link)| link)
    }

    /// The names and links of programs and maps, in the order they were attached.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Link)> {
        self.0.iter().map(|(name, link)| (&**name, link))
    }

    /// One more.
    pub fn push(&mut self, program: impl Into<Cow<'static, str>>, link: Link) {
        self.0.push((program.into(), link));
    }

    /// The link at this place takes over the name of another one's pin.
    pub(crate) fn replace_pin(&mut self, index: usize, path: &Path) -> Result<()> {
        match self.0.get_mut(index) {
            Some((_, link)) => link.replace_pin(path),
            None => Ok(()),
        }
    }

    /// Leaves all programs attached without handles. See [`Link::disconnect`].
    pub fn disconnect(mut self) {
        std::mem::take(&mut self.0).into_iter().for_each(|(_, link)| link.disconnect());
    }

    /// The links one by one, in the order they were attached.
    pub fn into_links(mut self) -> impl ExactSizeIterator<Item = Link> {
        std::mem::take(&mut self.0).into_iter().map(|(_, link)| link)
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        while let Some(last) = self.0.pop() {
            drop(last);
        }
    }
}

/// Attaches all programs that can be attached by what their section says; others, and those that are not loaded, are
/// left out. If one fails, those before it are detached again, last first, and the error names it.
pub fn attach_all(programs: &[&dyn AutoAttach]) -> Result<Links> {
    let mut links = Links::default();
    for program in programs.iter().filter(|program| program.attaches_itself()) {
        let link = program.attach_auto()?;
        links.push(program.program_name().to_owned(), link);
    }
    Ok(links)
}
