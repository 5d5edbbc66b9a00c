//! The address of a webhook: which service it belongs to, and what a target needs of it.

use api::webhooks::WebhookProvider as Provider;
use url::Url;

/// Returns the host, without a port. Empty if the text is no address.
#[must_use]
pub fn host(address: &str) -> String {
    let url = Url::parse(address).ok();
    let host = url.as_ref().and_then(Url::host_str);
    host.unwrap_or_default().to_owned()
}

/// Returns the service of a host. The hub looks for these names anywhere in an address, also in a path of another host.
#[must_use]
pub fn provider(host: &str) -> Option<Provider> {
    match host {
        "qyapi.weixin.qq.com" => Some(Provider::Wechat),
        "open.feishu.cn" | "larksuite.com" => Some(Provider::Feishu),
        "oapi.dingtalk.com" => Some(Provider::Dingtalk),
        "api.telegram.org" => Some(Provider::Telegram),
        host if host.ends_with(".larksuite.com") => Some(Provider::Feishu),
        _ => None,
    }
}

/// The bot and the chat of an address such as `https://api.telegram.org/bot<token>/sendMessage?chat_id=42`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelegramChat {
    pub bot_token: String,
    pub chat_id: String,
}

impl TelegramChat {
    /// Returns `None` if the address lacks the token or the chat.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok()?;
        let bot_token = url.path_segments()?.next()?.strip_prefix("bot")?;
        let (_, chat_id) = url.query_pairs().find(|(name, _)| name == "chat_id")?;
        (!bot_token.is_empty() && !chat_id.is_empty()).then(|| Self {
            bot_token: bot_token.to_owned(),
            chat_id: chat_id.into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_decides_on_the_service() {
        for (address, expected) in [
            (
                "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1",
                Some(Provider::Wechat),
            ),
            (
                "https://open.feishu.cn/open-apis/bot/v2/hook/1",
                Some(Provider::Feishu),
            ),
            (
                "https://OPEN.larksuite.com:443/open-apis/bot/v2/hook/1",
                Some(Provider::Feishu),
            ),
            (
                "https://oapi.dingtalk.com/robot/send?access_token=1",
                Some(Provider::Dingtalk),
            ),
            (
                "https://api.telegram.org/bot1:a/sendMessage?chat_id=2",
                Some(Provider::Telegram),
            ),
            ("https://example.com/api.telegram.org", None),
            ("https://larksuite.com.example.com/", None),
            ("https://notlarksuite.com/", None),
            ("no address", None),
        ] {
            assert_eq!(provider(&host(address)), expected, "{address}");
        }
    }

    #[test]
    fn the_token_and_the_chat_are_taken_out_of_an_address() {
        let chat = TelegramChat::parse("https://api.telegram.org/bot1:a-B/sendMessage?x=1&chat_id=-100%3A2")
            .unwrap();
        assert_eq!(
            (chat.bot_token.as_str(), chat.chat_id.as_str()),
            ("1:a-B", "-100:2")
        );
        for incomplete in [
            "https://api.telegram.org/bot1:a/sendMessage",
            "https://api.telegram.org/bot/sendMessage?chat_id=2",
            "https://api.telegram.org/?chat_id=2",
            "https://api.telegram.org/bot1:a/sendMessage?chat_id=",
        ] {
            assert_eq!(TelegramChat::parse(incomplete), None, "{incomplete}");
        }
    }
}
