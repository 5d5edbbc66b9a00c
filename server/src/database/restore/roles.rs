//! The roles of a load.

/// The roles that take part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Roles<'a> {
    /// The role that owns the objects now.
    pub holder: &'a str,
    /// The role that owns an object at the end if its own owner cannot get it and there is no keeper.
    pub fallback: &'a str,
    /// The live database, if Decant may create a keeper for it.
    pub keeper_for: Option<&'a str>,
}
