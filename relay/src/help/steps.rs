//! How to trust the relay's authority, for each platform, and how to take it back.

use maud::{Markup, html};

use super::{
    picture::{
        Row::{Other, Switch, Tap},
        list, question,
    },
    platform::Platform,
};

/// What a platform is called.
pub fn title(platform: Platform) -> &'static str {
    match platform {
        Platform::Apple => "iPhone, iPad",
        Platform::Android => "Android",
        Platform::Windows => "Windows",
        Platform::Mac => "Mac",
        Platform::Linux => "Linux",
    }
}

/// The steps; `name` is what lists of authorities call the relay's.
pub fn steps(platform: Platform, name: &str) -> Markup {
    match platform {
        Platform::Apple => apple(name),
        Platform::Android => android(),
        Platform::Windows => windows(),
        Platform::Mac => mac(name),
        Platform::Linux => linux(),
    }
}

fn apple(name: &str) -> Markup {
    html! {
        p { "Safari talks to the relay only once this device trusts it. Three steps, once for each device." }
        ol {
            li {
                p { a class="button" href="/ca.mobileconfig" { "Get the profile" } " in Safari, and tap " b { "Allow" } "." }
                (question(&["This website is trying to", "download a profile."], &["Ignore", "Allow"], "Allow"))
            }
            li {
                p { "Open " b { "Settings" } ", tap " b { "Profile Downloaded" } ", then " b { "Install" } "." }
                (list("Settings", &[Tap("Profile Downloaded"), Other("Airplane Mode"), Other("Wi-Fi")]))
            }
            li {
                p {
                    "In Settings go to " b { "General" } ", " b { "About" } ", and at the very end "
                    b { "Certificate Trust Settings" } ". Turn the switch on."
                }
                (list("Certificate Trust Settings", &[Switch(name_on_screen(name))]))
            }
        }
        p class="soft" {
            "To take it back: Settings, General, VPN & Device Management, " (name) ", Remove Profile."
        }
    }
}

/// What fits on the drawing.
fn name_on_screen(name: &str) -> &str {
    name.char_indices().nth(17).map_or(name, |(end, _)| &name[..end])
}

fn android() -> Markup {
    html! {
        h3 { "The quick way" }
        p { "Open the page. Chrome warns; tap " b { "Advanced" } ", then " b { "Proceed" } ". The microphone works." }
        (question(&["Your connection", "is not private"], &["Advanced", "Back to safety"], "Advanced"))
        h3 { "Without the warning" }
        ol {
            li { p { a class="button" href="/ca.crt" { "Get the certificate" } } }
            li {
                p {
                    "Open " b { "Settings" } " and search for " b { "CA certificate" } ". It is under Security & privacy, "
                    "More security settings, Encryption & credentials, Install a certificate."
                }
                (list("Install a certificate", &[Tap("CA certificate"), Other("VPN & app user"), Other("Wi-Fi certificate")]))
            }
            li {
                p { "Tap " b { "Install anyway" } " and choose " code { "lanline.crt" } " among the downloads." }
                (question(&["Your data won't", "be private"], &["Install anyway", "Don't install"], "Install anyway"))
            }
        }
        p class="soft" {
            "Firefox on Android: Settings, About Firefox, tap the logo five times; back in Settings, Secret Settings, "
            "Use third party CA certificates. To take it back: Settings, Trusted credentials, User."
        }
    }
}

fn windows() -> Markup {
    html! {
        (click_through())
        h3 { "Chrome and Edge, without the warning" }
        ol {
            li { p { a class="button" href="/ca.crt" { "Get the certificate" } " and open it." } }
            li {
                p { b { "Install Certificate" } ", " b { "Current User" } ", Next." }
                (list("Certificate", &[Other("General"), Other("Details"), Tap("Install Certificate…")]))
            }
            li {
                p { b { "Place all certificates in the following store" } ", Browse, " b { "Trusted Root Certification Authorities" } ", Finish, Yes." }
                (list("Certificate store", &[Other("Personal"), Tap("Trusted Root Certific…"), Other("Enterprise Trust")]))
            }
        }
        p class="soft" {
            "Or in a terminal: " code { "certutil -user -addstore Root lanline.crt" } ". To take it back: certmgr.msc."
        }
        (firefox())
    }
}

fn mac(name: &str) -> Markup {
    html! {
        p { "On an iPad that calls itself a Mac, follow the steps for iPhone." }
        (click_through())
        h3 { "Safari and Chrome, without the warning" }
        ol {
            li { p { a class="button" href="/ca.crt" { "Get the certificate" } " and open it; Keychain Access takes it into " b { "login" } "." } }
            li {
                p { "Open " b { (name) } " there, then " b { "Trust" } ", and choose " b { "Always Trust" } "." }
                (list("Trust", &[Tap("Always Trust"), Other("Never Trust")]))
            }
        }
        p class="soft" {
            "Or in Terminal: " code { "security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db lanline.crt" }
            ". To take it back, delete it in Keychain Access."
        }
        (firefox())
    }
}

fn linux() -> Markup {
    html! {
        (click_through())
        h3 { "Chromium and Chrome, without the warning" }
        ol {
            li { p { a class="button" href="/ca.crt" { "Get the certificate" } } }
            li {
                p { "In a terminal (package " code { "libnss3-tools" } "), then start the browser again:" }
                pre { code { "certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n Lanline -i lanline.crt" } }
            }
        }
        p class="soft" { "To take it back: " code { "certutil -d sql:$HOME/.pki/nssdb -D -n Lanline" } }
        (firefox())
    }
}

fn click_through() -> Markup {
    html! {
        h3 { "The quick way" }
        p {
            "Open the page. The browser warns; click " b { "Advanced" } ", then " b { "Proceed" } " (Firefox: "
            b { "Accept the Risk and Continue" } "). The microphone works."
        }
    }
}

fn firefox() -> Markup {
    html! {
        h3 { "Firefox, without the warning" }
        p {
            a href="/ca.crt" { "Get the certificate" } ". Settings, Privacy & Security, View Certificates, Authorities, "
            b { "Import" } ", and tick " b { "Trust this CA to identify websites" } "."
        }
        (question(&["Trust this CA to", "identify websites?"], &["✓ websites", "OK"], "✓ websites"))
    }
}
