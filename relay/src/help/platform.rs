//! Which steps to show first.

/// What a device runs, as far as trusting a certificate goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// iPhone and iPad.
    Apple,
    /// Android phones and tablets.
    Android,
    /// Windows.
    Windows,
    /// A Mac; an iPad may say so too.
    Mac,
    /// Linux and all else.
    Linux,
}

impl Platform {
    /// Every one, in the order of the page.
    pub const ALL: [Self; 5] = [Self::Apple, Self::Android, Self::Windows, Self::Mac, Self::Linux];

    /// What a `User-Agent` header hints at. It only decides which steps are open at first; all are on the page.
    #[must_use]
    pub fn of(agent: &str) -> Self {
        let says = |word: &str| agent.contains(word);
        if says("iPhone") || says("iPad") || says("iPod") {
            Self::Apple
        } else if says("Android") {
            Self::Android
        } else if says("Windows") {
            Self::Windows
        } else if says("Macintosh") {
            Self::Mac
        } else {
            Self::Linux
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_browser_is_taken_for_what_it_runs_on() {
        for (agent, platform) in [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
                Platform::Apple,
            ),
            ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile", Platform::Android),
            ("Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0", Platform::Android),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Edg/130.0.0.0", Platform::Windows),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15", Platform::Mac),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", Platform::Linux),
            ("curl/8.9", Platform::Linux),
            ("", Platform::Linux),
        ] {
            assert_eq!(Platform::of(agent), platform, "{agent}");
        }
    }
}
