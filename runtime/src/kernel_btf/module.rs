use std::borrow::Cow;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;

use super::kernel::KernelBtf;
use super::wanted::{Candidates, Query, Wanted};
use crate::btf::{Btf, Index, sections};
use crate::error::{Error, Frame, Result, Within};
use crate::spec::Endian;
use crate::sys::{self, IdKind};

/// Where the kernel shows the BTF of itself and its modules.
const DIRECTORY: &str = "/sys/kernel/btf";

/// A kernel module with type information, which is read when it is first needed.
#[derive(Debug)]
pub struct Module {
    name: String,
    /// `None` where the process may not open BTF by id.
    handle: Option<Handle>,
    content: OnceLock<Content>,
}

#[derive(Debug)]
struct Handle {
    id: u32,
    fd: OwnedFd,
}

#[derive(Debug)]
struct Content {
    bytes: Vec<u8>,
    index: Index,
}

/// All modules with BTF: by id, and where that is not permitted (it takes CAP_SYS_ADMIN) by name in sysfs, which is
/// enough to read types but not to attach.
pub(super) fn list() -> Result<Vec<Module>> {
    match list_ids() {
        Ok(modules) => Ok(modules),
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => list_names(),
        // Modules have BTF since Linux 5.11. EINVAL: before 5.4 there are no such ids; E2BIG: before 5.11 BTF has no
        // name, which comes to light as soon as any program of the machine has brought BTF of its own.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::E2BIG)) => {
            Ok(Vec::new())
        }
        Err(error) => Err(Error::system("BPF_BTF_GET_NEXT_ID", error)),
    }
}

fn list_ids() -> io::Result<Vec<Module>> {
    let mut modules = Vec::new();
    let mut id = 0;
    while let Some(next) = sys::next_id(IdKind::Btf, id)? {
        id = next;
        let fd = match sys::fd_by_id(IdKind::Btf, id) {
            Ok(fd) => fd,
            // Unloaded meanwhile.
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => continue,
            Err(error) => return Err(error),
        };
        let (info, name) = sys::btf_name(fd.as_fd())?;
        if info.kernel_btf == 0 || name == "vmlinux" {
            continue;
        }
        let handle = Some(Handle { id, fd });
        modules.push(Module { name, handle, content: OnceLock::new() });
    }
    Ok(modules)
}

fn list_names() -> Result<Vec<Module>> {
    let in_directory = || Frame::Path(DIRECTORY.into());
    let failed = |error| Error::system("readdir", error);
    let mut modules = Vec::new();
    for entry in std::fs::read_dir(DIRECTORY).map_err(failed).within(in_directory)? {
        let entry = entry.map_err(failed).within(in_directory)?;
        if let Some(name) = entry.file_name().to_str().filter(|&name| name != "vmlinux") {
            modules.push(Module { name: name.into(), handle: None, content: OnceLock::new() });
        }
    }
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(modules)
}

impl Module {
    /// The module's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Id of its BTF in the kernel, where the process may know it.
    pub fn btf_id(&self) -> Option<u32> {
        self.handle.as_ref().map(|handle| handle.id)
    }

    /// Descriptor of its BTF, which programs that attach to the module are loaded with.
    ///
    /// # Errors
    /// Where the process may not open BTF by id.
    pub fn btf_fd(&self) -> Result<BorrowedFd<'_>> {
        self.handle.as_ref().map(|handle| handle.fd.as_fd()).ok_or_else(|| {
            Error::system("BPF_BTF_GET_FD_BY_ID", io::Error::from_raw_os_error(libc::EPERM))
                .with_hint("opening the type information of modules takes CAP_SYS_ADMIN in the initial user namespace")
        })
    }

    /// A descriptor of its BTF that outlives this.
    pub(crate) fn clone_btf_fd(&self) -> Result<OwnedFd> {
        sys::try_clone(self.btf_fd()?).map_err(|error| Error::system("fcntl(F_DUPFD)", error))
    }

    /// All of the module's own types with these names and kinds, in one pass.
    ///
    /// # Errors
    /// Where it cannot be read, or is not BTF.
    pub fn find_all(&self, kernel: &KernelBtf, wanted: &[Wanted<'_>]) -> Result<Candidates> {
        let base = kernel.btf()?;
        let in_module = || Frame::Path(format!("{DIRECTORY}/{}", self.name));
        let bytes = &self.content(&base)?.bytes;
        search(&base, bytes, wanted).within(in_module)
    }

    /// Its types by id; `base` is the kernel's [`btf`](KernelBtf::btf).
    ///
    /// # Errors
    /// Where it cannot be read, or is not BTF.
    pub fn btf<'m>(&'m self, base: &'m Btf<'m>) -> Result<Btf<'m>> {
        let content = self.content(base)?;
        Btf::with_index(Some(base), &content.bytes, Endian::NATIVE, Cow::Borrowed(&content.index))
    }

    fn content(&self, base: &Btf<'_>) -> Result<&Content> {
        if let Some(content) = self.content.get() {
            return Ok(content);
        }
        let path = Path::new(DIRECTORY).join(&self.name);
        let in_file = || Frame::Path(path.display().to_string());
        let bytes = match &self.handle {
            Some(handle) => {
                let mut bytes = Vec::new();
                sys::btf_info(handle.fd.as_fd(), Some(&mut bytes))
                    .map_err(|error| Error::system("BPF_OBJ_GET_INFO_BY_FD", error))
                    .within(in_file)?;
                bytes
            }
            None => std::fs::read(&path)
                .map_err(|error| Error::system("read", error))
                .within(in_file)?,
        };
        let index = Btf::index(Some(base), &bytes, Endian::NATIVE, 0, |_, _| ()).within(in_file)?;
        Ok(self.content.get_or_init(|| Content { bytes, index }))
    }

    #[cfg(test)]
    pub(super) fn for_test(base: &Btf<'_>, bytes: Vec<u8>, fd: Option<OwnedFd>) -> Self {
        let index = Btf::index(Some(base), &bytes, Endian::NATIVE, 0, |_, _| ()).unwrap();
        let handle = fd.map(|fd| Handle { id: 1, fd });
        Self { name: "m".into(), handle, content: OnceLock::from(Content { bytes, index }) }
    }
}

fn search(base: &Btf<'_>, bytes: &[u8], wanted: &[Wanted<'_>]) -> Result<Candidates> {
    let own = sections(bytes, Endian::NATIVE, true)?.strings;
    let mut query = Query::new(wanted);
    let visit = |id, head| query.visit(id, head, base.own_strings(), own);
    Btf::index(Some(base), bytes, Endian::NATIVE, 0, visit)?;
    Ok(query.finish())
}
