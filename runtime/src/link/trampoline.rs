//! Functions of the kernel that BPF trampolines are put on: their ids in BTF, and why one takes none.

use std::collections::BTreeSet;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use super::kernel_function::{self, Known};
use crate::btf::{Btf, BtfKind, Kind};
use crate::error::Within;
use crate::kernel_btf::{KernelBtf, Module, Wanted};
use crate::{Error, ErrorKind, Frame, Result, feature, sys};

/// `MAX_BPF_FUNC_ARGS`, and as many registers.
const MAX_ARGUMENTS: usize = 12;

/// What a trampoline itself calls; the kernel's `btf_id_deny`.
const CALLED_BY_TRAMPOLINES: &[&str] = &[
    "___migrate_enable",
    "__rcu_read_lock",
    "__rcu_read_unlock",
    "migrate_disable",
    "migrate_enable",
    "preempt_count_add",
    "preempt_count_sub",
    "rcu_read_unlock_strict",
];

/// What does not return, so that what follows it would never run; the kernel's `noreturn_deny`.
const WITHOUT_RETURN: &[&str] = &[
    "__ia32_sys_exit",
    "__ia32_sys_exit_group",
    "__module_put_and_kthread_exit",
    "__x64_sys_exit",
    "__x64_sys_exit_group",
    "do_exit",
    "do_group_exit",
    "kthread_complete_and_exit",
    "kthread_exit",
    "make_task_dead",
];

/// Whose functions: the kernel's own, or those of a module.
pub(super) struct Home {
    kernel: Arc<KernelBtf>,
    /// Its place among the kernel's modules.
    module: Option<usize>,
}

impl Home {
    /// The kernel, or the module of this name, which the program must have been loaded for: ids of another module's
    /// functions would be those of others in this one's.
    pub(super) fn of(program: BorrowedFd<'_>, module: Option<&str>) -> Result<Self> {
        let kernel = KernelBtf::shared()?;
        let Some(name) = module else { return Ok(Self { kernel, module: None }) };
        let id = kernel.module(name)?.btf_id();
        let home = Self::of_program(program)?;
        match home.module() {
            Some(module) if id.is_some() && module.btf_id() == id => Ok(home),
            found => {
                let found = match found {
                    Some(module) => format!("module {:?}", module.name()),
                    None => "the kernel itself".into(),
                };
                Err(Error::mismatch(format!(
                    "expected a program loaded for functions of module {name:?}, found one for those of {found}"
                ))
                .with_hint(format!(
                    "name the module in its section, or with OpenProgram::set_target(\"{name}:…\")"
                )))
            }
        }
    }

    /// What the program was loaded for.
    pub(super) fn of_program(program: BorrowedFd<'_>) -> Result<Self> {
        let kernel = KernelBtf::shared()?;
        let info = sys::program_info(program, None, None)
            .map_err(|error| Error::system("BPF_OBJ_GET_INFO_BY_FD", error))?;
        let is_its = |module: &Module| module.btf_id() == Some(info.attach_btf_obj_id);
        let module = kernel.modules()?.iter().position(is_its);
        Ok(Self { kernel, module })
    }

    fn module(&self) -> Option<&Module> {
        self.kernel.modules().ok()?.get(self.module?)
    }

    fn with_types<T>(&self, f: impl FnOnce(&Btf<'_>) -> Result<T>) -> Result<T> {
        let base = self.kernel.btf()?;
        match self.module() {
            Some(module) => f(&module.btf(&base)?),
            None => f(&base),
        }
    }

    /// The functions with these names, in their order.
    pub(super) fn named(&self, names: &[&str]) -> Result<Vec<u32>> {
        let wanted: Vec<_> = names.iter().map(|name| Wanted::function(name)).collect();
        let found = match self.module() {
            Some(module) => module.find_all(&self.kernel, &wanted)?,
            None => self.kernel.find_all(&wanted)?,
        };
        let one = |(nth, name): (usize, &&str)| {
            found
                .of(nth)
                .next()
                .map_or_else(|| Err(absent(name)), Ok)
                .within(|| Frame::Symbol((*name).to_owned()))
        };
        names.iter().enumerate().map(one).collect()
    }

    /// The functions whose name fits a pattern and that take a trampoline, as far as that is known.
    /// Those that do not return are left out where `returns` are waited for.
    pub(super) fn fitting(&self, pattern: &str, returns: bool) -> Result<Vec<u32>> {
        let mut names = kernel_function::distinct(self.module().map(Module::name), pattern)?;
        names.retain(|name| {
            let is_in = |names: &[&str]| names.iter().any(|one| one.as_bytes() == name);
            !(is_in(CALLED_BY_TRAMPOLINES) || returns && is_in(WITHOUT_RETURN))
        });
        let ids = self.with_types(|types| Ok(callable(types, &names)))?;
        if ids.is_empty() {
            return Err(Error::not_found("no function that fits this pattern takes a trampoline"));
        }
        Ok(ids)
    }

    /// The kernel does not say which of the functions it means.
    pub(super) fn explain(&self, error: Error, ids: &[u32]) -> Error {
        let of_a_function = matches!(
            error.raw_os_error(),
            Some(libc::EINVAL | libc::ENOENT | libc::EOPNOTSUPP | feature::ENOTSUPP)
        );
        let Some(number) = error.raw_os_error().filter(|_| of_a_function) else { return error };
        if error.kind() == ErrorKind::NotSupportedByKernel {
            return error;
        }
        match self.with_types(|types| self.reason(types, ids)) {
            Ok(Some((name, why))) => why.with_raw_os_error(number).within(Frame::Symbol(name)),
            Ok(None) if number == libc::EOPNOTSUPP => error
                .with_kind(ErrorKind::NotSupportedByKernel)
                .with_hint("kernels have this only for x86-64 (CONFIG_HAVE_SINGLE_FTRACE_DIRECT_OPS)"),
            Ok(None) => error.with_hint(
                "a program that sleeps takes only functions that may, one for returns none that never return",
            ),
            Err(_) => error,
        }
    }

    /// The first of the functions that takes no trampoline, and why.
    fn reason(&self, types: &Btf<'_>, ids: &[u32]) -> Result<Option<(String, Error)>> {
        let mut seen = BTreeSet::new();
        let mut names = Vec::with_capacity(ids.len());
        for &id in ids {
            let ty = types.type_by_id(id).filter(|_| id >= types.first_own_id());
            let Some((name, Kind::Func { proto, .. })) = ty.map(|ty| (ty.name, ty.kind)) else {
                let why = "no function of the BTF that the program was loaded for";
                return Ok(Some((format!("[{id}]"), Error::invalid_input(why))));
            };
            let why = match uncallable(types, proto) {
                _ if CALLED_BY_TRAMPOLINES.contains(&name) => {
                    "trampolines call this function themselves".into()
                }
                None if seen.insert(id) => {
                    names.push(name);
                    continue;
                }
                None => "this function is given twice".into(),
                Some(why) => format!("a trampoline cannot call this function: {why}"),
            };
            return Ok(Some((name.to_owned(), Error::invalid_input(why))));
        }
        if let Some(found) = kernel_function::untraceable(&names)? {
            return Ok(Some(found));
        }
        let names: BTreeSet<&[u8]> = names.into_iter().map(str::as_bytes).collect();
        let module = self.module().map(Module::name);
        let several = kernel_function::of_several(module, |name| names.contains(name))?;
        let why = "the kernel has several functions of this name, and takes the first, which cannot be traced";
        let name = several.first().map(|name| String::from_utf8_lossy(name).into_owned());
        Ok(name.map(|name| (name, Error::invalid_input(why))))
    }
}

/// There are functions that BTF does not have.
fn absent(name: &str) -> Error {
    match kernel_function::look_up(name) {
        Ok(Known::Missing(near)) => kernel_function::missing(near),
        Ok(_) => Error::not_found("this kernel has no type information of this function"),
        Err(_) => kernel_function::missing(None),
    }
}

/// The functions with these names that have a type which a trampoline can call.
fn callable(types: &Btf<'_>, names: &BTreeSet<Vec<u8>>) -> Vec<u32> {
    let fits = |(id, ty): (u32, crate::btf::Type<'_>)| match ty.kind {
        Kind::Func { proto, .. } if names.contains(ty.name.as_bytes()) => {
            uncallable(types, proto).is_none().then_some(id)
        }
        _ => None,
    };
    types.types_of(|kind| kind == BtfKind::Func).filter_map(fits).collect()
}

/// Why the kernel makes no trampoline for functions of this type, as its `btf_distill_func_proto` and the compiler of
/// x86-64 see it.
fn uncallable(types: &Btf<'_>, proto: u32) -> Option<String> {
    let Some(Kind::FuncProto(proto)) = types.kind_by_id(proto) else {
        return Some("its type is not known".into());
    };
    let count = proto.params().len();
    if count > MAX_ARGUMENTS {
        return Some(format!("it has {count} arguments, more than {MAX_ARGUMENTS}"));
    }
    if proto.ret != 0 {
        match types.resolve_kind(proto.ret).map(|(_, kind)| kind) {
            Some(Kind::Void | Kind::Int(_) | Kind::Ptr(_) | Kind::Enum(_) | Kind::Enum64(_)) => {}
            Some(kind) => return Some(format!("it returns a {}", kind.code())),
            None => return Some("what it returns is not known".into()),
        }
    }
    let mut registers = 0;
    for (nth, param) in proto.params().enumerate() {
        if param.ty == 0 {
            return Some("its number of arguments varies".into());
        }
        let size = match types.resolve_kind(param.ty).map(|(_, kind)| kind) {
            Some(Kind::Int(int)) => int.size,
            Some(Kind::Enum(kind)) => kind.size,
            Some(Kind::Ptr(_) | Kind::Enum64(_)) => 8,
            Some(Kind::Struct(composite)) => composite.size,
            Some(kind) => return Some(format!("argument {nth} is a {}", kind.code())),
            None => return Some(format!("the type of argument {nth} is not known")),
        };
        if size == 0 || size > 16 {
            return Some(format!("argument {nth} has {size} bytes"));
        }
        registers += size.div_ceil(8) as usize;
    }
    (registers > MAX_ARGUMENTS).then(|| format!("its arguments take {registers} registers"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::btf::{BtfBuilder, IntEncoding, Linkage, Param};
    use crate::spec::Endian;

    #[test]
    fn types_that_a_trampoline_calls() {
        let mut b = BtfBuilder::new(Endian::NATIVE);
        let long = b.int("long", 8, IntEncoding::SIGNED);
        let pair = b.struct_("pair", 16, &[]);
        let triple = b.struct_("triple", 24, &[]);
        let empty = b.struct_("empty", 0, &[]);
        let union = b.union_("either", 8, &[]);
        let float = b.float("double", 8);
        let pointer = b.ptr(0);
        let alias = b.typedef("alias", pair);
        let nothing = b.typedef("nothing", 0);
        let mut expected = Vec::new();
        let mut case = |ret: u32, params: &[u32], why: Option<&'static str>| {
            let params: Vec<_> = params.iter().map(|&ty| Param { name: "", ty }).collect();
            expected.push((b.func_proto(ret, &params), why));
        };
        case(0, &[], None);
        case(nothing, &[alias, pointer], None);
        case(pointer, &[long; 12], None);
        case(long, &[pair; 6], None);
        case(long, &[long; 13], Some("it has 13 arguments, more than 12"));
        case(long, &[pair; 7], Some("its arguments take 14 registers"));
        case(pair, &[], Some("it returns a struct"));
        case(float, &[], Some("it returns a float"));
        case(0, &[long, 0], Some("its number of arguments varies"));
        case(0, &[long, union], Some("argument 1 is a union"));
        case(0, &[triple], Some("argument 0 has 24 bytes"));
        case(0, &[empty], Some("argument 0 has 0 bytes"));
        let name = |n: usize| format!("f{n}");
        for (n, (proto, _)) in expected.iter().enumerate() {
            b.func(&name(n), *proto, Linkage::Static);
        }
        let bytes = b.finish();
        let types = Btf::parse(&bytes, Endian::NATIVE).unwrap();
        assert_eq!(uncallable(&types, long).as_deref(), Some("its type is not known"));
        for (proto, why) in &expected {
            assert_eq!(uncallable(&types, *proto).as_deref(), *why);
        }
        let names = (0..expected.len()).map(|n| name(n).into_bytes()).collect();
        let first = expected.last().unwrap().0 + 1;
        assert_eq!(callable(&types, &names), (first..first + 4).collect::<Vec<_>>());
    }
}
