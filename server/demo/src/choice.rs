//! The users, providers and models that the usage rows of a demo have.

use super::dice::Dice;
use super::error::DemoError;
use super::people;
use super::providers::{Family, MODELS, Model, PROVIDERS, Provider, model_names};
use super::texts::is_ordinary;

/// Users, providers and models. Each model has a provider, and each provider a model.
#[derive(Clone, Debug)]
pub struct Choice {
    /// `None`: all users, and requests that have outlived theirs.
    users: Option<Vec<i32>>,
    providers: Vec<Served>,
    /// A model stands there twice if it is asked for twice as often.
    models: Vec<&'static Model>,
    /// Whether the caller has named the models. Then no provider sends a request to another one.
    has_models: bool,
}

#[derive(Clone, Debug)]
struct Served {
    id: i64,
    provider: &'static Provider,
    is_ordinary: bool,
}

impl Default for Choice {
    fn default() -> Self {
        let providers = (1..).zip(&PROVIDERS).map(|(id, provider)| Served {
            id,
            provider,
            is_ordinary: is_ordinary(provider.name),
        });
        Self {
            users: None,
            providers: providers.collect(),
            models: MODELS.iter().collect(),
            has_models: false,
        }
    }
}

impl Choice {
    /// Chooses users and providers by their ids and models by their names. An empty list chooses all that fit.
    ///
    /// # Errors
    /// [`DemoError::NoUser`], [`DemoError::NoProvider`] and [`DemoError::NoModel`] for what the demo does not have,
    /// [`DemoError::ModelWithoutProvider`] and [`DemoError::ProviderWithoutModel`].
    pub fn new(users: &[i64], providers: &[i64], models: &[String]) -> Result<Self, DemoError> {
        let mut choice = Self::default();
        if !users.is_empty() {
            let user = |id: &i64| {
                let known = 1..=people::users();
                let id = i32::try_from(*id).ok().filter(|id| known.contains(id));
                id.ok_or_else(|| DemoError::NoUser(people::users()))
            };
            choice.users = Some(users.iter().map(user).collect::<Result<_, _>>()?);
        }
        if providers
            .iter()
            .any(|id| !(1..=PROVIDERS.len() as i64).contains(id))
        {
            return Err(DemoError::NoProvider(PROVIDERS.len()));
        }
        if let Some(unknown) = models
            .iter()
            .find(|name| MODELS.iter().all(|model| model.name != **name))
        {
            let (name, known) = (unknown.clone(), model_names());
            return Err(DemoError::NoModel { name, known });
        }
        choice.has_models = !models.is_empty();
        if choice.has_models {
            choice
                .models
                .retain(|model| models.iter().any(|name| name == model.name));
        }
        if !providers.is_empty() {
            choice.providers.retain(|served| providers.contains(&served.id));
            let (served, has_models) = (choice.providers.clone(), choice.has_models);
            let is_served = |family: Family| served.iter().any(|served| served.provider.family == family);
            if let (true, Some(model)) = (
                has_models,
                choice.models.iter().find(|model| !is_served(model.family)),
            ) {
                return Err(DemoError::ModelWithoutProvider(model.name));
            }
            choice.models.retain(|model| is_served(model.family));
        }
        let has_model = |served: &&Served| {
            choice
                .models
                .iter()
                .any(|model| model.family == served.provider.family)
        };
        match choice.providers.iter().find(|served| !has_model(served)) {
            Some(idle) if !providers.is_empty() => Err(DemoError::ProviderWithoutModel(idle.id)),
            _ => Ok(choice),
        }
    }

    /// Returns whether requests of this user are made.
    pub(crate) fn has_user(&self, id: i32) -> bool {
        self.users.as_ref().is_none_or(|users| users.contains(&id))
    }

    /// Returns whether some requests have outlived their user or key.
    pub(crate) fn has_orphans(&self) -> bool {
        self.users.is_none()
    }

    /// Returns whether a provider may send a request to another model than the client asked for.
    pub(crate) fn may_redirect(&self) -> bool {
        !self.has_models
    }

    pub(crate) fn model(&self, dice: &mut Dice) -> &'static Model {
        self.models[dice.place(self.models.len())]
    }

    /// Returns a provider of the model with its id, mostly one with an ordinary name.
    pub(crate) fn provider_of(&self, model: &Model, dice: &mut Dice) -> (i64, &'static Provider) {
        loop {
            let served = &self.providers[dice.place(self.providers.len())];
            if served.provider.family == model.family && (served.is_ordinary || dice.once_in(4)) {
                return (served.id, served.provider);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(models: &[&str]) -> Vec<String> {
        models.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn providers_choose_their_models_and_models_their_providers() {
        let choice = Choice::new(&[2], &[9], &[]).unwrap();
        assert!(choice.models.iter().all(|model| model.family == Family::Gemini));
        assert!(choice.has_user(2) && !choice.has_user(1) && !choice.has_orphans());
        let choice = Choice::new(&[], &[], &names(&["gpt-5-mini"])).unwrap();
        let mut dice = Dice::new(1);
        let model = choice.model(&mut dice);
        assert_eq!(model.name, "gpt-5-mini");
        assert_eq!(choice.provider_of(model, &mut dice).1.family, Family::Gpt);
    }

    #[test]
    fn what_the_demo_does_not_have_is_named() {
        let refusal = |users: &[i64], providers: &[i64], models: &[&str]| {
            Choice::new(users, providers, &names(models))
                .unwrap_err()
                .to_string()
        };
        assert!(refusal(&[0], &[], &[]).contains("1 to 46"));
        assert!(refusal(&[], &[13], &[]).contains("1 to 12"));
        assert!(refusal(&[], &[], &["gpt-9"]).contains("gemini-2.5-pro"));
        assert!(refusal(&[], &[1], &["gpt-5-mini"]).contains("gpt-5-mini"));
        assert!(refusal(&[], &[1, 6], &["gpt-5-mini"]).contains('1'));
    }
}
