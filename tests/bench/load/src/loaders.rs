//! One load by each of the loaders. What was loaded is kept until the clock has stopped.

use std::any::Any;

/// An object and its skeleton.
pub struct Object {
    pub name: &'static str,
    pub bytes: &'static [u8],
    pub skeleton: fn() -> Box<dyn Any>,
}

macro_rules! object {
    ($name:ident) => {{
        mod skeleton {
            bpf_skel::include_skel!($name);
        }
        Object {
            name: stringify!($name),
            bytes: include_bytes!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".bpf.o")),
            skeleton: || Box::new(skeleton::$name::open().load().expect("bpf-skel loads it")),
        }
    }};
}

pub fn objects() -> [Object; 7] {
    [
        object!(roots_0),
        object!(roots_1),
        object!(roots_10),
        object!(roots_40),
        object!(heavy_1),
        object!(heavy_1_core),
        object!(heavy_4),
    ]
}

/// A way to load.
pub struct Loader {
    pub name: &'static str,
    pub load: fn(&Object) -> Box<dyn Any>,
}

pub const LOADERS: [Loader; 4] = [
    Loader { name: "bpf-skel", load: |object| (object.skeleton)() },
    Loader { name: "bpf-skel, ELF", load: elf },
    Loader { name: "libbpf-rs", load: libbpf },
    Loader { name: "aya", load: aya },
];

fn elf(object: &Object) -> Box<dyn Any> {
    let spec = bpf_skel::elf::read(object.bytes, object.name).expect("bpf-skel reads it");
    Box::new(bpf_skel::OpenObject::new(spec).load().expect("bpf-skel loads it"))
}

fn libbpf(object: &Object) -> Box<dyn Any> {
    let mut builder = libbpf_rs::ObjectBuilder::default();
    let open = builder.name(object.name).and_then(|builder| builder.open_memory(object.bytes));
    Box::new(open.and_then(libbpf_rs::OpenObject::load).expect("libbpf loads it"))
}

fn aya(object: &Object) -> Box<dyn Any> {
    let mut loaded = aya::Ebpf::load(object.bytes).expect("aya loads its maps");
    for (_, program) in loaded.programs_mut() {
        let program: &mut aya::programs::RawTracePoint = program.try_into().expect("raw_tp");
        program.load().expect("aya loads it");
    }
    Box::new(loaded)
}
