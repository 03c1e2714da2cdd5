//! The operations of all maps that are to be created, and the programs that they call.

use super::KernelOperations;
use super::convert::{Function, Local, Target, convert};
use crate::btf::{Btf, Composite, Kind, essential_name};
use crate::error::{Error, ErrorKind, Frame, Result, Within};
use crate::feature::{self, Feature};
use crate::kernel_btf::{Located, Module, Wanted};
use crate::object::kernel_types::Found;
use crate::object::open_map::{OpenMap, Origin};
use crate::object::{OpenProgram, target};
use crate::spec::{MapContents, ObjectSpec, StructOpsFunction};
use crate::uapi::{MapFlag, MapType, ProgramType, flags};

/// The operations of the maps that are to be created, before the kernel's types are known.
#[derive(Default)]
pub(crate) struct Plan<'s> {
    /// The object's own types; `None` where it has no operations at all.
    types: Option<Btf<'s>>,
    tables: Vec<Table<'s>>,
}

/// The operations of a map.
struct Table<'s> {
    /// Index of the map.
    map: usize,
    /// What the kernel calls them.
    name: &'s str,
    operations: Composite<'s>,
    /// Ascending by member.
    functions: Vec<StructOpsFunction>,
}

/// What was found out.
#[derive(Default)]
pub(crate) struct Resolved {
    /// What the maps call.
    pub(crate) called: Vec<Called>,
    /// Why maps are given up that the object can do without: what only they call need not be loaded.
    pub(crate) given_up: Vec<Error>,
}

/// A program that is called, and what it is verified for.
pub(crate) struct Called {
    /// Index of the program.
    pub(crate) program: usize,
    pub(crate) target: target::Target,
    /// Index of the member in the kernel's struct.
    pub(crate) member: u32,
}

impl<'s> Plan<'s> {
    /// Finds out what maps call. A program that only maps call which are not created is not loaded, whatever its section
    /// says; one that another map calls is.
    pub(crate) fn of(
        spec: &'s ObjectSpec,
        maps: &[OpenMap],
        programs: &mut [OpenProgram],
    ) -> Result<Self> {
        if !maps.iter().any(OpenMap::is_struct_ops) {
            return Ok(Self::default());
        }
        let btf = Btf::parse(&spec.btf, spec.endian).within(|| Frame::Section(".BTF".into()))?;
        let mut tables = Vec::new();
        let mut loads = vec![None; programs.len()];
        for (index, open) in maps.iter().enumerate().filter(|(_, open)| open.is_struct_ops()) {
            let created = !matches!(open.origin, Origin::Absent);
            let table = Table::of(index, open, &btf, programs).within(|| open.frame())?;
            for function in &table.functions {
                *loads[function.program as usize].get_or_insert(false) |= created;
            }
            tables.extend(Some(table).filter(|_| created));
        }
        for (program, load) in programs.iter_mut().zip(loads) {
            program.autoload = load.unwrap_or(program.autoload);
        }
        Ok(Self { types: Some(btf), tables })
    }

    /// The object's own types, where they were needed.
    pub(crate) fn local_types(&self) -> Option<&Btf<'s>> {
        self.types.as_ref()
    }

    /// What the kernel's types are asked.
    pub(crate) fn wanted(&self) -> impl ExactSizeIterator<Item = Wanted<'s>> + '_ {
        self.tables.iter().map(|table| Wanted::struct_ops(table.name))
    }

    /// Converts what the maps begin with, into their `operations`. `found` is `None` where nothing was asked.
    pub(crate) fn resolve(
        &self,
        found: Option<Found<'_>>,
        maps: &mut [OpenMap],
        programs: &[OpenProgram],
    ) -> Result<Resolved> {
        let Some((types, found)) = self.types.as_ref().zip(found) else {
            return Ok(Resolved::default());
        };
        let calls = vec![None; programs.len()];
        let mut resolver =
            Resolver { types, found, programs, calls, resolved: Resolved::default() };
        for (nth, table) in self.tables.iter().enumerate() {
            let open = &mut maps[table.map];
            open.operations = resolver.map(nth, table, open).within(|| open.frame())?;
        }
        Ok(resolver.resolved)
    }

    /// Where the kernel shows no types: goes on without one of the maps, unless there is none, or it is needed.
    pub(crate) fn without_types(&self, error: Error, maps: &mut [OpenMap]) -> Result<Error> {
        let Some(table) = self.tables.first() else { return Err(error) };
        let open = &mut maps[table.map];
        give_up(open, error).within(|| open.frame())
    }
}

impl<'s> Table<'s> {
    fn of(map: usize, open: &OpenMap, btf: &Btf<'s>, programs: &[OpenProgram]) -> Result<Self> {
        let ty = btf.type_by_id(open.spec.value_type_id);
        let Some((name, Kind::Struct(operations))) = ty.map(|ty| (ty.name, ty.kind)) else {
            return Err(Error::malformed("its type is no struct"));
        };
        let functions = functions(open, &operations, programs)?;
        Ok(Self { map, name: essential_name(name), operations, functions })
    }
}

/// What a program is called as.
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
    /// The object's own.
    types: &'r Btf<'r>,
    found: Found<'r>,
    programs: &'r [OpenProgram],
    /// By program: the first map that calls it.
    calls: Vec<Option<Call>>,
    resolved: Resolved,
}

impl Resolver<'_> {
    /// The operations of the `nth` map that was asked for.
    fn map(
        &mut self,
        nth: usize,
        table: &Table<'_>,
        open: &mut OpenMap,
    ) -> Result<Option<KernelOperations>> {
        let kernel = self.found.kernel;
        let found = match self.found.of(nth).next() {
            Some(id) => Some(Located { id, module: None }),
            None => kernel.find_in_modules(Wanted::struct_ops(table.name))?,
        };
        let Some(found) = found else {
            let error = give_up(open, absent(table.name))?;
            self.resolved.given_up.push(error);
            return Ok(None);
        };
        let base = kernel.btf()?;
        let module_types = found.module.map(|module| module.btf(&base)).transpose()?;
        let types = module_types.as_ref().unwrap_or(&base);

        let data = open.initial_bytes().unwrap_or_default();
        let &Table { operations, ref functions, .. } = table;
        let local = Local { btf: self.types, operations, data, functions };
        let convert = || {
            let target = Target::find(types, table.name, found.id)?;
            Ok((target, convert(local, target)?))
        };
        let (target, converted) = convert().within(|| Frame::Type(table.name.to_owned()))?;
        for function in &converted.functions {
            self.call(open.name(), target, found.module, *function)?;
        }
        let module = found.module.map(Module::clone_btf_fd).transpose()?;
        if module.is_some() {
            open.spec.flags |= flags::VTYPE_BTF_OBJ_FD;
        }
        open.spec.value_size = target.value.size;
        let name = table.name.to_owned();
        Ok(Some(KernelOperations { name, value_type_id: found.id, module, converted }))
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
        match &self.calls[index] {
            Some(first) if (&first.operations, first.member) != (&call.operations, call.member) => {
                return Err(Error::mismatch(format!(
                    "the kernel verifies it for one member: it is {} and {}",
                    first.text, call.text
                ))
                .within(self.programs[index].frame()));
            }
            Some(_) => {}
            None => {
                let module = module.map(Module::clone_btf_fd).transpose()?;
                let target = target::Target { btf_id: target.operations_id, module };
                let member = function.member;
                self.resolved.called.push(Called { program: index, target, member });
                self.calls[index] = Some(call);
            }
        }
        Ok(())
    }
}

/// What the map calls: what the object says, and what the caller has changed about it. Ascending by member.
fn functions(
    open: &OpenMap,
    operations: &Composite<'_>,
    programs: &[OpenProgram],
) -> Result<Vec<StructOpsFunction>> {
    let MapContents::StructOps { functions, .. } = &open.spec.contents else {
        return Ok(Vec::new());
    };
    let mut functions = functions.to_vec();
    for (name, program) in &open.functions {
        let in_member = || Frame::Member(name.clone());
        let member = (0..).zip(operations.members()).find(|(_, member)| member.name == name);
        let Some((member, _)) = member else {
            return Err(Error::not_found("the operations have no such member")).within(in_member);
        };
        functions.retain(|function| function.member != member);
        let Some(program) = program else { continue };
        let program = (0..)
            .zip(programs)
            .find(|(_, other)| other.name() == program)
            .ok_or_else(|| Error::not_found(format!("no program is named {program:?}")));
        functions.push(StructOpsFunction { member, program: program.within(in_member)?.0 });
    }
    for function in &functions {
        let program = programs.get(function.program as usize);
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

/// Goes on without a map that the object can do without: the error becomes a note.
fn give_up(open: &mut OpenMap, error: Error) -> Result<Error> {
    let optional = matches!(open.spec.contents, MapContents::StructOps { optional: true, .. });
    if !optional || error.kind() != ErrorKind::NotSupportedByKernel {
        return Err(error);
    }
    open.origin = Origin::Absent;
    Ok(error.within(open.frame()))
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
