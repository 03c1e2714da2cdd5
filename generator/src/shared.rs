//! Types that several skeletons have in common, in one module.
//!
//! Two types are the same where their Rust is the same, and so is that of all types they are made of.

use std::collections::HashMap;

use bpf_skel::Frame;
use bpf_skel::btf::Btf;
use bpf_skel::spec::ObjectSpec;

use crate::emit::{Header, Locals, TypeItem, TypeText, common_types, items_text, type_items};
use crate::ident::identifier;
use crate::model::Object;
use crate::path::Path;
use crate::{Error, Options, Result};

/// The types that are in the common module.
pub(crate) struct Shared {
    /// The module's path, as generated code spells it.
    pub(crate) path: Path,
    /// Those of all the modules: of a type that is shared, any enum of the objects may be beside it.
    pub(crate) locals: Locals,
    /// Name of a type → its Rust.
    items: HashMap<String, TypeText>,
    /// In the order in which the objects have them.
    text: String,
}

impl Shared {
    /// What two or more of the objects have.
    pub(crate) fn of(path: &str, objects: &[ObjectSpec], options: &Options) -> Result<Self> {
        let path = module_path(path)?;
        let runtime = options.runtime_path()?;
        let mut all: Vec<HashMap<String, TypeItem>> = Vec::new();
        let mut order: Vec<String> = Vec::new();
        let btf = objects.iter().map(read_btf).collect::<Result<Vec<_>>>()?;
        let objects = objects.iter().zip(&btf).map(|(spec, btf)| {
            let btf = btf.as_ref();
            Object::new(spec, btf, &options.for_object(spec, btf))
        });
        let objects = objects.collect::<Result<Vec<_>>>()?;
        let locals = Locals::among(objects.iter().map(|object| &object.types));
        for object in &objects {
            let items = type_items(&runtime, &object.types, locals);
            order.extend(items.iter().map(|item| item.name.clone()));
            all.push(items.into_iter().map(|item| (item.name.clone(), item)).collect());
        }
        let mut items = in_several(&all);
        while let Some(name) = unlike(&all, &items) {
            items.remove(&name);
        }
        let mut left = items.clone();
        let texts: Vec<_> = order.iter().filter_map(|name| left.remove(name)).collect();
        let text = items_text(&runtime, &texts);
        Ok(Self { path, locals, items, text })
    }

    /// Whether the type of this name, as an object has it, is the one in the common module.
    pub(crate) fn has(&self, name: &str, text: impl FnOnce() -> TypeText) -> bool {
        self.items.get(name).is_some_and(|common| *common == text())
    }

    /// The module's name, which is its file's too.
    pub(crate) fn name(&self) -> String {
        module_name(&self.path).to_owned()
    }

    /// The text of its file.
    pub(crate) fn text(&self, options: &Options) -> Result<String> {
        let name = self.name();
        let module = identifier(&name).ok_or_else(|| {
            Error::invalid_input(format!("shared types: no module can be called {name:?}"))
        })?;
        let runtime = options.runtime_path()?;
        let header = Header {
            attributes: &options.attributes,
            visibility: options.visibility.as_deref().unwrap_or("pub"),
            module: &module,
            file: "several objects",
            runtime: runtime.text(),
        };
        Ok(common_types(&header, &self.text))
    }
}

/// The path of the common module, checked.
pub(crate) fn module_path(text: &str) -> Result<Path> {
    Path::absolute(text).map_err(|error| error.within(Frame::Step("shared types")))
}

/// The name of the common module, and of its file.
pub(crate) fn module_name(path: &Path) -> &str {
    path.last().trim_start_matches("r#")
}

/// The types of a spec that was read from an object, and its BTF checked with it.
pub(crate) fn read_btf(spec: &ObjectSpec) -> Result<Option<Btf<'_>>> {
    match spec.btf.is_empty() {
        true => Ok(None),
        false => Ok(Some(Btf::reparse(&spec.btf, spec.endian)?)),
    }
}

/// The Rust of each name that most objects agree on, and at least two.
fn in_several(objects: &[HashMap<String, TypeItem>]) -> HashMap<String, TypeText> {
    let mut counts: HashMap<&str, Vec<(&TypeText, u32)>> = HashMap::new();
    for item in objects.iter().flat_map(HashMap::values) {
        let texts = counts.entry(&item.name).or_default();
        match texts.iter_mut().find(|(text, _)| **text == item.rust) {
            Some((_, count)) => *count += 1,
            None => texts.push((&item.rust, 1)),
        }
    }
    let most = counts.into_iter().filter_map(|(name, texts)| {
        // Of two that as many have, the first by its text: the same one in every build.
        let (text, count) =
            texts.into_iter().max_by(|(a, m), (b, n)| m.cmp(n).then_with(|| b.cmp(a)))?;
        (count > 1).then(|| (name.to_owned(), text.clone()))
    });
    most.collect()
}

/// A name whose type is made of one that is not shared.
fn unlike(
    objects: &[HashMap<String, TypeItem>],
    shared: &HashMap<String, TypeText>,
) -> Option<String> {
    let is_shared = |item: &TypeItem| shared.get(&item.name).is_some_and(|text| *text == item.rust);
    objects.iter().find_map(|object| {
        let mut items = object.values().filter(|item| is_shared(item));
        let unlike = items.find(|item| {
            item.made_of.iter().any(|name| object.get(name).is_none_or(|part| !is_shared(part)))
        });
        unlike.map(|item| item.name.clone())
    })
}
