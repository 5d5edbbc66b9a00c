//! The flags of `decant export`, one for each parameter of a selection and a file.

/// Returns the flag of a parameter in kebab case, without the hyphens before it: `status-code`,
/// `include-system-fields`.
pub fn long(parameter: &str) -> String {
    let mut long = String::new();
    for letter in parameter.replace('_', "-").chars() {
        if letter.is_ascii_uppercase() {
            long.push('-');
        }
        long.push(letter.to_ascii_lowercase());
    }
    long
}
