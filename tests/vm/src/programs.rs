//! Builds the workspace's kernel tests as programs that need nothing but a kernel.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Result, context};

/// An explicit target keeps the static C library from build scripts and macros, which can't be built with it.
const TARGET: &str = "x86_64-unknown-linux-gnu";
const STATIC: &str = "-C target-feature=+crt-static";

/// Arguments of the kernel tests: one test after the other, so that the one that hangs is known by name.
pub(crate) fn arguments(given: &[String]) -> Vec<String> {
    let mut arguments = vec!["--test-threads=1".to_owned()];
    arguments.extend_from_slice(given);
    arguments
}

/// Builds `tests/tests/kernel`.
pub(crate) fn build(root: &Path) -> Result<Vec<PathBuf>> {
    let flags = match std::env::var("RUSTFLAGS") {
        Ok(flags) => format!("{flags} {STATIC}"),
        Err(_) => STATIC.to_owned(),
    };
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root)
        .args(["test", "--no-run", "--quiet", "--message-format=json", "--target", TARGET])
        .args(["-p", "bpf-skel-tests", "--test", "kernel"])
        // Emulated, the loops of unoptimised code take longer than compiling them better, once for all guests.
        .args(["--config", "profile.dev.package.bpf-skel.opt-level=2"])
        .env("RUSTFLAGS", flags)
        .stderr(Stdio::inherit())
        .output()
        .map_err(context(&"cargo"))?;
    let messages = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        for message in messages.lines().filter_map(rendered) {
            eprint!("{message}");
        }
        return Err("the kernel tests do not build".into());
    }
    let found: Vec<_> = messages.lines().filter_map(executable).collect();
    if found.is_empty() {
        return Err("cargo built no test binary".into());
    }
    Ok(found)
}

fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    Some(message.get("executable")?.as_str()?.into())
}

fn rendered(message: &str) -> Option<String> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    Some(message.get("message")?.get("rendered")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_found_in_cargos_messages() {
        let artifact = r#"{"reason":"compiler-artifact","executable":"/t/kernel-1"}"#;
        assert_eq!(executable(artifact), Some("/t/kernel-1".into()));
        for other in [r#"{"reason":"compiler-artifact","executable":null}"#, "{}", "text"] {
            assert_eq!(executable(other), None);
        }
    }
}
