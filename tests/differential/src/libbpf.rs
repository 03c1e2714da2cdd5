//! The side of libbpf. Its messages go to standard error, as it prints them.

use std::ffi::{CStr, CString, c_char};
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::{io, ptr, slice};

use libbpf_sys as sys;

use crate::kernel;
use crate::normal::{self, Fields};
use crate::outcome::{Program, Stage};
use crate::side::Opened;

pub(crate) struct Libbpf {
    path: CString,
    programs: Vec<String>,
}

/// An open object, closed when dropped.
struct Object(*mut sys::bpf_object);

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the pointer came from libbpf and is given back once.
        unsafe { sys::bpf_object__close(self.0) }
    }
}

impl Object {
    fn open(path: &CStr) -> io::Result<Self> {
        // SAFETY: the path is NUL-terminated, and the options may be null.
        let object = unsafe { sys::bpf_object__open_file(path.as_ptr(), ptr::null()) };
        if object.is_null() { Err(io::Error::last_os_error()) } else { Ok(Self(object)) }
    }

    fn programs(&self) -> Vec<*mut sys::bpf_program> {
        let mut programs = Vec::new();
        let mut last = ptr::null_mut();
        loop {
            // SAFETY: the object is open, and `last` is null or one of its programs.
            last = unsafe { sys::bpf_object__next_program(self.0, last) };
            if last.is_null() {
                return programs;
            }
            programs.push(last);
        }
    }

    fn maps(&self) -> Vec<*mut sys::bpf_map> {
        let mut maps = Vec::new();
        let mut last = ptr::null_mut();
        loop {
            // SAFETY: the object is open, and `last` is null or one of its maps.
            last = unsafe { sys::bpf_object__next_map(self.0, last) };
            if last.is_null() {
                return maps;
            }
            maps.push(last);
        }
    }
}

fn text(raw: *const c_char) -> String {
    // SAFETY: libbpf's names are NUL-terminated and live as long as the object.
    unsafe { CStr::from_ptr(raw) }.to_string_lossy().into_owned()
}

impl Libbpf {
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|error| error.to_string())?;
        let object = Object::open(&path).map_err(|error| error.to_string())?;
        let programs = object.programs().into_iter();
        // SAFETY: the program belongs to an open object.
        let programs = programs.map(|program| text(unsafe { sys::bpf_program__name(program) }));
        Ok(Self { path, programs: programs.collect() })
    }
}

impl Opened for Libbpf {
    fn programs(&self) -> Vec<String> {
        self.programs.clone()
    }

    fn load(&self, index: usize, tell: &mut dyn FnMut(&Program)) -> Program {
        let mut out = Program::new(&self.programs[index]);
        let object = match Object::open(&self.path) {
            Ok(object) => object,
            Err(error) => return failed(out, &error),
        };
        let programs = object.programs();
        for (other, &program) in programs.iter().enumerate() {
            // SAFETY: the program belongs to an open object that is not loaded yet.
            unsafe { sys::bpf_program__set_autoload(program, other == index) };
        }
        // SAFETY: the object is open.
        let status = unsafe { sys::bpf_object__prepare(object.0) };
        if status != 0 {
            return failed(out, &io::Error::from_raw_os_error(-status));
        }
        out.stage = Stage::Prepared;
        // SAFETY: the map belongs to an open object.
        let fd = |map: *mut sys::bpf_map| unsafe { sys::bpf_map__fd(map) };
        let maps: Vec<Option<RawFd>> =
            object.maps().into_iter().map(fd).map(|fd| (fd >= 0).then_some(fd)).collect();
        out.maps = maps.iter().copied().flatten().filter_map(kernel::map_facts).collect();
        let program = programs[index];
        out.insns = normal::insns(insns(program), &maps);
        tell(&out);

        // SAFETY: the object is open and prepared.
        let status = unsafe { sys::bpf_object__load(object.0) };
        if status != 0 {
            return failed(out, &io::Error::from_raw_os_error(-status));
        }
        out.stage = Stage::Loaded;
        // SAFETY: the program belongs to a loaded object.
        out.facts = kernel::program_facts(unsafe { sys::bpf_program__fd(program) });
        out
    }
}

fn insns(program: *mut sys::bpf_program) -> Vec<Fields> {
    // SAFETY: the program belongs to an open object; its instructions stay until that is loaded or closed, and
    // they are copied here.
    let insns = unsafe {
        let (start, len) = (sys::bpf_program__insns(program), sys::bpf_program__insn_cnt(program));
        if start.is_null() { &[] } else { slice::from_raw_parts(start, len as usize) }
    };
    let fields = |insn: &sys::bpf_insn| Fields {
        code: insn.code,
        regs: insn.dst_reg() | insn.src_reg() << 4,
        off: insn.off,
        imm: insn.imm,
    };
    insns.iter().map(fields).collect()
}

fn failed(mut out: Program, error: &io::Error) -> Program {
    out.errno = error.raw_os_error();
    out.error = error.to_string();
    out
}
