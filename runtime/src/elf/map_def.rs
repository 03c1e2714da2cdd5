//! One map definition: a struct in BTF whose members' types carry the values.
//!
//! ```text
//!   struct {
//!       int (*type)[1];            a number: as many elements as its value
//!       unsigned int *key;         a type
//!       enum { N = 5 } map_extra;  a number of 64 bits
//!       struct inner *values[];    what the map holds
//!   } name SEC(".maps");
//! ```

use crate::btf::{Btf, Composite, Kind, Member};
use crate::error::Within as _;
use crate::spec::Pinning;
use crate::uapi::MapType;
use crate::{Error, ErrorKind, Frame, Result};

/// What a definition says; `None` for members that it does not have.
#[derive(Clone, Debug, Default)]
pub(super) struct MapDef<'a> {
    pub(super) map_type: MapType,
    pub(super) key: Side,
    pub(super) value: Side,
    pub(super) max_entries: u32,
    pub(super) flags: u32,
    pub(super) extra: u64,
    pub(super) numa_node: u32,
    pub(super) pinning: Pinning,
    pub(super) values: Option<Values<'a>>,
    /// Names of members that nobody knows.
    pub(super) unknown: Vec<&'a str>,
}

/// Size and type of keys or values.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Side {
    pub(super) size: Option<u32>,
    pub(super) type_id: u32,
}

/// The member `values`.
#[derive(Clone, Debug)]
pub(super) struct Values<'a> {
    /// Offset of the first slot in the definition, in bytes.
    pub(super) offset: u32,
    /// What a map-in-map holds; `None` for a prog array.
    pub(super) inner: Option<Box<MapDef<'a>>>,
}

/// Reads the definition that a variable of this type makes. If `relaxed`, members that are not known are no error.
pub(super) fn read<'a>(btf: &Btf<'a>, ty: u32, relaxed: bool) -> Result<MapDef<'a>> {
    let definition = composite(btf, ty)?;
    read_struct(btf, &definition, Rules { inner: false, relaxed })
}

/// What differs from definition to definition.
#[derive(Clone, Copy)]
struct Rules {
    /// It is of the maps that another one holds.
    inner: bool,
    /// Members that are not known are passed over.
    relaxed: bool,
}

fn composite<'a>(btf: &Btf<'a>, ty: u32) -> Result<Composite<'a>> {
    match resolve(btf, ty)?.1 {
        Kind::Struct(composite) => Ok(composite),
        other => Err(expected("a struct", &other)),
    }
}

fn read_struct<'a>(btf: &Btf<'a>, definition: &Composite<'a>, rules: Rules) -> Result<MapDef<'a>> {
    let mut def = MapDef::default();
    let last = definition.len().saturating_sub(1);
    for (index, member) in definition.members().enumerate() {
        read_member(btf, &mut def, &member, index == last, rules)
            .within(|| Frame::Member(member.name.to_owned()))?;
    }
    if def.map_type == MapType::UNSPEC {
        return Err(Error::malformed("it has no type")
            .with_hint("add a member: __uint(type, BPF_MAP_TYPE_…)"));
    }
    Ok(def)
}

fn read_member<'a>(
    btf: &Btf<'a>,
    def: &mut MapDef<'a>,
    member: &Member<'a>,
    last: bool,
    rules: Rules,
) -> Result<()> {
    let Rules { inner, relaxed } = rules;
    match member.name {
        "type" => def.map_type = MapType(number(btf, member.ty)?),
        "max_entries" => def.max_entries = number(btf, member.ty)?,
        "map_flags" => def.flags = number(btf, member.ty)?,
        "numa_node" => def.numa_node = number(btf, member.ty)?,
        "map_extra" => def.extra = long_number(btf, member.ty)?,
        "key_size" => def.key.set_size(number(btf, member.ty)?)?,
        "value_size" => def.value.set_size(number(btf, member.ty)?)?,
        "key" => def.key.set_type(btf, member.ty)?,
        "value" => def.value.set_type(btf, member.ty)?,
        "pinning" if inner => {
            return Err(Error::malformed("the map that another one holds cannot be pinned"));
        }
        "pinning" => {
            def.pinning = match number(btf, member.ty)? {
                0 => Pinning::None,
                1 => Pinning::ByName,
                other => {
                    return Err(Error::malformed(format!(
                        "expected 0 (LIBBPF_PIN_NONE) or 1 (LIBBPF_PIN_BY_NAME), found {other}"
                    )));
                }
            }
        }
        "values" if inner => {
            return Err(Error::malformed("expected one level of maps in a map, found two"));
        }
        "values" if !last => {
            return Err(Error::malformed("expected it as the last member"));
        }
        "values" => def.values = Some(values(btf, def, member, relaxed)?),
        _ if relaxed => def.unknown.push(member.name),
        _ => {
            return Err(Error::new(ErrorKind::MapDefinition, "no such member").with_hint(
                "a map has type, max_entries, map_flags, numa_node, key, key_size, value, value_size, pinning, \
                 map_extra and values",
            ));
        }
    }
    Ok(())
}

impl Side {
    fn set_size(&mut self, size: u32) -> Result<()> {
        match self.size.replace(size) {
            Some(other) if other != size => {
                Err(Error::malformed(format!("expected {other}, the type's size, found {size}")))
            }
            _ => Ok(()),
        }
    }

    fn set_type(&mut self, btf: &Btf<'_>, ty: u32) -> Result<()> {
        let target = match resolve(btf, ty)?.1 {
            Kind::Ptr(target) => target,
            other => return Err(expected("a pointer", &other)),
        };
        let size = btf.size_of(target)?;
        let size = u32::try_from(size)
            .map_err(|_| Error::malformed(format!("a type of {size} bytes, more than 4 GiB")))?;
        match self.size.replace(size) {
            Some(other) if other != size => {
                return Err(Error::malformed(format!(
                    "expected a type of {other} bytes, the size given, found one of {size}"
                )));
            }
            _ => {}
        }
        self.type_id = target;
        Ok(())
    }
}

/// `type (*member)[number]`
fn number(btf: &Btf<'_>, ty: u32) -> Result<u32> {
    let target = match resolve(btf, ty)?.1 {
        Kind::Ptr(target) => target,
        other => return Err(expected("a pointer to an array (__uint)", &other)),
    };
    match resolve(btf, target)?.1 {
        Kind::Array(array) => Ok(array.len),
        other => Err(Error::malformed(format!(
            "expected a pointer to an array (__uint), found one to {}",
            other.code()
        ))),
    }
}

/// As [`number`], or the only value of an enum.
fn long_number(btf: &Btf<'_>, ty: u32) -> Result<u64> {
    let (count, first) = match resolve(btf, ty)?.1 {
        Kind::Ptr(_) => return number(btf, ty).map(u64::from),
        Kind::Enum(e) => (e.len(), e.values().next().map(|(_, value)| value.cast_unsigned())),
        Kind::Enum64(e) => (e.len(), e.values().next().map(|(_, value)| value)),
        other => return Err(expected("a pointer to an array or an enum (__ulong)", &other)),
    };
    first.filter(|_| count == 1).ok_or_else(|| {
        Error::malformed(format!("expected an enum of one value (__ulong), found {count} values"))
    })
}

fn values<'a>(
    btf: &Btf<'a>,
    def: &mut MapDef<'a>,
    member: &Member<'a>,
    relaxed: bool,
) -> Result<Values<'a>> {
    let holds_maps = matches!(def.map_type, MapType::ARRAY_OF_MAPS | MapType::HASH_OF_MAPS);
    if !holds_maps && def.map_type != MapType::PROG_ARRAY {
        return Err(Error::malformed(format!(
            "expected a map of type array_of_maps, hash_of_maps or prog_array, found {}",
            def.map_type
        ))
        .with_hint("the member type goes before values"));
    }
    if let Some(size) = def.value.size.replace(4).filter(|size| *size != 4) {
        return Err(Error::malformed(format!("expected values of 4 bytes, found {size}")));
    }
    let element = match resolve(btf, member.ty)?.1 {
        Kind::Array(array) if array.len == 0 => array.element,
        Kind::Array(array) => {
            return Err(Error::malformed(format!(
                "expected an array without a length, found one of {}",
                array.len
            )));
        }
        other => return Err(expected("an array (__array)", &other)),
    };
    let target = match resolve(btf, element)?.1 {
        Kind::Ptr(target) => target,
        other => return Err(expected("an array of pointers", &other)),
    };
    let inner = if holds_maps {
        let rules = Rules { inner: true, relaxed };
        let inner = composite(btf, target).and_then(|inner| read_struct(btf, &inner, rules))?;
        Some(Box::new(inner))
    } else {
        match resolve(btf, target)?.1 {
            Kind::FuncProto(_) => None,
            other => return Err(expected("an array of function pointers", &other)),
        }
    };
    Ok(Values { offset: member.bit_offset / 8, inner })
}

/// The id and the kind without typedefs and qualifiers.
fn resolve<'a>(btf: &Btf<'a>, ty: u32) -> Result<(u32, Kind<'a>)> {
    match btf.resolve(ty) {
        Some((id, ty)) => Ok((id, ty.kind)),
        None => Err(Error::malformed(format!("BTF type {ty} does not exist"))),
    }
}

fn expected(what: &str, found: &Kind<'_>) -> Error {
    Error::malformed(format!("expected {what}, found {}", found.code()))
}
