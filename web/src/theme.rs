//! The colours of the page: those of the system, light or dark.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: &[Self] = &[Self::System, Self::Light, Self::Dark];

    /// The attribute `data-theme` of the page and the stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// An unknown word is the system's theme.
    pub fn from_word(word: &str) -> Self {
        let theme = Self::ALL.iter().copied().find(|theme| theme.word() == word);
        theme.unwrap_or_default()
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod choice {
    use leptos::prelude::*;

    use super::Theme;
    use crate::settings;

    /// The key in `localStorage`.
    const THEME: &str = "decant-theme";

    /// A handle to the visitor's theme, one for the whole page.
    #[derive(Clone, Copy)]
    pub struct ThemeChoice(RwSignal<Theme>);

    impl ThemeChoice {
        /// Applies the theme that this browser remembers.
        pub fn load() -> Self {
            let theme = settings::load(THEME).map(|word| Theme::from_word(&word));
            let choice = Self(RwSignal::new(theme.unwrap_or_default()));
            choice.apply();
            choice
        }

        pub fn get(self) -> Theme {
            self.0.get()
        }

        pub fn set(self, theme: Theme) {
            self.0.set(theme);
            settings::save(THEME, (theme != Theme::System).then(|| theme.word()));
            self.apply();
        }

        fn apply(self) {
            if let Some(root) = document().document_element() {
                // Fails only for an invalid name.
                let _ = root.set_attribute("data-theme", self.0.get_untracked().word());
            }
        }
    }
}

#[cfg(target_arch = "wasm32")]
pub use choice::ThemeChoice;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_is_read_from_its_word() {
        for theme in Theme::ALL {
            assert_eq!(Theme::from_word(theme.word()), *theme);
        }
        assert_eq!(Theme::from_word("sepia"), Theme::System);
    }
}
