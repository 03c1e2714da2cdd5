use std::fmt;

use sha1::{Digest, Sha1};

use super::Hook;
use bpf_skel::pin::SubPath;
use bpf_skel::{Error, Result};

const HOOK: &str = "{hook}";
const SHA1: &str = "{sha1}";

/// A directory below the root, in which `{hook}` and `{sha1}` stand for what the object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(String);

impl Template {
    /// Checks a template: `{hook}/globals`.
    ///
    /// # Errors
    /// A name in it that a BPF file system does not take, or braces around something else.
    pub fn new(text: &str) -> Result<Self> {
        let template = Self(text.to_owned());
        let sample = template.fill(Some(Hook::Tc), Some("0"))?;
        if let Some(name) = sample.names().find(|name| name.contains(['{', '}'])) {
            return Err(Error::invalid_input(format!(
                "{text:?}: {name:?} stands for nothing: expected {HOOK} or {SHA1}"
            )));
        }
        Ok(template)
    }

    /// One that is right as it stands here.
    pub(super) fn known(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The directory for an object.
    ///
    /// # Errors
    /// What it stands for is not known, or the result is no path below a root.
    pub fn fill(&self, hook: Option<Hook>, sha1: Option<&str>) -> Result<SubPath> {
        let mut text = self.0.clone();
        if self.uses_hook() {
            let hook = hook.ok_or_else(|| {
                Error::invalid_input(format!(
                    "{self}: no program of the object has a hook (tc, xdp or lwt)"
                ))
                .with_hint("say which with Config::set_hook")
            })?;
            text = text.replace(HOOK, hook.directory());
        }
        if text.contains(SHA1) {
            let sha1 = sha1.ok_or_else(|| {
                Error::invalid_input(format!("{self}: the object's file is not known"))
                    .with_hint("give it with Config::set_object")
            })?;
            text = text.replace(SHA1, sha1);
        }
        SubPath::new(&text)
    }

    /// Whether the hook matters.
    pub(super) fn uses_hook(&self) -> bool {
        self.0.contains(HOOK)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// Forty digits, as iproute2 names the directories of objects.
pub(super) fn sha1(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_what() {
        for (template, hook, path) in [
            ("{hook}/globals", Some(Hook::Xdp), "xdp/globals"),
            ("{hook}/{sha1}", Some(Hook::Tc), "tc/abc"),
            ("x_{hook}", Some(Hook::Ip), "x_ip"),
            ("plain", None, "plain"),
            ("", None, ""),
        ] {
            let filled = Template::new(template).unwrap().fill(hook, Some("abc")).unwrap();
            assert_eq!(filled.to_string(), path);
        }
        assert_eq!(sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[test]
    fn what_is_no_template() {
        for (text, word) in [
            ("{hok}/globals", "stands for nothing"),
            ("../etc", ".."),
            ("/abs", "relative"),
            ("a.b", "dot"),
            ("{hook}//x", "empty"),
            ("{hook", "stands for nothing"),
        ] {
            let error = Template::new(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
        let template = Template::new("{hook}/{sha1}").unwrap();
        assert!(template.fill(None, Some("x")).unwrap_err().to_string().contains("set_hook"));
        assert!(
            template.fill(Some(Hook::Tc), None).unwrap_err().to_string().contains("set_object")
        );
    }
}
