use std::collections::HashMap;

use super::budget::Budget;
use super::file::File;
use super::function::Functions;
use crate::btf::{Btf, BtfKind, Kind};
use crate::error::Within as _;
use crate::{Error, Frame, Result};

/// How the declaration tag of a program begins that names its exception callback.
const TAG: &str = "exception_callback:";

/// Notes which programs have a callback for exceptions (`__exception_cb`, Linux 6.7). No instruction refers to it.
pub(super) fn find(
    functions: &mut Functions<'_>,
    file: &File<'_>,
    btf: &Btf<'_>,
    budget: &mut Budget,
) -> Result<()> {
    let mut programs: Option<HashMap<&str, usize>> = None;
    for (_, tag) in btf.types_of(|kind| kind == BtfKind::DeclTag) {
        let Kind::DeclTag { ty, component: None, attribute: false } = tag.kind else { continue };
        let Some(name) = tag.name.strip_prefix(TAG) else { continue };
        let Some(tagged) = btf.type_by_id(ty) else { continue };
        // Looking names up costs time in proportion to them.
        budget.take(name.len() + tagged.name.len())?;
        let programs = programs.get_or_insert_with(|| {
            let programs = functions.iter().enumerate().filter(|(_, f)| !f.subprogram);
            programs.map(|(index, function)| (function.name, index)).collect()
        });
        let Some(&program) = programs.get(tagged.name) else { continue };
        note(functions, file, program, name).within(|| Frame::Program(tagged.name.to_owned()))?;
    }
    Ok(())
}

fn note(functions: &mut Functions<'_>, file: &File<'_>, program: usize, name: &str) -> Result<()> {
    // To the verifier a hidden function is a static one, and it wants a boundary here.
    let symbol = file.global(name).filter(|symbol| !symbol.hidden);
    let place = symbol.and_then(|symbol| Some((symbol.section?, symbol.value)));
    let callback = place
        .and_then(|(section, value)| functions.at(section, usize::try_from(value).ok()?))
        .filter(|&index| functions.get(index).is_some_and(|function| function.subprogram));
    let Some(callback) = callback else {
        return Err(Error::malformed(format!(
            "its exception callback {name:?}: expected a global function that is neither hidden nor a program"
        )));
    };
    match functions.set_exception_callback(program, callback) {
        Some(_) => Err(Error::malformed("expected one exception callback, found two")),
        None => Ok(()),
    }
}
