/// Includes the skeleton that a build script has written with `bpf_skel_build::build("src/NAME.bpf.c")`, as
/// `mod NAME`. A source's name counts up to the first dot, and what is no identifier is bent to one: `my-prog.x.bpf.c` is
/// `my_prog`, `type.bpf.c` is `type_`.
///
/// ```text
/// bpf_skel::include_skel!(runqslower);
///
/// let open = runqslower::open();
/// ```
#[macro_export]
macro_rules! include_skel {
    ($name:ident) => {
        ::core::include!(::core::concat!(
            ::core::env!("OUT_DIR"),
            "/",
            ::core::stringify!($name),
            ".skel.rs"
        ));
    };
}
