use std::borrow::Cow;

/// A symbol that the kernel or the loader defines, not the object: `extern … __kconfig` or `extern … __ksym`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternSpec {
    /// The C name, with its flavour (`bpf_task_acquire___old`) if it has one.
    pub name: Cow<'static, str>,
    /// Whether the object can do without: `__weak`.
    pub weak: bool,
    /// What it is.
    pub kind: ExternKind,
}

/// What an [`ExternSpec`] stands for. The ids are those of [`ObjectSpec::btf`](super::ObjectSpec::btf).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternKind {
    /// An option of the kernel's configuration (`CONFIG_HZ`), or a value that the loader knows (`LINUX_…`): a variable
    /// in the map `.kconfig`.
    Kconfig {
        /// Offset in the map's value, in bytes.
        offset: u32,
        /// Size in bytes.
        size: u32,
        /// What values it takes.
        value: KconfigType,
        /// BTF id of its type.
        type_id: u32,
    },
    /// A variable of the kernel.
    Ksym {
        /// BTF id of its type without typedefs and qualifiers, or 0 for `extern const void`: then any symbol of
        /// `/proc/kallsyms` is meant, and its address is all that is known.
        type_id: u32,
    },
    /// A function of the kernel that programs may call.
    Kfunc {
        /// BTF id of its prototype.
        type_id: u32,
    },
}

/// What values a `__kconfig` variable takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KconfigType {
    /// `bool`: y or n.
    Bool,
    /// `char`: one of y, m and n as a character, or a number.
    Char {
        /// Whether numbers below zero are its values.
        signed: bool,
    },
    /// An integer of 2, 4 or 8 bytes.
    Int {
        /// Whether numbers below zero are its values.
        signed: bool,
    },
    /// `enum libbpf_tristate`: 0 for n, 1 for y, 2 for m.
    Tristate,
    /// An array of `char`: a string with its NUL.
    Text,
}

/// The section of `__kconfig` externals, and the name of their map.
pub(crate) const KCONFIG: &str = ".kconfig";
