//! The help port's one page.

use maud::{DOCTYPE, Markup, html};

use super::{platform::Platform, steps};
use crate::tls::Published;

/// What the page depends on.
pub struct Page<'a> {
    /// Where the talk is, the likeliest first.
    pub origins: &'a [String],
    /// Whom to trust; `None` when a certificate was brought that devices trust already.
    pub authority: Option<&'a Published>,
    /// Whose steps are open.
    pub platform: Platform,
}

impl Page<'_> {
    /// As HTML.
    pub fn render(&self) -> String {
        let (first, others) = self.origins.split_first().map_or(("", &[][..]), |(first, others)| (first, others));
        document(
            "Lanline: help",
            &html! {
                section {
                    h1 { "Talk on this Wi-Fi" }
                    p { "Scan the code or open the link that you were given. Without one, this is the relay:" }
                    p { a class="button main" href=(first) { (first) } }
                    @if !others.is_empty() {
                        details {
                            summary { "It has other addresses too" }
                            ul { @for other in others { li { a href=(other) { (other) } } } }
                        }
                    }
                }
                @match self.authority {
                    Some(authority) => (trust(authority, self.platform)),
                    None => section { p { "Its certificate is one that devices trust already; there is nothing to install." } },
                }
                (without())
                (nothing_opens(first))
            },
        )
    }
}

/// For every other address.
pub fn not_here() -> String {
    document(
        "Not here",
        &html! {
            section {
                h1 { "This port only helps" }
                p { a class="button" href="/" { "To the help" } }
            }
        },
    )
}

fn trust(authority: &Published, platform: Platform) -> Markup {
    let name = authority.name();
    let fingerprint = authority.fingerprint();
    html! {
        section {
            h2 { "Let this device trust the relay" }
            p {
                "Browsers give the microphone only to pages they trust, and nobody on the internet can vouch for a local "
                "address. So this relay has an authority of its own, called " b { (name) } ". It can vouch for addresses of local "
                "networks and nothing else, so no other website can be forged with it."
            }
            @for each in Platform::ALL {
                details open[each == platform] {
                    summary { (steps::title(each)) }
                    div class="steps" { (steps::steps(each, &name)) }
                }
            }
            p class="soft" { "This page came without encryption. The fingerprint, which the relay's screen and your device show too, tells whether what you got is genuine (SHA-256):" }
            p { code class="fingerprint" { (fingerprint) } }
        }
    }
}

fn without() -> Markup {
    html! {
        section {
            h2 { "Without a microphone" }
            p {
                "Who only wants to listen opens the page and taps " b { "Only listen" } "; no microphone is asked for, but the page has "
                "to open, by one of the ways above. A computer can do without a browser: "
                code { "capture-cli listen --insecure --url LINK" } "."
            }
        }
    }
}

fn nothing_opens(first: &str) -> Markup {
    html! {
        section {
            h2 { "The page does not open" }
            ul {
                li { "Is this device on the same Wi-Fi? Turn mobile data, VPN and private relay off for a moment." }
                li { "Does the address begin with " code { "https://" } "? " @if !first.is_empty() { code { (first) } } }
                li {
                    "You read this, so the way to the relay is free. If others do not even get here, their access point may keep its "
                    "clients apart (client isolation, guest network): use another network, or turn that off."
                }
                li { "It opens, and stays without connection? Then the certificate is not trusted yet: on an iPhone, the third step." }
                li { "Open " code { (first) "/check" } " there: it tells what is missing." }
            }
        }
    }
}

fn document(title: &str, content: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" type="image/svg+xml" href="/icon.svg";
                link rel="stylesheet" href="/help.css";
            }
            body { main { (content) } }
        }
    }
    .into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_data() {
        let origins = ["https://\"><script>alert(1)</script>".to_owned()];
        let page = Page { origins: &origins, authority: None, platform: Platform::Linux }.render();
        assert!(!page.contains("<script") && page.contains("&lt;script"));
    }
}
