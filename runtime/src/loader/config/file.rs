//! One configuration file: TOML, each value with its line.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::{Config, Layout, Mount, Setting, Source, Template, trusted};
use bpf_skel::pin::OnMismatch;
use bpf_skel::{Error, Frame, Result};

/// Where the system's files are, from the least to the most important.
const DIRECTORIES: [&str; 3] = ["/usr/lib/bpf-skel", "/run/bpf-skel", "/etc/bpf-skel"];
const NAME: &str = "pinning.conf";

/// A file that was read.
#[derive(Debug)]
pub(super) struct ConfigFile {
    path: PathBuf,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    root: Option<Spanned<PathBuf>>,
    mount: Option<Spanned<MountKey>>,
    layout: Option<Spanned<LayoutKey>>,
    on_mismatch: Option<Spanned<OnMismatchKey>>,
    import: Option<Spanned<PathBuf>>,
    #[serde(default)]
    legacy: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    btf: BTreeMap<Spanned<String>, Spanned<String>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum MountKey {
    Never,
    IfMissing,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LayoutKey {
    Iproute2,
    Flat,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OnMismatchKey {
    Fail,
    Reuse,
    Replace,
}

/// All that the system has, from the least to the most important.
pub(super) fn system_files() -> Result<Vec<ConfigFile>> {
    files(DIRECTORIES.iter().map(Path::new))
}

/// All files in these directories, which stand from the least to the most important.
pub(super) fn files<'d>(
    directories: impl IntoIterator<Item = &'d Path>,
) -> Result<Vec<ConfigFile>> {
    let mut files = Vec::new();
    for directory in directories {
        for path in trusted::list(&directory.join(format!("{NAME}.d")))? {
            files.extend(ConfigFile::read(path)?);
        }
        files.extend(ConfigFile::read(directory.join(NAME))?);
    }
    Ok(files)
}

/// A file that must be there.
pub(super) fn required(path: PathBuf) -> Result<ConfigFile> {
    let frame = Frame::Path(path.display().to_string());
    ConfigFile::read(path)?.ok_or_else(|| Error::not_found("no such file").within(frame))
}

impl ConfigFile {
    fn read(path: PathBuf) -> Result<Option<Self>> {
        Ok(trusted::read(&path)?.map(|text| Self { path, text }))
    }

    /// Puts what the file says in the place of what was said before.
    pub(super) fn apply(&self, config: &mut Config) -> Result<()> {
        let keys: Keys = toml::from_str(&self.text).map_err(|error| {
            let line = error.span().map(|span| self.line(&span));
            self.error(Error::malformed(error.message().trim().to_owned()), line)
        })?;
        let Keys { root, mount, layout, on_mismatch, import, legacy, btf } = keys;
        if let Some(root) = root {
            if !root.get_ref().is_absolute() {
                let error = Error::invalid_input("root: expected an absolute path");
                return Err(self.error(error, Some(self.line(&root.span()))));
            }
            config.root = self.setting(root, Some);
        }
        if let Some(mount) = mount {
            config.mount = self.setting(mount, |mount| match mount {
                MountKey::Never => Mount::Never,
                MountKey::IfMissing => Mount::IfMissing,
            });
        }
        if let Some(layout) = layout {
            config.layout = self.setting(layout, |layout| match layout {
                LayoutKey::Iproute2 => Layout::Iproute2,
                LayoutKey::Flat => Layout::Flat,
            });
        }
        if let Some(on_mismatch) = on_mismatch {
            config.on_mismatch = self.setting(on_mismatch, |on_mismatch| match on_mismatch {
                OnMismatchKey::Fail => OnMismatch::Fail,
                OnMismatchKey::Reuse => OnMismatch::Reuse,
                OnMismatchKey::Replace => OnMismatch::Replace,
            });
        }
        if let Some(import) = import {
            config.import =
                self.setting(import, |path| (!path.as_os_str().is_empty()).then_some(path));
        }
        for (pinning, template) in legacy {
            let key = self.number(&pinning)?;
            if key == 0 {
                let error = Error::invalid_input("[legacy] 0: always means \"not pinned\"");
                return Err(self.error(error, Some(self.line(&pinning.span()))));
            }
            config.legacy.insert(key, self.template(template)?);
        }
        for (pinning, template) in btf {
            if self.number(&pinning)? != 1 {
                let error = Error::invalid_input(
                    "[btf]: expected 1 (LIBBPF_PIN_BY_NAME), the only value that pins in `.maps`",
                );
                return Err(self.error(error, Some(self.line(&pinning.span()))));
            }
            config.btf = Some(self.template(template)?);
        }
        Ok(())
    }

    fn number(&self, key: &Spanned<String>) -> Result<u32> {
        key.get_ref().parse().map_err(|_| {
            let error = Error::invalid_input(format!(
                "expected a value of `pinning`, found {:?}",
                key.get_ref()
            ));
            self.error(error, Some(self.line(&key.span())))
        })
    }

    fn template(&self, text: Spanned<String>) -> Result<Setting<Template>> {
        let template = Template::new(text.get_ref());
        let line = self.line(&text.span());
        let value = template.map_err(|error| self.error(error, Some(line)))?;
        Ok(Setting { value, source: self.source(line) })
    }

    fn setting<K, T>(&self, key: Spanned<K>, value: impl FnOnce(K) -> T) -> Setting<T> {
        let source = self.source(self.line(&key.span()));
        Setting { value: value(key.into_inner()), source }
    }

    fn source(&self, line: usize) -> Source {
        Source::File { path: self.path.clone(), line }
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        1 + before.iter().filter(|&&byte| byte == b'\n').count()
    }

    fn error(&self, error: Error, line: Option<usize>) -> Error {
        let path = self.path.display();
        error.within(Frame::Path(match line {
            Some(line) => format!("{path}:{line}"),
            None => path.to_string(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Config> {
        let mut config = Config::built_in();
        let file = ConfigFile { path: "/etc/bpf-skel/pinning.conf".into(), text: text.to_owned() };
        file.apply(&mut config)?;
        Ok(config)
    }

    #[test]
    fn every_key() {
        let config = config(
            "root = \"/bpf\"\nmount = \"if-missing\"\nlayout = \"flat\"\non_mismatch = \"replace\"\nimport = \"\"\n\
             [legacy]\n3 = \"tracing\"\n2 = \"{hook}/shared\"\n[btf]\n1 = \"all\"\n",
        )
        .unwrap();
        assert_eq!(config.root.value.as_deref(), Some(Path::new("/bpf")));
        assert_eq!(config.mount.value, Mount::IfMissing);
        assert_eq!(config.layout.value, Layout::Flat);
        assert_eq!(config.on_mismatch.value, OnMismatch::Replace);
        assert_eq!(config.import.value, None);
        let legacy: Vec<_> =
            config.legacy.iter().map(|(key, set)| (*key, set.value.to_string())).collect();
        assert_eq!(
            legacy,
            [
                (1, "\"{hook}/{sha1}\"".to_owned()),
                (2, "\"{hook}/shared\"".to_owned()),
                (3, "\"tracing\"".to_owned())
            ]
        );
        assert_eq!(config.btf.unwrap().source.to_string(), "/etc/bpf-skel/pinning.conf:10");
        assert_eq!(config.on_mismatch.source.to_string(), "/etc/bpf-skel/pinning.conf:4");
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, words) in [
            ("rot = 1", ["pinning.conf:1", "unknown field `rot`"]),
            ("\nroot = 7", ["pinning.conf:2", "invalid type"]),
            ("root = \"here\"", ["pinning.conf:1", "absolute"]),
            ("mount = \"always\"", ["pinning.conf:1", "unknown variant `always`"]),
            ("[legacy]\n\n3 = \"../up\"", ["pinning.conf:3", "\"..\""]),
            ("[legacy]\nthree = \"x\"", ["pinning.conf:2", "found \"three\""]),
            ("[legacy]\n0 = \"x\"", ["pinning.conf:2", "not pinned"]),
            ("[btf]\n2 = \"x\"", ["pinning.conf:2", "LIBBPF_PIN_BY_NAME"]),
            ("[btf]\n1 = \"{map}\"", ["pinning.conf:2", "stands for nothing"]),
            ("root = \"/a\"\nroot = \"/b\"", ["pinning.conf:2", "duplicate"]),
            ("[legacy", ["pinning.conf:1", ""]),
        ] {
            let error = config(text).unwrap_err().to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{text:?}: {error}");
        }
    }
}
