//! The error is at the name of the type, or of the map.

bpf_skel_macros::bpf_skel!(mod a = "../../../tmp/maps.bpf.o", types = ["struct key", "struct kye"]);
bpf_skel_macros::bpf_skel! {
    mod b = "../../../tmp/maps.bpf.o",
    bind = { "struct key": crate::Key, "union value": crate::Value },
}
bpf_skel_macros::bpf_skel!(mod c = "../../../tmp/maps.bpf.o", bind_opaque = { "struct key": keys::Key });
bpf_skel_macros::bpf_skel!(mod d = "../../../tmp/maps.bpf.o", untyped_maps = ["records", "record"]);

fn main() {}
