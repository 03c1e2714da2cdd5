use std::borrow::Cow;
use std::env;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::Creation;
use super::bpffs::Token;
use crate::error::{Error, ErrorKind, Frame, Result};
use crate::pin::DEFAULT_ROOT;
use crate::sys::{self, Capability, explain};

/// Names the BPF file system, for all loaders.
const ENVIRONMENT: &str = "LIBBPF_BPF_TOKEN_PATH";

/// The token of a load, which is made at most once. It belongs to the load: all that it creates is created with it, and
/// it is closed as the load ends, for what the kernel needs of it later the programs hold themselves.
///
/// A token that somebody has asked for is made before anything is created, by [`require`](Self::require). Where nobody has,
/// the usual file system is tried, and only once the kernel has refused something without. A privileged process, as all but
/// a few are, pays nothing then: libbpf opens the file system and asks for a token in each of its loads. The others have one
/// refused call more, as a rule `BPF_BTF_LOAD`, which is the first of a load and takes CAP_BPF wherever it is.
#[derive(Debug)]
pub(crate) struct LazyToken {
    bpffs: Cow<'static, Path>,
    named_by: NamedBy,
    /// `None` inside: there is to be none.
    made: OnceLock<Result<Option<Token>>>,
}

/// Who has said where the token is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamedBy {
    Caller,
    Environment,
    Nobody,
    /// The environment, of a program with more privileges than its caller.
    UntrustedEnvironment,
}

impl LazyToken {
    /// Of this BPF file system, or else of that which the environment names, or else of the usual one. An empty path is for
    /// none.
    pub(crate) fn new(asked: Option<&Path>) -> Self {
        let usual = Cow::Borrowed(Path::new(DEFAULT_ROOT));
        let (bpffs, named_by) = match (asked, env::var_os(ENVIRONMENT)) {
            (Some(path), _) => (path.to_owned().into(), NamedBy::Caller),
            (None, None) => (usual, NamedBy::Nobody),
            (None, Some(_)) if sys::is_set_id() => (usual, NamedBy::UntrustedEnvironment),
            (None, Some(path)) => (PathBuf::from(path).into(), NamedBy::Environment),
        };
        let made = OnceLock::new();
        if bpffs.as_os_str().is_empty() {
            made.get_or_init(|| Ok(None));
        }
        Self { bpffs, named_by, made }
    }

    /// Makes the token, if somebody has asked for one.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn require(&self) -> Result<()> {
        let is_asked = matches!(self.named_by, NamedBy::Caller | NamedBy::Environment);
        if is_asked && self.made.get().is_none() {
            let token = self.make()?;
            self.made.get_or_init(|| Ok(Some(token)));
        }
        Ok(())
    }

    /// The token, if it is made by now.
    pub(crate) fn get(&self) -> Option<BorrowedFd<'_>> {
        as_fd(self.made.get()?)
    }

    /// The token, which is made now if it can be. For after a refusal.
    pub(crate) fn get_or_make(&self) -> Option<BorrowedFd<'_>> {
        as_fd(self.made.get_or_init(|| self.make().map(Some)))
    }

    fn make(&self) -> Result<Token> {
        Token::of(&self.bpffs).map_err(|error| {
            error.within(Frame::Step(match self.named_by {
                NamedBy::Environment => "BPF token by $LIBBPF_BPF_TOKEN_PATH",
                _ => "BPF token",
            }))
        })
    }

    /// Makes a call with the token that there is. Where that is none and the process may not do it, with one if one can
    /// be made.
    pub(crate) fn with<T>(
        &self,
        mut call: impl FnMut(Option<BorrowedFd<'_>>) -> io::Result<T>,
    ) -> io::Result<T> {
        let held = self.get();
        let refused = match call(held) {
            Err(error) if held.is_none() && error.raw_os_error() == Some(libc::EPERM) => error,
            result => return result,
        };
        match self.get_or_make() {
            Some(token) => call(Some(token)),
            None => Err(refused),
        }
    }

    /// The process has done without what takes CAP_BPF in the initial user namespace: no token could be made there, so
    /// none will be tried.
    pub(crate) fn is_not_needed(&self) {
        self.made.get_or_init(|| Ok(None));
    }

    /// Adds to a refusal what is missing: of the token, where it is made; else as [`explain::permission`].
    pub(crate) fn permission(
        &self,
        error: Error,
        creation: Creation,
        needs: &[Capability],
    ) -> Error {
        if !matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES)) {
            return error;
        }
        let why = match self.made.get() {
            Some(Ok(Some(token))) => Some(token.why_refused(creation, needs)),
            Some(Err(why)) if explain::is_in_user_namespace() => Some(format!(
                "the process is in a user namespace; BPF asks for capabilities in the initial one, or for a token, which \
                 cannot be had: {why}"
            )),
            _ => None,
        };
        explain::permission(why.into_iter().fold(error, Error::with_hint), needs)
    }

    /// What of the caller's wishes was passed over.
    pub(crate) fn note(&self) -> Option<Error> {
        let message = format!("${ENVIRONMENT} is ignored: the program is set-id");
        (self.named_by == NamedBy::UntrustedEnvironment)
            .then(|| Error::new(ErrorKind::PermissionDenied, message))
    }
}

fn as_fd(made: &Result<Option<Token>>) -> Option<BorrowedFd<'_>> {
    made.as_ref().ok()?.as_ref().map(Token::as_fd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal() -> io::Error {
        io::Error::from_raw_os_error(libc::EPERM)
    }

    #[test]
    fn an_empty_path_is_for_none() {
        let token = LazyToken::new(Some(Path::new("")));
        assert!(token.require().is_ok());
        let mut calls = 0;
        let result = token.with(|token| {
            calls += 1;
            assert!(token.is_none());
            Err::<(), _>(refusal())
        });
        assert_eq!((calls, result.unwrap_err().raw_os_error()), (1, Some(libc::EPERM)));
    }

    #[test]
    fn what_was_asked_for_is_required() {
        let token = LazyToken::new(Some(Path::new("/no/such/directory")));
        let error = token.require().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let text = error.to_string();
        assert!(text.starts_with("BPF token: /no/such/directory: open: "), "{text}");
        assert!(text.contains("delegate_cmds"), "{text}");
    }

    #[test]
    fn what_needs_none_gets_none() {
        let token = LazyToken::new(Some(Path::new("/no/such/directory")));
        token.is_not_needed();
        assert!(token.require().is_ok() && token.get_or_make().is_none());
    }

    #[test]
    fn other_failures_are_not_tried_again() {
        let token = LazyToken::new(Some(Path::new("/no/such/directory")));
        let result = token.with(|_| Err::<(), _>(io::Error::from_raw_os_error(libc::EINVAL)));
        assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EINVAL));
        assert!(token.made.get().is_none(), "it was not even tried");
    }
}
