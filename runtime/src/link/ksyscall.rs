use super::Link;
use super::create::attach as attach_to;
use super::kprobe::attach_function;
use crate::kallsyms::syscall_wrapper;
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind as K;
use crate::{Error, ErrorKind, Result};

/// Options of a probe of a system call.
#[derive(Clone, Copy, Debug, Default)]
pub struct KsyscallOptions<'a> {
    syscall: Option<&'a str>,
    cookie: u64,
}

impl<'a> KsyscallOptions<'a> {
    /// As the section says.
    pub fn new() -> Self {
        Self::default()
    }

    /// The system call, in place of the section's: `nanosleep`.
    pub fn syscall(mut self, name: &'a str) -> Self {
        self.syscall = Some(name);
        self
    }

    /// What `bpf_get_attach_cookie()` answers (Linux 5.15).
    pub fn cookie(mut self, cookie: u64) -> Self {
        self.cookie = cookie;
        self
    }
}

macro_rules! ksyscall {
    ($( $kind:ident, $what:literal; )*) => { $(
        impl Program<kind::$kind> {
            #[doc = $what]
            /// The function is the wrapper that the kernel has for this call (`__x64_sys_nanosleep`), or else
            /// `__se_sys_nanosleep`; calls by 32-bit processes on a 64-bit kernel go elsewhere. The macros
            /// `BPF_KSYSCALL` and `BPF_KPROBE_SYSCALL` of libbpf's headers find the arguments in either.
            /// Linux 4.17; a BPF link since 5.15.
            ///
            /// # Errors
            ///
            /// [`NotFound`](ErrorKind::NotFound): the kernel has no such system call.
            #[doc(alias("perf_event_open", "bpf_program__attach_ksyscall"))]
            pub fn attach(&self) -> Result<Link> {
                self.attach_with(KsyscallOptions::new())
            }

            /// As [`attach`](Self::attach), with options.
            ///
            /// # Errors
            ///
            /// As `attach`; [`NotSupportedByKernel`](ErrorKind::NotSupportedByKernel) where the kernel knows no
            /// cookies.
            pub fn attach_with(&self, options: KsyscallOptions<'_>) -> Result<Link> {
                attach(self.handle(), &options)
            }
        }
    )* };
}

ksyscall! {
    Ksyscall, "Attaches to the kernel's function of a system call, as its section says: `ksyscall/nanosleep`.";
    Kretsyscall, "Attaches to the return of the kernel's function of a system call, as its section says: `kretsyscall/nanosleep`.";
}

pub(super) fn attach(program: &Handle, options: &KsyscallOptions<'_>) -> Result<Link> {
    let on_return = program.about().kind == K::Kretsyscall;
    let syscall = options.syscall.or(program.about().target.as_deref()).unwrap_or_default();
    let target = || {
        let sort = if on_return { "return of system call" } else { "system call" };
        format!("{sort} {syscall:?}")
    };
    attach_to(program, &[K::Ksyscall], target, |fd| {
        if syscall.is_empty() {
            return Err(Error::invalid_input("the section names no system call"));
        }
        let plain = format!("__se_sys_{syscall}");
        let attach =
            |function: &str| attach_function(program, fd, function, 0, on_return, options.cookie);
        let Some(wrapper) = syscall_wrapper(syscall) else { return attach(&plain) };
        attach(&wrapper).or_else(|error| {
            if error.kind() != ErrorKind::NotFound {
                return Err(error);
            }
            // A kernel without wrappers. Where that has it neither, the first error stands.
            match attach(&plain) {
                Err(second) if second.kind() == ErrorKind::NotFound => Err(error),
                attached => attached,
            }
        })
    })
}
