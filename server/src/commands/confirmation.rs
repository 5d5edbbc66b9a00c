//! Asks before a change that cannot be undone by the command itself.

use std::io::{self, BufRead, IsTerminal, Write};

use super::outcome::Outcome;

/// The texts of a question.
pub struct Confirmation<'a> {
    /// Begins the sentence for a session without a terminal: `a restore changes the database`.
    pub change: &'a str,
    pub question: &'a str,
    /// The answer that confirms.
    pub expected: &'a str,
    /// The error after any other answer.
    pub refusal: &'a str,
}

impl Confirmation<'_> {
    /// Prints the question, and reads a line.
    ///
    /// # Errors
    /// There is no terminal, or another text was typed.
    pub fn ask(&self) -> Outcome {
        if !io::stdin().is_terminal() {
            return Err(format!("{}; without a terminal, confirm it with --yes", self.change).into());
        }
        let mut stderr = io::stderr();
        write!(stderr, "{}", self.question)?;
        stderr.flush()?;
        let mut typed = String::new();
        io::stdin().lock().read_line(&mut typed)?;
        match typed.trim() == self.expected {
            true => Ok(()),
            false => Err(self.refusal.into()),
        }
    }
}
