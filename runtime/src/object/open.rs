use std::sync::Arc;

use super::{Object, OpenMap, OpenProgram, Options, PreparedObject, SpecRef, prepare};
use crate::error::{Error, Frame, Result};
use crate::spec::{Linkage, ObjectSpec, VariableSpec};

/// An object in the open phase: nothing exists in the kernel yet and everything can be edited.
///
/// ```no_run
/// # fn f(spec: bpf_skel::spec::ObjectSpec) -> bpf_skel::Result<()> {
/// use bpf_skel::object::OpenObject;
///
/// let mut open = OpenObject::new(spec);
/// open.map_mut("events")?.set_max_entries(1 << 20);
/// open.set_variable("min_us", &10_000_u64.to_ne_bytes())?;
/// let object = open.load()?;
/// let _links = object.attach()?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct OpenObject {
    pub(crate) spec: SpecRef,
    pub(crate) maps: Vec<OpenMap>,
    pub(crate) programs: Vec<OpenProgram>,
    /// What holds for the whole load.
    pub options: Options,
}

impl OpenObject {
    /// Opens a spec that was read at run time.
    pub fn new(spec: ObjectSpec) -> Self {
        Self::from_shared(Arc::new(spec))
    }

    /// Opens a spec that others use too: the loads share it.
    pub fn from_shared(spec: Arc<ObjectSpec>) -> Self {
        Self::open(SpecRef::Shared(spec))
    }

    /// Opens a spec that is part of the program.
    pub fn from_static(spec: &'static ObjectSpec) -> Self {
        Self::open(SpecRef::Static(spec))
    }

    fn open(spec: SpecRef) -> Self {
        let maps = spec.maps.iter().cloned().map(OpenMap::new).collect();
        let programs = (0..)
            .zip(spec.programs.iter())
            .map(|(index, spec)| OpenProgram::new(index, spec))
            .collect();
        Self { spec, maps, programs, options: Options::default() }
    }

    /// What the object holds, before any edit.
    pub fn spec(&self) -> &ObjectSpec {
        &self.spec
    }

    /// The object's maps in the order of the spec.
    pub fn maps(&self) -> &[OpenMap] {
        &self.maps
    }

    /// The object's maps in the order of the spec.
    pub fn maps_mut(&mut self) -> &mut [OpenMap] {
        &mut self.maps
    }

    /// The map with this name.
    ///
    /// # Errors
    /// There is none.
    pub fn map_mut(&mut self, name: &str) -> Result<&mut OpenMap> {
        let object = self.frame();
        self.maps
            .iter_mut()
            .find(|map| map.name() == name)
            .ok_or_else(|| Error::not_found(format!("no map is named {name:?}")).within(object))
    }

    /// The object's programs in the order of the spec.
    pub fn programs(&self) -> &[OpenProgram] {
        &self.programs
    }

    /// The object's programs in the order of the spec.
    pub fn programs_mut(&mut self) -> &mut [OpenProgram] {
        &mut self.programs
    }

    /// The program with this name.
    ///
    /// # Errors
    /// There is none.
    pub fn program_mut(&mut self, name: &str) -> Result<&mut OpenProgram> {
        let object = self.frame();
        self.programs
            .iter_mut()
            .find(|program| program.name() == name)
            .ok_or_else(|| Error::not_found(format!("no program is named {name:?}")).within(object))
    }

    /// The bytes of a variable as they stand now, in the host's byte order.
    ///
    /// # Errors
    /// There is no such variable.
    pub fn variable(&self, name: &str) -> Result<Vec<u8>> {
        let variable = self.find_variable(name)?;
        let (offset, size) = (variable.offset as usize, variable.size as usize);
        let map = self.maps.get(variable.map as usize);
        match map.and_then(OpenMap::initial_bytes) {
            Some(bytes) => Ok(bytes.get(offset..offset + size).unwrap_or_default().to_vec()),
            None => Ok(vec![0; size]),
        }
    }

    /// Gives a variable its value: as many bytes as it has, in the host's byte order.
    ///
    /// # Errors
    /// There is no such variable, or it has another size.
    pub fn set_variable(&mut self, name: &str, value: &[u8]) -> Result<()> {
        let variable = self.find_variable(name)?;
        let (map, offset, size) =
            (variable.map as usize, variable.offset as usize, variable.size as usize);
        if size != value.len() {
            return Err(Error::invalid_input(format!(
                "expected {size} bytes, found {}",
                value.len()
            ))
            .within(Frame::Variable(name.to_owned()))
            .within(self.frame()));
        }
        let object = self.frame();
        let map = self.maps.get_mut(map).ok_or_else(|| {
            Error::malformed("its section has no map").within(Frame::Variable(name.to_owned()))
        })?;
        map.write_data(offset, value).map_err(|error| error.within(object))?;
        Ok(())
    }

    fn find_variable(&self, name: &str) -> Result<&VariableSpec> {
        self.spec.variable(name).ok_or_else(|| {
            let known =
                self.spec.variables.iter().filter(|variable| variable.linkage != Linkage::Static);
            let known: Vec<_> = known.map(|variable| variable.name.as_ref()).collect();
            Error::not_found(format!(
                "no variable is named {name:?}; there are: {}",
                known.join(", ")
            ))
            .within(self.frame())
        })
    }

    /// Creates, fills, pins and freezes the maps, and makes the programs' text final. Nothing is verified yet.
    ///
    /// # Errors
    /// What stands in the way, with the map or program it is about. Nothing is left behind.
    pub fn prepare(self) -> Result<PreparedObject> {
        let frame = self.frame();
        prepare::prepare(self).map_err(|error| error.within(frame))
    }

    /// [`prepare`](Self::prepare), then [`PreparedObject::load`].
    ///
    /// # Errors
    /// As those two.
    pub fn load(self) -> Result<Object> {
        self.prepare()?.load()
    }

    pub(crate) fn frame(&self) -> Frame {
        Frame::Object(self.spec.name.to_string())
    }
}
