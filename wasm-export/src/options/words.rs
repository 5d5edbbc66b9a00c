//! Enums whose variants are words.

/// The error for a word that an option does not have. Its message lists the valid words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not a {what}; it is one of {words}")]
pub struct UnknownWord {
    what: &'static str,
    value: String,
    words: String,
}

impl UnknownWord {
    #[doc(hidden)]
    pub fn new(what: &'static str, value: &str, words: &[&str]) -> Self {
        let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        Self {
            what,
            value: value.to_owned(),
            words: words.join(", "),
        }
    }
}

/// Declares an enum whose variants are words: the same in addresses, on the command line, in JSON and in messages.
///
/// The enum gets `ALL`, `WORDS`, `word`, `FromStr`, `Display`, and the traits of serde, on which the calling crate
/// depends. The literal behind the enum's name appears in the error for an unknown word.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every variant, in the order of the declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word of every variant, in the same order.
            pub const WORDS: &[&str] = &[$($word),+];

            /// Returns the word of this variant.
            pub fn word(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::options::UnknownWord;
            fn from_str(value: &str) -> Result<Self, Self::Err> {
                match value {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::options::UnknownWord::new($what, value, Self::WORDS)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.word()) }
        }
    };
}

/// Declares an enum of this crate by [`words!`](crate::words), with a schema behind the feature `openapi`.
///
/// The attribute is not part of `words!`, because a caller's own features would decide on it there.
macro_rules! option_words {
    ($($enum:tt)+) => {
        $crate::words! { #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))] $($enum)+ }
    };
}
pub(crate) use option_words;
