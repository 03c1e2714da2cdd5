use super::question::Questions;
use super::{Candidate, Resolution, resolve};
use crate::error::Result;

/// Answers the questions of an object's programs, each once.
///
/// The candidates for a root type are narrowed from one answer to the next, so the order in which is asked matters
/// where the kernel has several types of one name: it is that of the programs and of their instructions.
#[derive(Debug)]
pub struct Resolver<'q, 's, 'k> {
    questions: &'q Questions<'s>,
    candidates: Vec<Vec<Candidate<'k>>>,
    answers: Vec<Option<Resolution>>,
}

impl<'q, 's, 'k> Resolver<'q, 's, 'k> {
    /// With the candidates for each of [`Questions::roots`].
    pub fn new(questions: &'q Questions<'s>, candidates: Vec<Vec<Candidate<'k>>>) -> Self {
        Self { questions, candidates, answers: vec![None; questions.len()] }
    }

    /// Answers one question, unless that was done before.
    ///
    /// # Errors
    /// As [`resolve`].
    pub fn answer(&mut self, access: u32) -> Result<()> {
        if self.answers.get(access as usize).is_some_and(Option::is_some) {
            return Ok(());
        }
        let asked = self.questions.access(access)?;
        let mut none = Vec::new();
        let candidates = match asked.needs()? {
            Some(root) => self.candidates.get_mut(root).unwrap_or(&mut none),
            None => &mut none,
        };
        let resolution = resolve(&asked, candidates)?;
        if let Some(answer) = self.answers.get_mut(access as usize) {
            *answer = Some(resolution);
        }
        Ok(())
    }

    /// The answers so far, by question.
    pub fn into_answers(self) -> Vec<Option<Resolution>> {
        self.answers
    }
}
