/// Includes the skeleton that a build script has written with `bpf_skel_build::build("src/NAME.bpf.c")`, as
/// `mod NAME`.
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
