//! Texts about the webhooks of a hub.

use api::webhooks::WebhookMigrationResult;

use super::count;

/// Returns the title of a kind of notification. One of a newer hub has its own word.
pub fn notification_type(word: &str) -> &str {
    match word {
        "circuit_breaker" => "circuit breaker",
        "daily_leaderboard" => "daily leaderboard",
        "cost_alert" => "cost alert",
        "cache_hit_rate_alert" => "cache hit rate",
        other => other,
    }
}

/// `Made 2 targets and 3 bindings. The hub uses them now.`
pub fn migrated(result: &WebhookMigrationResult) -> String {
    let several = |number: u64, word: &str| match number {
        1 => format!("1 {word}"),
        number => format!("{} {word}s", count(number)),
    };
    let made = format!(
        "Made {} and {}",
        several(result.created_targets, "target"),
        several(result.created_bindings, "binding")
    );
    match result.success {
        true => format!("{made}. The hub uses its targets now."),
        false => {
            format!("{made}. The hub uses its old settings until each webhook has a provider or is left out.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_says_what_the_hub_uses() {
        let mut result = WebhookMigrationResult {
            success: true,
            created_targets: 2,
            created_bindings: 1,
            skipped: Vec::new(),
        };
        assert_eq!(
            migrated(&result),
            "Made 2 targets and 1 binding. The hub uses its targets now."
        );
        result.success = false;
        assert!(migrated(&result).contains("until each webhook has a provider"));
    }
}
