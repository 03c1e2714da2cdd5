//! What a test answers: that it holds, that it does not, or that the machine lacks what it is about.

use std::error::Error;
use std::fmt::{Display, Formatter};

use libtest_mimic::{Completion, Failed};

/// What a test answers, unless it panics.
pub type Outcome = Result<(), Box<dyn Error>>;

/// A test's answer where the machine lacks what it is about: not a failure, and not a success.
#[derive(Debug)]
pub struct Skip(pub String);

impl Display for Skip {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Skip {}

/// What a test function may answer.
pub trait IntoOutcome {
    /// As an [`Outcome`].
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Ok(self)
    }
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}

/// What the test runner is told: a skip counts as ignored, with its reason.
///
/// # Errors
/// The test failed.
pub fn completion(outcome: Outcome) -> Result<Completion, Failed> {
    let Err(error) = outcome else { return Ok(Completion::Completed) };
    match error.downcast::<Skip>() {
        Ok(skip) => Ok(Completion::ignored_with(skip)),
        Err(error) => Err(format!("{error:?}").into()),
    }
}
