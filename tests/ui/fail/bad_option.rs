//! What the macro does not know is said at the word, with what there is.

bpf_skel_macros::bpf_skel!(mod object = "x.bpf.o", type = ["event"]);
bpf_skel_macros::bpf_skel!(mod object = "x.bpf.o", typos = ["event"]);
bpf_skel_macros::bpf_skel!(mod object = "x.bpf.o", types = "event");
bpf_skel_macros::bpf_skel!(mod object = "x.bpf.o", bind = { "struct own" => crate::Own });
bpf_skel_macros::bpf_skel!(mod object = "x.bpf.o", types = ["event"], "y.bpf.o");

fn main() {}
