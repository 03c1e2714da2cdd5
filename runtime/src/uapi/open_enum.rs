/// Defines a kernel enumeration as a transparent number with named constants, so that a value that this version
/// does not know (a newer kernel's, a hostile object's) is still a valid value.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub struct $name:ident: $repr:ty, prefix $prefix:literal, source $source:literal;
        $( $(#[$vmeta:meta])* $variant:ident = $value:literal, $c:literal; )*
    ) => {
        $(#[$meta])*
        #[doc = concat!("\n\nSource: `", $source, "` in the kernel's `include/uapi/linux/bpf.h`.")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        #[repr(transparent)]
        pub struct $name(pub $repr);

        impl $name {
            $(
                #[doc = concat!("`", $c, "`")]
                #[doc(alias = $c)]
                $(#[$vmeta])*
                pub const $variant: Self = Self($value);
            )*

            /// All values that this version knows, ascending.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// The C name of the value, or `None` where this version does not know it.
            pub const fn c_name(self) -> Option<&'static str> {
                match self.0 {
                    $( $value => Some($c), )*
                    _ => None,
                }
            }

            /// The name of the constant above, or `None` where this version does not know the value.
            pub const fn constant(self) -> Option<&'static str> {
                match self.0 {
                    $( $value => Some(stringify!($variant)), )*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            /// The C name without its prefix and in lower case, as `bpftool` prints it.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.c_name() {
                    Some(name) => {
                        let short = name.strip_prefix($prefix).unwrap_or(name);
                        f.pad(&short.to_ascii_lowercase())
                    }
                    None => write!(f, "{}", self.0),
                }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.c_name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, concat!(stringify!($name), "({})"), self.0),
                }
            }
        }
    };
}

pub(crate) use open_enum;
