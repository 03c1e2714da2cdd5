//! The operations of all maps that are to be created, and the programs that they call.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::KernelOperations;
use super::convert::{Function, Local, Target, convert};
use crate::btf::{Btf, Composite, Kind, essential_name};
use crate::error::{Error, ErrorKind, Frame, Result, Within};
use crate::feature::{self, Feature};
use crate::kernel_btf::{KernelBtf, Module, Wanted};
use crate::object::open_map::{OpenMap, Origin};
use crate::object::{OpenProgram, target};
use crate::spec::{MapContents, ObjectSpec, StructOpsFunction};
use crate::sys;
use crate::uapi::{AttachType, MapFlag, MapType, ProgramType, flags};

/// What was found out.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// What the programs that they call are verified for, by the program's index.
    pub(crate) targets: Vec<(usize, target::Target)>,
    /// What the load goes on without.
    pub(crate) notes: Vec<Error>,
    /// Held so that what comes next need not read the kernel's types again.
    _kernel: Option<Arc<KernelBtf>>,
}

/// Finds the kernel's types of all operations and converts what the maps begin with, into their `operations`. A program
/// that only maps call which are not created is not loaded, whatever its section says; one that another map calls is.
pub(crate) fn resolve(
    spec: &ObjectSpec,
    maps: &mut [OpenMap],
    programs: &mut [OpenProgram],
) -> Result<Resolved> {
    if !maps.iter().any(OpenMap::is_struct_ops) {
        return Ok(Resolved::default());
    }
    let btf = Btf::parse(&spec.btf, spec.endian).within(|| Frame::Section(".BTF".into()))?;
    let mut resolver = Resolver {
        btf: &btf,
        programs,
        calls: vec![Calls::default(); programs.len()],
        kernel: None,
        targets: Vec::new(),
        notes: Vec::new(),
    };
    for open in maps.iter_mut().filter(|open| open.is_struct_ops()) {
        open.operations = resolver.map(open).within(|| open.frame())?;
    }
    let Resolver { calls, kernel, targets, notes, .. } = resolver;
    for (program, Calls { referred, first }) in programs.iter_mut().zip(calls) {
        if referred {
            program.autoload = first.is_some();
        }
        if let Some(call) = first {
            program.attach_type = AttachType(call.member);
        }
    }
    Ok(Resolved { targets, notes, _kernel: kernel })
}

/// Who calls a program.
#[derive(Clone, Default)]
struct Calls {
    /// Whether any map does, created or not.
    referred: bool,
    /// The first map that is created.
    first: Option<Call>,
}

/// What a program is verified for.
#[derive(Clone)]
struct Call {
    /// The operations' type and the module that has it.
    operations: (u32, Option<String>),
    /// Index of the member in the kernel's struct.
    member: u32,
    /// In words.
    text: String,
}

struct Resolver<'r> {
    btf: &'r Btf<'r>,
    programs: &'r [OpenProgram],
    /// By program.
    calls: Vec<Calls>,
    kernel: Option<Arc<KernelBtf>>,
    targets: Vec<(usize, target::Target)>,
    notes: Vec<Error>,
}

impl Resolver<'_> {
    fn map(&mut self, open: &mut OpenMap) -> Result<Option<KernelOperations>> {
        let ty = self.btf.type_by_id(open.spec.value_type_id);
        let Some((name, Kind::Struct(operations))) = ty.map(|ty| (ty.name, ty.kind)) else {
            return Err(Error::malformed("its type is no struct"));
        };
        let functions = self.functions(open, &operations)?;
        for function in &functions {
            self.calls[function.program as usize].referred = true;
        }
        if matches!(open.origin, Origin::Absent) {
            return Ok(None);
        }
        let name = essential_name(name);
        let kernel = match self.kernel() {
            Ok(kernel) => kernel,
            Err(error) => return self.without(open, error),
        };
        let Some(found) = kernel.find_one(Wanted::struct_ops(name))? else {
            return self.without(open, absent(name));
        };
        let base = kernel.btf()?;
        let module_types = found.module.map(|module| module.btf(&base)).transpose()?;
        let types = module_types.as_ref().unwrap_or(&base);

        let data = open.initial_bytes().unwrap_or_default();
        let local = Local { btf: self.btf, operations, data, functions: &functions };
        let convert = || {
            let target = Target::find(types, name, found.id)?;
            Ok((target, convert(local, target)?))
        };
        let (target, converted) = convert().within(|| Frame::Type(name.to_owned()))?;
        for function in &converted.functions {
            self.call(open.name(), target, found.module, *function)?;
        }
        let module = found.module.map(own_btf).transpose()?;
        if module.is_some() {
            open.spec.flags |= flags::VTYPE_BTF_OBJ_FD;
        }
        open.spec.value_size = target.value.size;
        let name = name.to_owned();
        Ok(Some(KernelOperations { name, value_type_id: found.id, module, converted }))
    }

    fn kernel(&mut self) -> Result<Arc<KernelBtf>> {
        if let Some(kernel) = &self.kernel {
            return Ok(kernel.clone());
        }
        let kernel = KernelBtf::shared()?;
        self.kernel = Some(kernel.clone());
        Ok(kernel)
    }

    /// Goes on without a map that the object can do without.
    fn without(&mut self, open: &mut OpenMap, error: Error) -> Result<Option<KernelOperations>> {
        let optional = matches!(open.spec.contents, MapContents::StructOps { optional: true, .. });
        if !optional || error.kind() != ErrorKind::NotSupportedByKernel {
            return Err(error);
        }
        open.origin = Origin::Absent;
        self.notes.push(error.within(open.frame()));
        Ok(None)
    }

    /// What the map calls: what the object says, and what the caller has changed about it. Ascending by member.
    fn functions(
        &self,
        open: &OpenMap,
        operations: &Composite<'_>,
    ) -> Result<Vec<StructOpsFunction>> {
        let MapContents::StructOps { functions, .. } = &open.spec.contents else {
            return Ok(Vec::new());
        };
        let mut functions = functions.to_vec();
        for (name, program) in &open.functions {
            let in_member = || Frame::Member(name.clone());
            let member = (0..).zip(operations.members()).find(|(_, member)| member.name == name);
            let Some((member, _)) = member else {
                return Err(Error::not_found("the operations have no such member"))
                    .within(in_member);
            };
            functions.retain(|function| function.member != member);
            let Some(program) = program else { continue };
            let program = (0..)
                .zip(self.programs)
                .find(|(_, other)| other.name() == program)
                .ok_or_else(|| Error::not_found(format!("no program is named {program:?}")));
            functions.push(StructOpsFunction { member, program: program.within(in_member)?.0 });
        }
        for function in &functions {
            let program = self.programs.get(function.program as usize);
            if program.is_none_or(|program| program.program_type != ProgramType::STRUCT_OPS) {
                let name = program.map_or("", OpenProgram::name);
                return Err(Error::mismatch(format!(
                    "it calls {name:?}, which is no program of section struct_ops"
                )));
            }
        }
        functions.sort_by_key(|function| function.member);
        Ok(functions)
    }

    /// Notes what a program is verified for: once, for all maps that call it.
    fn call(
        &mut self,
        map: &str,
        target: Target<'_>,
        module: Option<&Module>,
        function: Function,
    ) -> Result<()> {
        let index = function.program as usize;
        let member = target.operations.member(function.member as usize);
        let member = member.map_or("", |member| member.name);
        let call = Call {
            operations: (target.operations_id, module.map(|module| module.name().to_owned())),
            member: function.member,
            text: format!("{member:?} of struct {} in map {map:?}", target.name),
        };
        match &self.calls[index].first {
            Some(first) if (&first.operations, first.member) != (&call.operations, call.member) => {
                return Err(Error::mismatch(format!(
                    "the kernel verifies it for one member: it is {} and {}",
                    first.text, call.text
                ))
                .within(self.programs[index].frame()));
            }
            Some(_) => {}
            None => {
                let module = module.map(own_btf).transpose()?;
                let target = target::Target { btf_id: target.operations_id, module };
                self.targets.push((index, target));
                self.calls[index].first = Some(call);
            }
        }
        Ok(())
    }
}

fn own_btf(module: &Module) -> Result<OwnedFd> {
    let fd = module.btf_fd()?;
    sys::try_clone(fd).map_err(|error| Error::system("fcntl(F_DUPFD)", error))
}

/// Neither the kernel nor a module has such operations.
fn absent(name: &str) -> Error {
    let error = Error::new(
        ErrorKind::NotSupportedByKernel,
        format!("neither the running kernel nor its modules take a struct {name}"),
    );
    if let Some(why) = feature::why_absent([Feature::MapType(MapType::STRUCT_OPS)]) {
        return error.because_absent(why);
    }
    match feature::why_absent([Feature::MapFlag(MapFlag::VTYPE_BTF_OBJ_FD)]) {
        Some(why) => error.with_hint(format!("if a module does, it {why}")),
        None => error,
    }
}
