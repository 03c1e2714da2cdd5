//! Programs that are attached to many functions of the kernel by trampolines.

use super::Link;
use super::create::{attach as attach_to, link_create};
use super::glob;
use super::kprobe_multi::check_cookies;
use super::trampoline::Home;
use crate::program::{About, Handle, Program, kind};
use crate::section_name::AttachKind as K;
use crate::sys::{LinkOptions, Target};
use crate::uapi::AttachType;
use crate::{Error, Result};

/// Options of fentry.multi and its relatives.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingMultiOptions<'a> {
    functions: Wanted<'a>,
    cookies: &'a [u64],
}

#[derive(Clone, Copy, Debug, Default)]
enum Wanted<'a> {
    #[default]
    Section,
    Pattern(&'a str),
    Named(&'a [&'a str]),
    Ids(&'a [u32]),
}

impl<'a> TracingMultiOptions<'a> {
    /// As the section says.
    pub fn new() -> Self {
        Self::default()
    }

    /// All functions whose name fits, in place of the section's: `*` stands for any characters, `?` for one. `nf_nat:nf_*`
    /// are those of module `nf_nat`.
    pub fn pattern(mut self, pattern: &'a str) -> Self {
        self.functions = Wanted::Pattern(pattern);
        self
    }

    /// The functions with these names, in place of the section's; all of the kernel itself, or all of one module:
    /// `nf_nat:nf_nat_packet`.
    pub fn functions(mut self, names: &'a [&'a str]) -> Self {
        self.functions = Wanted::Named(names);
        self
    }

    /// The functions with these ids, in place of the section's. They are those of the BTF that the program was loaded for:
    /// the kernel's own, or a module's.
    #[doc(alias = "ids")]
    pub fn btf_ids(mut self, ids: &'a [u32]) -> Self {
        self.functions = Wanted::Ids(ids);
        self
    }

    /// What `bpf_get_attach_cookie()` answers in each of the functions given by name or id, in their order.
    pub fn cookies(mut self, cookies: &'a [u64]) -> Self {
        self.cookies = cookies;
        self
    }
}

macro_rules! tracing_multi {
    ($( $kind:ident, $what:literal; )*) => { $(
        impl Program<kind::$kind> {
            #[doc = concat!($what, " Linux 7.2, on x86-64.")]
            ///
            /// A pattern is looked up among the functions that tracefs says can be traced. Left out are those of a name
            /// that several functions have, and those whose type the kernel can't call through a trampoline: more
            /// than 12 arguments, variable arguments, large structs.
            ///
            /// Functions of a module, `MODULE:PATTERN`, are only for a program that was loaded for this module: its
            /// section, or [`set_target`](crate::object::OpenProgram::set_target), names the module.
            ///
            /// # Errors
            ///
            /// [`NotFound`](crate::ErrorKind::NotFound): no function fits, or one of those named is not there;
            /// [`InvalidInput`](crate::ErrorKind::InvalidInput): one of those named takes no trampoline;
            /// [`NotSupportedByKernel`](crate::ErrorKind::NotSupportedByKernel): the kernel is older, or for another machine.
            #[doc(alias("BPF_LINK_CREATE", "bpf_program__attach_tracing_multi"))]
            pub fn attach(&self) -> Result<Link> {
                self.attach_with(TracingMultiOptions::new())
            }

            /// As [`attach`](Self::attach), with options.
            ///
            /// # Errors
            ///
            /// As `attach`; [`InvalidInput`](crate::ErrorKind::InvalidInput): not as many cookies as functions.
            pub fn attach_with(&self, options: TracingMultiOptions<'_>) -> Result<Link> {
                attach(self.handle(), &options)
            }
        }
    )* };
}

tracing_multi! {
    FentryMulti, "Attaches to the entry of many functions of the kernel at once, as its section says: `fentry.multi/tcp_*`.";
    FexitMulti, "Attaches to the return of many functions of the kernel at once, as its section says: `fexit.multi/tcp_*`.";
    FsessionMulti, "Attaches to entry and return of many functions of the kernel at once, as its section says: `fsession.multi/tcp_*`.";
}

pub(super) fn attach(program: &Handle, options: &TracingMultiOptions<'_>) -> Result<Link> {
    let about = program.about();
    let functions = match (options.functions, &about.target) {
        (Wanted::Section, Some(pattern)) => Wanted::Pattern(pattern),
        (given, _) => given,
    };
    let target = || {
        let kind = match about.kind {
            K::FexitMulti => "fexit.multi",
            K::FsessionMulti => "fsession.multi",
            _ => "fentry.multi",
        };
        match functions {
            Wanted::Section => kind.to_owned(),
            Wanted::Pattern(pattern) => format!("{kind} {pattern:?}"),
            Wanted::Named([one]) => format!("{kind} {one:?}"),
            Wanted::Named(many) => format!("{kind} of {} functions", many.len()),
            Wanted::Ids(many) => format!("{kind} of {} functions by BTF id", many.len()),
        }
    };
    attach_to(program, &[K::FentryMulti], target, |fd| {
        let attach_type = attach_type(about)?;
        let create = |functions: &[u32]| {
            check_cookies(options.cookies, functions.len())?;
            let options = LinkOptions::TracingMulti { functions, cookies: options.cookies };
            link_create(program, fd, Target::None, attach_type, 0, options, (7, 2)).map(Link::bpf)
        };
        let by_name = |names: &[&str]| {
            let (module, names) = of_one_module(names)?;
            let home = Home::of(fd, module)?;
            let ids = home.named(&names)?;
            create(&ids).map_err(|error| home.explain(error, &ids))
        };
        match functions {
            Wanted::Section => Err(Error::invalid_input("the section names no function")),
            Wanted::Pattern(name) if !glob::is_pattern(name) => by_name(&[name]),
            Wanted::Pattern(pattern) => {
                if !options.cookies.is_empty() {
                    return Err(Error::invalid_input(
                        "cookies go with functions by name or id: a pattern has no order",
                    ));
                }
                let (module, pattern) = split_module(pattern);
                let home = Home::of(fd, module)?;
                let ids = home.fitting(pattern, attach_type != AttachType::TRACE_FENTRY_MULTI)?;
                create(&ids).map_err(|error| home.explain(error, &ids))
            }
            Wanted::Named(names) => by_name(names),
            Wanted::Ids(ids) => create(ids).map_err(|error| match Home::of_program(fd) {
                Ok(home) => home.explain(error, ids),
                Err(_) => error,
            }),
        }
    })
}

/// `MODULE:NAME`, or the name alone of a function of the kernel itself.
fn split_module(function: &str) -> (Option<&str>, &str) {
    match function.split_once(':') {
        Some((module, name)) => (Some(module), name),
        None => (None, function),
    }
}

/// A link is for functions of one BTF.
fn of_one_module<'n>(functions: &[&'n str]) -> Result<(Option<&'n str>, Vec<&'n str>)> {
    let Some((module, _)) = functions.first().map(|first| split_module(first)) else {
        return Err(Error::invalid_input("no function is named"));
    };
    let mut names = Vec::with_capacity(functions.len());
    for function in functions {
        let (other, name) = split_module(function);
        if other != module {
            let home = |module: Option<&str>| match module {
                Some(module) => format!("module {module:?}"),
                None => "the kernel itself".into(),
            };
            return Err(Error::invalid_input(format!(
                "functions of {} and of {} take a program and a link each",
                home(module),
                home(other)
            )));
        }
        names.push(name);
    }
    Ok((module, names))
}

/// What the link call wants to hear again; a program by descriptor has it by its kind.
fn attach_type(about: &About) -> Result<AttachType> {
    match (about.attach_type, about.kind) {
        (
            given @ (AttachType::TRACE_FENTRY_MULTI
            | AttachType::TRACE_FEXIT_MULTI
            | AttachType::TRACE_FSESSION_MULTI),
            _,
        ) => Ok(given),
        (_, K::FentryMulti) => Ok(AttachType::TRACE_FENTRY_MULTI),
        (_, K::FexitMulti) => Ok(AttachType::TRACE_FEXIT_MULTI),
        (_, K::FsessionMulti) => Ok(AttachType::TRACE_FSESSION_MULTI),
        (_, kind) => Err(Error::mismatch(format!(
            "expected a program of kind FentryMulti, FexitMulti or FsessionMulti, found {kind:?}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_one_module() {
        for (functions, module, names) in [
            (&["a", "b"][..], None, &["a", "b"][..]),
            (&["m:a", "m:b"], Some("m"), &["a", "b"]),
            (&["m:a"], Some("m"), &["a"]),
        ] {
            assert_eq!(of_one_module(functions).unwrap(), (module, names.to_vec()));
        }
        for (functions, why) in [
            (
                &["a", "m:b"][..],
                "functions of the kernel itself and of module \"m\" take a program and a link each",
            ),
            (
                &["m:a", "n:b"],
                "functions of module \"m\" and of module \"n\" take a program and a link each",
            ),
            (&[], "no function is named"),
        ] {
            assert_eq!(of_one_module(functions).unwrap_err().to_string(), why);
        }
    }
}
