/// The caller of each command, for the log and the lock.
pub const OPERATOR: &str = "Operator";
