//! Builds the guest's only file system: busybox, modules, the kernel's configuration, the jobs and their files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSection};

use crate::cpio::Archive;
use crate::kernels::Files;
use crate::{Result, context, modules};

/// A statically linked program and its arguments.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
}

impl Job {
    /// How a person names it: `kernel-0123456789abcdef`, as cargo builds it, is `kernel`.
    pub(crate) fn name(&self) -> String {
        let name = self.program.file_name().unwrap_or_default().to_string_lossy();
        match name.rsplit_once('-') {
            Some((name, hash))
                if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) =>
            {
                name.to_owned()
            }
            _ => name.into_owned(),
        }
    }
}

/// A file or a folder of the host and where the guest has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extra {
    pub(crate) host: PathBuf,
    pub(crate) guest: String,
}

/// Builds the archive; job N is `/jobs/N`.
pub(crate) fn build(files: &Files, jobs: &[Job], extras: &[Extra]) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    for folder in ["/proc", "/sys", "/dev", "/tmp", "/run", "/root", "/etc", "/var/tmp", "/modules"]
    {
        archive.folder(folder);
    }
    archive.file("/init", include_bytes!("../init"));
    archive.file("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n");
    let config = fs::read(&files.config).map_err(context(&files.config.display()))?;
    archive.file(&format!("/boot/config-{}", files.release), &config);
    add_busybox(&mut archive)?;

    let mut order = String::new();
    for module in modules::wanted(files)? {
        archive.file(&format!("/modules/{}.ko", module.name), &module.bytes);
        order.push_str(&format!("{}.ko\n", module.name));
    }
    archive.file("/modules/order", order.as_bytes());

    for (index, job) in jobs.iter().enumerate() {
        let program = fs::read(&job.program).map_err(context(&job.program.display()))?;
        require_static(&program).map_err(context(&job.program.display()))?;
        let path = format!("/programs/{index}/{}", job.name());
        archive.file(&path, &program);
        archive.file(&format!("/jobs/{index}"), script(&path, &job.arguments).as_bytes());
    }
    for extra in extras {
        add(&mut archive, &extra.host, &extra.guest)?;
    }
    Ok(archive.finish())
}

fn script(program: &str, arguments: &[String]) -> String {
    let words: Vec<_> = std::iter::once(program)
        .chain(arguments.iter().map(String::as_str))
        .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
        .collect();
    format!("exec {}\n", words.join(" "))
}

fn add(archive: &mut Archive, host: &Path, guest: &str) -> Result<()> {
    if host.is_dir() {
        archive.folder(guest);
        for entry in fs::read_dir(host).map_err(context(&host.display()))? {
            let entry = entry?;
            let guest = format!("{guest}/{}", entry.file_name().to_string_lossy());
            add(archive, &entry.path(), &guest)?;
        }
    } else {
        archive.file(guest, &fs::read(host).map_err(context(&host.display()))?);
    }
    Ok(())
}

fn add_busybox(archive: &mut Archive) -> Result<()> {
    let busybox = std::env::var_os("PATH")
        .iter()
        .flat_map(std::env::split_paths)
        .map(|folder| folder.join("busybox"))
        .find(|path| path.is_file())
        .ok_or("busybox is not installed (Debian: busybox-static)")?;
    let bytes = fs::read(&busybox).map_err(context(&busybox.display()))?;
    require_static(&bytes).map_err(context(&busybox.display()))?;
    archive.file("/bin/busybox", &bytes);
    let list = Command::new(&busybox).arg("--list").output().map_err(context(&"busybox"))?;
    for applet in String::from_utf8_lossy(&list.stdout).lines().filter(|name| *name != "busybox") {
        archive.symlink(&format!("/bin/{applet}"), "busybox");
    }
    Ok(())
}

/// The guest has no dynamic linker: better said here than by its `not found`.
fn require_static(program: &[u8]) -> Result<()> {
    if program.starts_with(b"#!") {
        return Ok(());
    }
    let file = object::File::parse(program)?;
    match file.sections().find(|section| section.name() == Ok(".interp")) {
        Some(_) => Err("is not statically linked".into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_program_unchanged() {
        let arguments = ["a b".to_owned(), "it's".to_owned(), "$x".to_owned()];
        assert_eq!(script("/p", &arguments), "exec '/p' 'a b' 'it'\\''s' '$x'\n");
    }

    #[test]
    fn names_lose_the_hash_of_cargo() {
        let name = |program: &str| Job { program: program.into(), arguments: Vec::new() }.name();
        assert_eq!(name("/t/deps/kernel-0123456789abcdef"), "kernel");
        assert_eq!(name("/bin/bpf-skel"), "bpf-skel");
    }

    #[test]
    fn a_dynamic_program_is_refused() {
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(require_static(&own).is_ok(), cfg!(target_feature = "crt-static"));
        assert!(require_static(b"#!/bin/sh\n").is_ok());
    }
}
