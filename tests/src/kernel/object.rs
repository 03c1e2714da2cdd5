//! Small objects made by hand: the spec is plain data, so no compiler is needed.

use bpf_skel::insn::{self, Insn};
use bpf_skel::map::Array;
use bpf_skel::spec::{
    CoreSpec, Data, Endian, MapContents, MapSpec, ObjectSpec, Pinning, ProgramSpec, Relocation,
    RelocationTarget,
};
use bpf_skel::uapi::{MapType, flags};
use bpf_skel::{Object, OpenObject, Program, Result, section_name};

/// An object with one program, which counts how often it ran.
pub struct Counting {
    object: Object,
    hits: Array<u64>,
}

/// `*(u64 *)(dst + off) += src`, atomically.
const ATOMIC_ADD_64: u8 = 0xdb;

impl Counting {
    fn load(spec: ObjectSpec) -> Result<Self> {
        let object = OpenObject::new(spec).load()?;
        let hits = Array::try_from(object.maps()[0].try_clone()?)?;
        Ok(Self { object, hits })
    }

    /// Its program.
    pub fn program(&self) -> &Program {
        &self.object.programs()[0]
    }

    /// Another handle of its program, of any kind.
    pub fn kind<K: bpf_skel::program::Kind>(&self) -> Program<K> {
        self.program()
            .try_clone()
            .and_then(Program::try_into_kind)
            .expect("the kind fits the section")
    }

    /// How often it ran.
    pub fn hits(&self) -> u64 {
        self.hits.get(0).expect("the counter is there")
    }

    /// Whether it ran, waiting a while for what happens on its own time.
    pub fn is_hit_soon(&self) -> bool {
        for _ in 0..200 {
            if self.hits() > 0 {
                return true;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        false
    }

    /// How often it runs during `f`.
    pub fn hits_during(&self, f: impl FnOnce()) -> u64 {
        let before = self.hits();
        f();
        self.hits() - before
    }
}

/// Loads a program of this section that counts its runs and returns `retval`.
pub fn counting(section: &'static str, retval: i32) -> Result<Counting> {
    let insns = [
        Insn::new(insn::LDIMM64, 1, insn::PSEUDO_MAP_VALUE, 0, 0),
        Insn::default(),
        Insn::new(insn::MOV64_IMM, 2, 0, 0, 1),
        Insn::new(ATOMIC_ADD_64, 1, 2, 0, 0),
        Insn::new(insn::MOV64_IMM, 0, 0, 0, retval),
        Insn::new(insn::EXIT, 0, 0, 0, 0),
    ];
    Counting::load(spec(section, &insns))
}

/// As [`counting`]; each run counts as many as its cookie says. Linux 5.15.
pub fn summing_cookies(section: &'static str) -> Result<Counting> {
    const GET_ATTACH_COOKIE: i32 = 174;
    let insns = [
        Insn::new(insn::LDIMM64, 6, insn::PSEUDO_MAP_VALUE, 0, 0),
        Insn::default(),
        Insn::new(insn::CALL, 0, 0, 0, GET_ATTACH_COOKIE),
        Insn::new(ATOMIC_ADD_64, 6, 0, 0, 0),
        Insn::new(insn::MOV64_IMM, 0, 0, 0, 0),
        Insn::new(insn::EXIT, 0, 0, 0, 0),
    ];
    Counting::load(spec(section, &insns))
}

/// Loads one program of this section, called `probe`. A 64-bit immediate load in front is of the address of eight bytes
/// of `.bss`.
pub fn load(section: &'static str, insns: &[Insn]) -> Result<Object> {
    OpenObject::new(spec(section, insns)).load()
}

/// What [`load`] loads, to be edited.
pub fn spec(section: &'static str, insns: &[Insn]) -> ObjectSpec {
    let name = section_name::parse(section);
    let counts = insns.first().is_some_and(|first| first.is_ldimm64());
    let counter = Relocation { insn: 0, target: RelocationTarget::MapValue { map: 0, offset: 0 } };
    let program = ProgramSpec {
        name: "probe".into(),
        section: section.into(),
        program_type: name.program_type,
        attach_type: name.attach_type,
        attach: name.kind,
        target: name.target.map(Into::into),
        flags: name.flags,
        autoload: name.autoload,
        insns: insns.iter().flat_map(|insn| insn.to_bytes(Endian::NATIVE)).collect(),
        func_info: [].as_slice().into(),
        line_info: [].as_slice().into(),
        relocations: if counts { vec![counter].into() } else { Vec::new().into() },
        core_relocations: [].as_slice().into(),
    };
    ObjectSpec {
        name: "byhand".into(),
        endian: Endian::NATIVE,
        license: "GPL".into(),
        kernel_version: 0,
        btf: [].as_slice().into(),
        maps: vec![bss()].into(),
        inner_maps: [].as_slice().into(),
        programs: vec![program].into(),
        jump_tables: [].as_slice().into(),
        variables: [].as_slice().into(),
        core: CoreSpec::default(),
        externs: [].as_slice().into(),
    }
}

fn bss() -> MapSpec {
    MapSpec {
        name: ".bss".into(),
        section: ".bss".into(),
        map_type: MapType::ARRAY,
        key_size: 4,
        value_size: 8,
        max_entries: 1,
        flags: flags::MMAPABLE,
        extra: 0,
        numa_node: 0,
        pinning: Pinning::None,
        key_type_id: 0,
        value_type_id: 0,
        inner: None,
        contents: MapContents::Data { data: Data::Zeroed(8), frozen: false },
    }
}

/// A perf event on this thread: the CPU's clock in software, every millisecond. Not enabled yet.
pub fn software_event() -> std::os::fd::OwnedFd {
    use std::os::fd::FromRawFd;
    const DISABLED: u64 = if cfg!(target_endian = "little") { 1 } else { 1 << 63 };
    // type and size, config, sample_period, sample_type, read_format, flags; the rest is zero.
    let mut attr = [0_u64; 14];
    let bytes = [1_u32.to_ne_bytes(), 112_u32.to_ne_bytes()].concat();
    attr[0] = u64::from_ne_bytes(bytes.try_into().unwrap());
    attr[2] = 1_000_000;
    attr[5] = DISABLED;
    // SAFETY: the attributes are 112 bytes, as they say; the call answers a descriptor or -1.
    let fd = unsafe { libc::syscall(libc::SYS_perf_event_open, attr.as_ptr(), 0, -1, -1, 8_u64) };
    assert!(fd >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: the call has just opened it.
    unsafe { std::os::fd::OwnedFd::from_raw_fd(fd as i32) }
}
