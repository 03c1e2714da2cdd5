use std::fs;
use std::path::Path;

use super::config::{Config, Hook};
use super::opened::{Loaded, LoadedBy, Opened, Warning};
use super::{compat, select::Selection};
use bpf_skel::elf::{self, Legacy, Reader, Reading};
use bpf_skel::uapi::ProgramType;
use bpf_skel::{Error, ErrorKind, Frame, OpenObject, Result};

/// Whether the compatibility loader is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compatibility {
    /// Where the standard loader does not understand the map definitions.
    #[default]
    Auto,
    /// Not at all: such an object is an error of kind [`MapDefinition`](ErrorKind::MapDefinition).
    Never,
    /// At once: the standard loader is not asked.
    Only,
}

/// Loads objects that the program first meets when it runs. Without options: all programs of the object, pins as the
/// system-wide configuration says, and the compatibility loader where it is needed.
///
/// ```no_run
/// # fn f() -> bpf_skel::Result<()> {
/// use bpf_skel::loader::Loader;
/// use bpf_skel::uapi::ProgramType;
///
/// // As `ip link set dev … xdp obj filter.o sec prog` would have it.
/// let loader = Loader::new().section("prog").program_type(ProgramType::XDP);
/// let mut opened = loader.open_file("filter.o")?;
/// opened.object.map_mut("flows")?.set_max_entries(1 << 20);
/// let loaded = opened.load()?;
/// println!("by the {}", loaded.loader);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Loader {
    selection: Selection,
    compatibility: Compatibility,
    layout: Legacy,
    pins: Pins,
}

/// Where pins are.
#[derive(Clone, Debug, Default)]
enum Pins {
    /// As the machine's configuration says.
    #[default]
    System,
    Configured(Box<Config>),
    /// As a plain skeleton has them.
    Plain,
}

impl Loader {
    /// A loader without options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Loads only the programs of this section, and those that the object puts into prog arrays.
    pub fn section(mut self, section: impl Into<String>) -> Self {
        self.selection.section = Some(section.into());
        self
    }

    /// Loads only the program of this name, and those that the object puts into prog arrays.
    pub fn program(mut self, name: impl Into<String>) -> Self {
        self.selection.program = Some(name.into());
        self
    }

    /// The type of programs whose section does not say of which they are: `prog`, `1/0`. It also says how they are
    /// attached, for types of which there is one way.
    pub fn program_type(mut self, program_type: ProgramType) -> Self {
        self.selection.program_type = Some(program_type);
        self
    }

    /// Whether the compatibility loader is asked.
    pub fn compatibility(mut self, compatibility: Compatibility) -> Self {
        self.compatibility = compatibility;
        self
    }

    /// How the compatibility loader reads section `maps`.
    pub fn legacy(mut self, layout: Legacy) -> Self {
        self.layout = layout;
        self
    }

    /// Pins by this configuration instead of the machine's.
    pub fn pinning(mut self, config: Config) -> Self {
        self.pins = Pins::Configured(Box::new(config));
        self
    }

    /// Pins as without a configuration: maps of `.maps` that say so, by name in `/sys/fs/bpf`; none of section `maps`.
    pub fn without_configuration(mut self) -> Self {
        self.pins = Pins::Plain;
        self
    }

    /// Opens an object; `file` is its name. Nothing exists in the kernel yet, and everything can be edited.
    ///
    /// # Errors
    /// The object is malformed or needs what is not supported; a section or program that was asked for is not there; the
    /// configuration of pins cannot be used.
    pub fn open(&self, object: &[u8], file: &str) -> Result<Opened> {
        let (reading, loader, why) = self.read(object, file)?;
        let mut found = reading.warnings;
        if self.selection.program_type.is_some() {
            found.retain(|warning| !matches!(warning, elf::Warning::UnknownSection { .. }));
        }
        let mut warnings: Vec<Warning> = found.into_iter().map(Warning::Object).collect();
        let mut open = OpenObject::new(reading.spec);
        self.selection.apply(&mut open)?;
        if let Some(mut config) = self.config()? {
            warnings.extend(config.warnings().iter().cloned().map(Warning::Pinning));
            config.set_object(object);
            if let (None, Some(hook)) = (config.hook(), hook(&open)) {
                config.set_hook(hook);
            }
            open.options.set_pinning(config);
        }
        Ok(Opened { object: open, loader, why, legacy: reading.legacy, warnings })
    }

    /// Opens the object in a file.
    ///
    /// # Errors
    /// As [`open`](Self::open), and where the file cannot be read.
    pub fn open_file(&self, path: impl AsRef<Path>) -> Result<Opened> {
        let path = path.as_ref();
        let object = fs::read(path).map_err(|error| {
            Error::system("read", error).within(Frame::Path(path.display().to_string()))
        })?;
        self.open(&object, &path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
    }

    /// Opens an object and loads it.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`Opened::load`].
    pub fn load(&self, object: &[u8], file: &str) -> Result<Loaded> {
        self.open(object, file)?.load()
    }

    /// Opens the object in a file and loads it.
    ///
    /// # Errors
    /// As [`open_file`](Self::open_file) and [`Opened::load`].
    pub fn load_file(&self, path: impl AsRef<Path>) -> Result<Loaded> {
        self.open_file(path)?.load()
    }

    fn read(&self, object: &[u8], file: &str) -> Result<(Reading, LoadedBy, Option<Error>)> {
        let compatible = || compat::read(object, file, self.layout);
        if self.compatibility == Compatibility::Only {
            return Ok((compatible()?, LoadedBy::Compatibility, None));
        }
        match Reader::new().read(object, file) {
            Ok(reading) => Ok((reading, LoadedBy::Standard, None)),
            Err(why)
                if why.kind() == ErrorKind::MapDefinition
                    && self.compatibility == Compatibility::Auto =>
            {
                Ok((compatible()?, LoadedBy::Compatibility, Some(why)))
            }
            Err(error) => Err(error),
        }
    }

    fn config(&self) -> Result<Option<Config>> {
        match &self.pins {
            Pins::System => Config::system().map(Some),
            Pins::Configured(config) => Ok(Some((**config).clone())),
            Pins::Plain => Ok(None),
        }
    }
}

/// The hook of what is loaded: the caller may have said more of it than the object does.
fn hook(open: &OpenObject) -> Option<Hook> {
    let mut programs = open.programs().iter().filter(|program| program.autoload());
    programs.find_map(|program| Hook::of(program.program_type()))
}
