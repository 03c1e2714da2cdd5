use bpf_skel_build::Binding;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Ident, LitStr, Path, Result, Token, Visibility, braced, bracketed};

/// `#[attribute] pub mod name = "path", ["path", "path"], types = ["event"], bind = { "struct own": crate::Own }`
pub(crate) struct Input {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) module: Ident,
    /// Alternatives of one byte order each; several paths of one are linked.
    pub(crate) objects: Vec<Vec<LitStr>>,
    pub(crate) types: Vec<String>,
    pub(crate) bindings: Vec<Binding>,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        input.parse::<Token![mod]>()?;
        let module = input.parse()?;
        input.parse::<Token![=]>()?;
        let objects = vec![object(input)?];
        let (types, bindings) = (Vec::new(), Vec::new());
        let mut this = Self { attributes, visibility, module, objects, types, bindings };
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
        if !["types", "bind", "bind_opaque"].contains(&&*word) {
            let words = "there are `types`, `bind` and `bind_opaque`";
            return Err(Error::new(name.span(), format!("no option `{word}`: {words}")));
        }
        input.parse::<Token![=]>()?;
        match &*word {
            "types" => self.types.extend(strings(input)?.iter().map(LitStr::value)),
            _ => self.bindings.extend(bindings(input, word == "bind_opaque")?),
        }
        Ok(())
    }
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
fn bindings(input: ParseStream<'_>, opaque: bool) -> Result<Vec<Binding>> {
    let list;
    braced!(list in input);
    let pairs = list.parse_terminated(binding, Token![,])?.into_iter();
    let path = |path: Path| path.to_token_stream().to_string();
    Ok(pairs.map(|(c, rust)| Binding { c: c.value(), rust: path(rust), opaque }).collect())
}

fn binding(input: ParseStream<'_>) -> Result<(LitStr, Path)> {
    let c = input.parse()?;
    input.parse::<Token![:]>()?;
    Ok((c, input.call(Path::parse_mod_style)?))
}
