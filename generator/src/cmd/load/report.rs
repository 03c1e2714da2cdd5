//! What the command says that it has done.

use bpf_skel::loader::Loaded;
use serde::Serialize;

use super::kept::Kept;
use crate::Result;
use crate::cmd::table::Table;

#[derive(Serialize)]
pub(super) struct Report {
    object: String,
    loader: String,
    /// Why it was not the standard loader.
    why: Option<String>,
    directory: String,
    programs: Vec<Pinned>,
    links: Vec<Pinned>,
    maps: Vec<Pinned>,
}

#[derive(Serialize)]
struct Pinned {
    name: String,
    id: u32,
    #[serde(rename = "type")]
    kind: String,
    pin: String,
}

impl Report {
    pub(super) fn of(loaded: &Loaded, kept: &Kept<'_>) -> Result<Self> {
        let Kept { directory, links, .. } = kept;
        let object = &loaded.object;
        let pin = |kind: &str, name: &str| {
            directory.join(kind).join(name.replace('.', "_")).display().to_string()
        };
        let programs = object.programs().iter().filter(|program| program.is_loaded());
        let maps = object.maps().iter().filter(|map| !map.is_absent());
        Ok(Self {
            object: object.spec().name.to_string(),
            loader: loaded.loader.to_string(),
            why: loaded.why.as_ref().map(ToString::to_string),
            directory: directory.display().to_string(),
            programs: programs
                .map(|program| {
                    Ok(Pinned {
                        name: program.name().to_owned(),
                        id: program.info()?.id,
                        kind: program.program_type().to_string(),
                        pin: pin("programs", program.name()),
                    })
                })
                .collect::<Result<_>>()?,
            links: links
                .iter()
                .map(|(name, link)| {
                    let info = link.info()?;
                    Ok(Pinned {
                        name: name.clone(),
                        id: info.id,
                        kind: info.link_type.to_string(),
                        pin: link.pin_path().unwrap_or(directory).display().to_string(),
                    })
                })
                .collect::<Result<_>>()?,
            maps: maps
                .map(|map| {
                    Ok(Pinned {
                        name: map.name().to_owned(),
                        id: map.id()?,
                        kind: map.map_type().to_string(),
                        pin: pin("maps", map.name()),
                    })
                })
                .collect::<Result<_>>()?,
        })
    }

    pub(super) fn text(&self) -> String {
        let mut out = format!("{} by the {}", self.object, self.loader);
        if let Some(why) = &self.why {
            out.push_str(&format!(" ({why})"));
        }
        out.push('\n');
        for (what, list) in
            [("program", &self.programs), ("link", &self.links), ("map", &self.maps)]
        {
            let mut table = Table::new(&[what, ">id", "type", "pin"]);
            for one in list {
                table.row(vec![
                    one.name.clone(),
                    one.id.to_string(),
                    one.kind.clone(),
                    one.pin.clone(),
                ]);
            }
            table.print(&mut out);
        }
        out
    }
}
