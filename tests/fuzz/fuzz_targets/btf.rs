//! Any bytes as BTF and as `.BTF.ext`, in either byte order; what parses can be walked whole.
#![no_main]

use bpf_skel::btf::{Btf, BtfExt, Kind};
use bpf_skel::spec::Endian;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for endian in [Endian::Little, Endian::Big] {
        if let Ok(btf) = Btf::parse(bytes, endian) {
            for (id, ty) in btf.types() {
                let _ = (btf.size_of(id), btf.align_of(id), btf.resolve(id));
                match ty.kind {
                    Kind::Struct(c) | Kind::Union(c) => c.members().for_each(drop),
                    Kind::Enum(e) => e.values().for_each(drop),
                    Kind::Enum64(e) => e.values().for_each(drop),
                    Kind::FuncProto(proto) => proto.params().for_each(drop),
                    Kind::DataSec(section) => section.vars().for_each(drop),
                    _ => {}
                }
            }
        }
        if let Ok(ext) = BtfExt::parse(bytes, endian) {
            ext.func_info().for_each(|section| section.records().for_each(drop));
            ext.line_info().for_each(|section| section.records().for_each(drop));
            ext.core_relos().for_each(|section| section.records().for_each(drop));
        }
    }
});
