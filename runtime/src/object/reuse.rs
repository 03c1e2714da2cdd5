//! A map that may be there already: given by a descriptor, or found at its pin.

use std::os::fd::{AsFd, OwnedFd};

use super::compat;
use super::create::{Context, Made, create};
use super::open_map::{OpenMap, Pin};
use super::persist::map_pin;
use super::pins::Pins;
use crate::Difference;
use crate::error::{Error, ErrorKind, Frame, Result, Within};
use crate::map::Map;
use crate::pin::{Location, OnMismatch};
use crate::spec::Pinning;

/// The map that the caller gave: with what is in it, be it constants.
pub(crate) fn given(context: &Context<'_>, open: &OpenMap, fd: OwnedFd) -> Result<Made> {
    let map = Map::from_fd(fd)?;
    let differences = compat::differences(context.spec, open, &map)?;
    match judge(open, map, differences, open.on_mismatch.unwrap_or_default()) {
        Found::Fits(map) => Ok(Made::found(map)),
        // Nothing is pinned that a new one could replace.
        Found::Differs(error) => Err(error),
    }
}

/// Where the map is pinned, if it is, and what is done where another one is pinned there.
pub(crate) fn place(
    context: &Context<'_>,
    open: &OpenMap,
) -> Result<Option<(Location, OnMismatch)>> {
    let options = context.options;
    let mut by_policy = OnMismatch::default();
    let location = match &open.pin {
        Pin::Nowhere => None,
        Pin::At(location) => Some(location.clone()),
        // Operations hold the programs that they were made with: those of an earlier process are no use.
        Pin::AsDefined if open.is_struct_ops() => None,
        Pin::AsDefined => match (&options.pin_directory, &options.pinning) {
            (Some(directory), _) => Some(Location::Path(map_pin(directory, &open.spec.name))),
            (None, Some(policy)) => {
                by_policy = policy.on_mismatch();
                policy.place(context.spec, &open.spec)?.map(Location::Place)
            }
            (None, None) => match open.spec.pinning {
                // Where those go is for a policy to say.
                Pinning::None | Pinning::Legacy(_) => None,
                Pinning::ByName => Some(Location::Path(options.pin_root().join(&*open.spec.name))),
            },
        },
    };
    let on_mismatch = open.on_mismatch.or(options.on_mismatch).unwrap_or(by_policy);
    Ok(location.map(|location| (location, on_mismatch)))
}

/// Reuses the map at `location`, or creates one and pins it there. Other loaders may do this at the same time: the one
/// that comes second takes the other's map. One that fails takes its pin and directories away again, so that what was
/// there a moment ago need not be there now.
pub(crate) fn pinned(
    context: &Context<'_>,
    open: &OpenMap,
    (location, on_mismatch): (Location, OnMismatch),
    pins: &mut Pins,
) -> Result<Made> {
    const TRIES: u32 = 100;
    let mut made = None;
    let mut tries = 0;
    loop {
        tries += 1;
        match location.open() {
            Ok(fd) => {
                let found = Map::from_fd(fd).and_then(|map| {
                    let differences = compat::differences_of_pinned(context.spec, open, &map)?;
                    Ok(judge(open, map, differences, on_mismatch))
                });
                match found.within(|| Frame::Path(location.to_string()))? {
                    Found::Fits(map) => return Ok(Made::found(map)),
                    Found::Differs(error) if on_mismatch != OnMismatch::Replace => {
                        return Err(error.within(Frame::Path(location.to_string())));
                    }
                    Found::Differs(_) => {
                        let map = match made.take() {
                            Some(map) => map,
                            None => create(context, open)?,
                        };
                        pins.replace_later(location, map.as_fd())?;
                        return Ok(Made::created(map, open));
                    }
                }
            }
            // Only what is not there may be created.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let map = match made.take() {
            Some(map) => map,
            None => create(context, open)?,
        };
        match location.pin(map.as_fd(), pins.made()) {
            Ok(()) => return Ok(Made::created(map, open)),
            Err(error)
                if tries < TRIES
                    && matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) =>
            {
                made = Some(map);
            }
            Err(error) => return Err(error),
        }
    }
}

enum Found {
    Fits(Map),
    Differs(Error),
}

fn judge(open: &OpenMap, map: Map, differences: Vec<Difference>, on_mismatch: OnMismatch) -> Found {
    let fits = match on_mismatch {
        OnMismatch::Fail | OnMismatch::Replace => differences.is_empty(),
        OnMismatch::Reuse => differences.iter().all(Difference::is_safe),
    };
    if fits {
        return Found::Fits(map.named(open.spec.name.clone()));
    }
    Found::Differs(compat::mismatch(differences))
}
