/// What a test answers, unless it panics.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A test's answer where the kernel lacks what it is about: not a failure, and not a success.
#[derive(Debug)]
pub struct Skip(pub String);

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skip {}

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

/// Tells a skip from a failure.
pub(super) fn skip(outcome: Outcome) -> Result<Option<Skip>, String> {
    let Err(error) = outcome else { return Ok(None) };
    error.downcast().map(|skip| Some(*skip)).map_err(|error| format!("{error:?}"))
}
