//! Options that a call would pass over.

use super::Builder;
use crate::{Error, Result};

/// An option that some calls heed and others do not.
struct Special {
    name: &'static str,
    is_set: bool,
    hint: &'static str,
}

impl Builder {
    fn special(&self) -> [Special; 6] {
        let one = |name, is_set, hint| Special { name, is_set, hint };
        [
            one("sources", !self.sources.is_empty(), "`build_as` compiles and links them"),
            one("shared_types", self.shared.is_some(), "`build_all` writes their module"),
            one("module_name", self.options.module.is_some(), "`build_as` is given the name"),
            one("output", self.output.is_some(), "`build`, `build_as` and `generate` write it"),
            one("object", self.object.is_some(), "`build` and `build_as` compile one"),
            one("bundled", self.bundled.is_some(), "`build` and `build_as` take it"),
        ]
    }

    /// The first of these options that is set.
    fn first_set(&self, names: &[&str]) -> Option<Special> {
        self.special().into_iter().find(|option| option.is_set && names.contains(&option.name))
    }

    /// # Errors
    /// Where one of these options is set, which `call` passes over.
    pub(crate) fn check_unused(&self, call: &str, passed_over: &[&str]) -> Result<()> {
        match self.first_set(passed_over) {
            Some(Special { name, hint, .. }) => {
                let message = format!("`{name}` is set, which `{call}` passes over");
                Err(Error::invalid_input(message).with_hint(hint))
            }
            None => Ok(()),
        }
    }

    /// Each of several skeletons has its own name and its own files.
    pub(crate) fn check_for_several(&self) -> Result<()> {
        match self.first_set(&["module_name", "output", "object", "bundled"]) {
            Some(Special { name, .. }) => Err(Error::invalid_input(format!(
                "`{name}` is for one skeleton, and these are several"
            ))),
            None => self.check_unused("build_all", &["sources"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::ErrorKind;

    #[test]
    fn an_option_that_is_passed_over_is_refused() {
        type Call = fn(Builder) -> Result<()>;
        const NONE: [&str; 1] = ["none.bpf.c"];
        let build: Call = |it| it.build("none.bpf.c").map(drop);
        let build_as: Call = |it| it.build_as("none").map(drop);
        let build_all: Call = |it| it.build_all(NONE).map(drop);
        let compile: Call = |it| it.compile("none.bpf.c", "none.bpf.o").map(drop);
        let expand: Call = |it| it.expand("none.bpf.c").map(drop);
        let generate: Call = |it| it.generate("none.bpf.o").map(drop);
        let skeleton: Call = |it| it.skeleton(&NONE).map(drop);
        let sources = || Builder::new().sources(["other.bpf.c"]);
        let shared = || Builder::new().shared_types("crate::common");
        for (option, call, builder, run) in [
            ("sources", "build", sources(), build),
            ("sources", "build_all", sources(), build_all),
            ("sources", "compile", sources(), compile),
            ("sources", "expand", sources(), expand),
            ("sources", "generate", sources(), generate),
            ("sources", "skeleton", sources(), skeleton),
            ("shared_types", "build", shared(), build),
            ("shared_types", "build_as", shared(), build_as),
            ("shared_types", "expand", shared(), expand),
            ("shared_types", "generate", shared(), generate),
            ("shared_types", "skeleton", shared(), skeleton),
            ("module_name", "build_as", Builder::new().module_name("x"), build_as),
            ("object", "generate", Builder::new().object("x.o"), generate),
            ("bundled", "generate", Builder::new().bundled("x.o"), generate),
        ] {
            let error = run(builder).expect_err(call);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{option}, {call}");
            let message = format!("`{option}` is set, which `{call}` passes over");
            assert_eq!(error.message(), message);
            assert!(error.hint().is_some(), "{message}");
        }
    }

    #[test]
    fn options_of_a_call_are_no_mistake_there() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
        let objects: [PathBuf; 2] = ["maps-el.o", "maps-eb.o"].map(|name| fixtures.join(name));
        let skeleton = Builder::new().module_name("x").skeleton(&objects).unwrap();
        assert_eq!(skeleton.module(), "x");
    }
}
