//! `bpf_skel!`: a typed skeleton of a BPF object, in place.
