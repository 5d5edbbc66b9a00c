use std::error::Error;

/// The result of a command. The text of every error includes its causes, so it is printed without them.
pub type Outcome = Result<(), Box<dyn Error>>;
