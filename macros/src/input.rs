use bpf_skel_build::{Binding, Frame};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Ident, LitStr, Path, Result, Token, Visibility, braced, bracketed};

/// `#[attribute] pub mod name = "path", ["path", "path"], types = ["event"], bind = { "struct own": crate::Own },
/// untyped_maps = ["events"]`
pub(crate) struct Input {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) module: Ident,
    /// Alternatives of one byte order each; several paths of one are linked.
    pub(crate) objects: Vec<Vec<LitStr>>,
    types: Vec<LitStr>,
    bindings: Vec<Bound>,
    untyped_maps: Vec<LitStr>,
}

/// `"struct own": crate::Own`
struct Bound {
    c: LitStr,
    rust: Path,
    opaque: bool,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        input.parse::<Token![mod]>()?;
        let module = input.parse()?;
        input.parse::<Token![=]>()?;
        let objects = vec![object(input)?];
        let (types, bindings, untyped_maps) = (Vec::new(), Vec::new(), Vec::new());
        let mut this =
            Self { attributes, visibility, module, objects, types, bindings, untyped_maps };
        let mut options = false;
        while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            options |= input.peek(Ident::peek_any);
            if options { this.option(input)? } else { this.objects.push(object(input)?) }
        }
        input.parse::<Option<Token![;]>>()?;
        Ok(this)
    }
}

impl Input {
    fn option(&mut self, input: ParseStream<'_>) -> Result<()> {
        let name = input.call(Ident::parse_any)?;
        let word = name.to_string();
        if !["types", "bind", "bind_opaque", "untyped_maps"].contains(&&*word) {
            let words = "there are `types`, `bind`, `bind_opaque` and `untyped_maps`";
            return Err(Error::new(name.span(), format!("no option `{word}`: {words}")));
        }
        input.parse::<Token![=]>()?;
        match &*word {
            "types" => self.types.extend(strings(input)?),
            "untyped_maps" => self.untyped_maps.extend(strings(input)?),
            _ => self.bindings.extend(bindings(input, word == "bind_opaque")?),
        }
        Ok(())
    }

    pub(crate) fn types(&self) -> Vec<String> {
        values(&self.types)
    }

    pub(crate) fn untyped_maps(&self) -> Vec<String> {
        values(&self.untyped_maps)
    }

    pub(crate) fn bindings(&self) -> Vec<Binding> {
        let binding = |Bound { c, rust, opaque }: &Bound| Binding {
            c: c.value(),
            rust: text(rust),
            opaque: *opaque,
        };
        self.bindings.iter().map(binding).collect()
    }

    /// That no two alternatives are of one byte order: both would be the module.
    pub(crate) fn check_orders(&self, orders: &[&str]) -> Result<()> {
        for (number, order) in orders.iter().enumerate() {
            let Some(before) = orders[..number].iter().position(|other| other == order) else {
                continue;
            };
            let [first, second] = [before, number].map(|at| self.objects[at].first());
            if let Some((first, second)) = first.zip(second) {
                let (a, b) = (first.value(), second.value());
                let message = format!(
                    "{a} and {b} are both {order}-endian (`[{a:?}, {b:?}]` links them into one)"
                );
                return Err(Error::new_spanned(second, message));
            }
        }
        Ok(())
    }

    /// Where the type or the map is written that the error is about, if it is about one.
    pub(crate) fn place(&self, error: &bpf_skel_build::Error) -> Option<TokenStream> {
        let c = || self.types.iter().chain(self.bindings.iter().map(|bound| &bound.c));
        let rust = || self.bindings.iter().map(|bound| &bound.rust);
        let frames: Vec<&Frame> = error.frames().collect();
        // The innermost of them is the narrowest.
        frames.into_iter().rev().find_map(|frame| match frame {
            Frame::Type(name) => Some(c().find(|c| c.value() == *name)?.to_token_stream()),
            Frame::Map(name) => {
                Some(self.untyped_maps.iter().find(|map| map.value() == *name)?.to_token_stream())
            }
            Frame::Path(path) => Some(rust().find(|rust| text(rust) == *path)?.to_token_stream()),
            _ => None,
        })
    }
}

fn values(literals: &[LitStr]) -> Vec<String> {
    literals.iter().map(LitStr::value).collect()
}

/// `"path"` or `["path", "path"]`
fn object(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    if input.peek(LitStr) { Ok(vec![input.parse()?]) } else { strings(input) }
}

/// `["text", "text"]`
fn strings(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    let list;
    bracketed!(list in input);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?.into_iter().collect())
}

/// `{ "struct own": crate::Own, "other_t": crate::Other }`
fn bindings(input: ParseStream<'_>, opaque: bool) -> Result<Vec<Bound>> {
    let list;
    braced!(list in input);
    let pairs = list.parse_terminated(binding, Token![,])?.into_iter();
    Ok(pairs.map(|(c, rust)| Bound { c, rust, opaque }).collect())
}

fn binding(input: ParseStream<'_>) -> Result<(LitStr, Path)> {
    let c = input.parse()?;
    input.parse::<Token![:]>()?;
    Ok((c, input.call(Path::parse_mod_style)?))
}

/// As a person writes it; it has no arguments.
fn text(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}
