use std::borrow::Cow;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use super::MapInfo;
use super::arena::Arena;
use super::struct_ops::{Operations, OperationsValue};
use crate::error::Within;
use crate::feature;
use crate::spec::MapSpec;
use crate::sys::{self, explain};
use crate::token::{Creation, LazyToken};
use crate::uapi::MapType;
use crate::{Error, ErrorKind, Frame, Result};

/// An owned handle of a map whose key and value types are not known: elements are bytes.
///
/// The map lives as long as a handle, a pin or a program that uses it. Typed handles ([`Hash`](super::Hash),
/// [`Array`](super::Array), …) are made of it by `try_from` and deref to it.
///
/// A map of an object that was opened with its creation turned off is *absent*: it has a handle, so that the skeleton
/// has all its fields, and every operation fails with [`ErrorKind::InvalidInput`].
pub struct Map {
    fd: OwnedFd,
    /// Its sizes are those of the map behind `fd`: the unsafe code of this room relies on it.
    info: MapInfo,
    absent: bool,
    /// This handle, or one that it was cloned from, has frozen the map: `Frozen` relies on it.
    frozen: AtomicBool,
    /// Of a struct_ops map of an object; shared by all handles of the map that come from there.
    operations: Option<Arc<Operations>>,
    /// Of an arena of an object.
    pub(super) arena: Option<Arena>,
}

impl Map {
    fn of(fd: OwnedFd, info: MapInfo) -> Self {
        Self {
            fd,
            info,
            absent: false,
            frozen: AtomicBool::new(false),
            operations: None,
            arena: None,
        }
    }

    /// Creates a map. `name` is the C name, `create.name` what the kernel gets to see of it.
    ///
    /// # Errors
    /// What `BPF_MAP_CREATE` answers, bare: the caller decides what can be done without.
    pub(crate) fn create(
        name: impl Into<Cow<'static, str>>,
        create: &sys::MapCreate<'_>,
    ) -> io::Result<Self> {
        let info = MapInfo {
            name: name.into(),
            map_type: create.map_type,
            key_size: create.key_size,
            value_size: create.value_size,
            max_entries: create.max_entries,
            flags: create.flags,
            extra: create.extra,
        };
        Ok(Self::of(sys::map_create(create)?, info))
    }

    /// Creates a map of one's own, without an object: to be put into a map of maps, say, or for tests. It is empty,
    /// whatever [`contents`](MapSpec::contents) says, and without type information. `template` is a map like those
    /// that a map of maps is to hold. In a user namespace it is created with a BPF token, by the rules of
    /// [`Options::set_token_path`](crate::object::Options::set_token_path), but for the path that is set there.
    ///
    /// # Errors
    /// What the kernel refuses.
    #[doc(alias = "BPF_MAP_CREATE")]
    pub fn from_spec(spec: &MapSpec, template: Option<&Map>) -> Result<Self> {
        let create = sys::MapCreate {
            map_type: spec.map_type,
            name: &spec.name,
            key_size: spec.key_size,
            value_size: spec.value_size,
            max_entries: spec.max_entries,
            flags: spec.flags,
            extra: spec.extra,
            numa_node: spec.numa_node,
            inner_map: template.map(AsFd::as_fd),
            ..sys::MapCreate::default()
        };
        let token = LazyToken::new(None);
        let created = token
            .with(|token| Self::create(spec.name.clone(), &sys::MapCreate { token, ..create }));
        created.map_err(|refused| {
            let unknown = feature::may_be_unknown(&refused);
            let error = Error::system("BPF_MAP_CREATE", refused);
            let error = match unknown.then(|| feature::why_absent(feature::map_needs(spec))) {
                Some(Some(why)) => error.because_absent(why),
                _ => token.permission(error, Creation::Map(spec.map_type), explain::BPF),
            };
            error.within(map_frame(&MapInfo::from(spec)))
        })
    }

    /// A handle that stands for a map which was not created.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub(crate) fn absent(info: MapInfo) -> Result<Self> {
        let fd = sys::placeholder()
            .map_err(|error| Error::system("eventfd", error).within(map_frame(&info)))?;
        Ok(Self { absent: true, ..Self::of(fd, info) })
    }

    /// A handle of the map behind a descriptor, from wherever it comes (a socket, another library).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] where it is no map.
    pub fn from_fd(fd: impl Into<OwnedFd>) -> Result<Self> {
        let fd = fd.into();
        let not_a_map = || Error::invalid_input("the file descriptor is not one of a BPF map");
        // Another kind of BPF object would answer too, with numbers of another meaning.
        if sys::bpf_kind(fd.as_fd()).is_ok_and(|kind| kind != "bpf-map") {
            return Err(not_a_map());
        }
        let info = sys::map_info(fd.as_fd()).map_err(|error| match error.raw_os_error() {
            Some(libc::EINVAL | libc::EBADF) => not_a_map(),
            _ => Error::system("BPF_OBJ_GET_INFO_BY_FD", error),
        })?;
        Ok(Self::of(fd, MapInfo::from(&info)))
    }

    /// Opens the map with this id. Needs CAP_SYS_ADMIN; Linux 4.13.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where no map has the id (any more).
    #[doc(alias = "BPF_MAP_GET_FD_BY_ID")]
    pub fn from_id(id: u32) -> Result<Self> {
        let fd = sys::fd_by_id(sys::IdKind::Map, id).map_err(|error| {
            if error.raw_os_error() == Some(libc::ENOENT) {
                return Error::not_found(format!("no map has the id {id}"));
            }
            explain::permission(Error::system("BPF_MAP_GET_FD_BY_ID", error), explain::BY_ID)
        })?;
        Self::from_fd(fd).within(|| Frame::Map(format!("id {id}")))
    }

    /// The ids of all maps that are there now, ascending. Linux 4.13; needs CAP_SYS_ADMIN.
    ///
    /// # Errors
    /// The capability is missing.
    #[doc(alias("BPF_MAP_GET_NEXT_ID"))]
    pub fn ids() -> Result<Vec<u32>> {
        sys::ids(sys::IdKind::Map).map_err(|error| {
            explain::permission(Error::system("BPF_MAP_GET_NEXT_ID", error), explain::BY_ID)
        })
    }

    /// Another handle of the same map.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn try_clone(&self) -> Result<Self> {
        let fd = sys::try_clone(self.fd.as_fd())
            .map_err(|error| self.failed("fcntl(F_DUPFD)", error))?;
        let frozen = AtomicBool::new(self.is_known_frozen());
        let (operations, arena) = (self.operations.clone(), self.arena.clone());
        Ok(Self { fd, info: self.info.clone(), absent: self.absent, frozen, operations, arena })
    }

    /// Makes it one whose value is a `struct bpf_struct_ops_NAME`.
    pub(crate) fn set_operations(&mut self, name: String) {
        self.operations = Some(Arc::new(Operations::new(name)));
    }

    /// Says what it is filled with when its operations are registered, to all handles. Only once.
    pub(crate) fn fill_operations(&self, value: OperationsValue) {
        if let Some(operations) = &self.operations {
            operations.fill(value);
        }
    }

    /// Where an address begins that an instruction has in the map's value: not at 0 in an arena.
    pub(crate) fn data_offset(&self) -> u32 {
        let offset = self.arena.as_ref().map_or(0, |arena| arena.data);
        u32::try_from(offset).unwrap_or_default()
    }

    pub(crate) fn operations(&self) -> Option<&Operations> {
        self.operations.as_deref()
    }

    /// Whether this is a struct_ops map that an object has created.
    pub(crate) fn has_operations(&self) -> bool {
        self.operations.is_some() && !self.absent
    }

    /// The same map under its C name, which the kernel may have cut.
    pub(crate) fn named(mut self, name: Cow<'static, str>) -> Self {
        self.info.name = name;
        self
    }

    /// What the map is.
    pub fn info(&self) -> &MapInfo {
        &self.info
    }

    /// The name: see [`MapInfo::name`].
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// The type.
    pub fn map_type(&self) -> MapType {
        self.info.map_type
    }

    /// Bytes of a key.
    pub fn key_size(&self) -> u32 {
        self.info.key_size
    }

    /// Bytes of a value; in a per-CPU map, of one CPU's.
    pub fn value_size(&self) -> u32 {
        self.info.value_size
    }

    /// How many elements it can have; of a ring buffer, bytes.
    pub fn max_entries(&self) -> u32 {
        self.info.max_entries
    }

    /// `map_flags`
    pub fn flags(&self) -> u32 {
        self.info.flags
    }

    /// Whether this stands for a map that was not created.
    pub fn is_absent(&self) -> bool {
        self.absent
    }

    /// The map's id, by which `bpftool` and [`from_id`](Self::from_id) find it. Asks the kernel.
    ///
    /// # Errors
    /// For an absent map.
    pub fn id(&self) -> Result<u32> {
        self.present()?;
        let info = sys::map_info(self.as_fd())
            .map_err(|error| self.failed("BPF_OBJ_GET_INFO_BY_FD", error))?;
        Ok(info.id)
    }

    /// Makes the map read-only for system calls, for good; programs write on unless the map was created with
    /// `BPF_F_RDONLY_PROG`. Linux 5.2.
    ///
    /// # Errors
    /// EBUSY where it is frozen already or mapped writable.
    #[doc(alias = "BPF_MAP_FREEZE")]
    pub fn freeze(&self) -> Result<()> {
        self.present()?;
        sys::map_freeze(self.as_fd()).map_err(|error| self.failed("BPF_MAP_FREEZE", error))?;
        self.frozen.store(true, Relaxed);
        Ok(())
    }

    /// Whether [`freeze`](Self::freeze) has succeeded through this handle, or one that it was cloned from. A map that was
    /// frozen otherwise is not known to be.
    pub fn is_known_frozen(&self) -> bool {
        self.frozen.load(Relaxed)
    }

    /// Answers for an absent map.
    pub(crate) fn present(&self) -> Result<()> {
        if self.absent {
            return Err(Error::invalid_input(
                "the map was not created: its creation was turned off",
            )
            .within(map_frame(&self.info)));
        }
        Ok(())
    }

    /// The error of a system call on this map.
    pub(crate) fn failed(&self, call: &str, error: io::Error) -> Error {
        let refused = error.raw_os_error() == Some(libc::EPERM);
        let error = Error::system(call, error);
        let error = if refused && may_use_bpf() {
            error.with_hint("the map is frozen, or was opened for one direction only")
        } else {
            explain::permission(error, explain::BPF)
        };
        error.within(map_frame(&self.info))
    }

    /// A caller's mistake with this map.
    pub(crate) fn misused(&self, message: impl Into<Cow<'static, str>>) -> Error {
        Error::invalid_input(message).within(map_frame(&self.info))
    }

    /// What the caller takes it for and what it is do not agree.
    pub(crate) fn mismatch(&self, message: String) -> Error {
        Error::new(ErrorKind::Mismatch, message).within(map_frame(&self.info))
    }

    pub(super) fn rename(&mut self, name: String) {
        self.info.name = name.into();
    }
}

pub(super) fn map_frame(info: &MapInfo) -> Frame {
    Frame::Map(info.name.to_string())
}

/// Whether a refusal must have another reason than a missing capability.
fn may_use_bpf() -> bool {
    let bit = |capability: sys::Capability| 1_u64 << capability.bit();
    sys::effective_capabilities()
        .is_ok_and(|held| held & (bit(sys::Capability::Bpf) | bit(sys::Capability::SysAdmin)) != 0)
}

impl AsFd for Map {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl From<Map> for OwnedFd {
    fn from(map: Map) -> Self {
        map.fd
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MapInfo { name, map_type, key_size, value_size, max_entries, flags, extra: _ } =
            &self.info;
        let mut out = f.debug_struct("Map");
        out.field("name", name)
            .field("type", &format_args!("{map_type}"))
            .field("key_size", key_size)
            .field("value_size", value_size)
            .field("max_entries", max_entries)
            .field("flags", &format_args!("{flags:#x}"));
        if self.absent {
            out.field("absent", &true);
        }
        out.finish()
    }
}

#[cfg(test)]
mod tests;
