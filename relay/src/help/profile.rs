//! The configuration profile by which an iPhone takes the authority: Apple's "Configuration Profile Reference",
//! payload `com.apple.security.root`.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{Digest, SHA256, digest};

use crate::tls::Published;

/// The profile of an authority, an XML property list.
#[must_use]
pub fn profile(authority: &Published) -> String {
    let hash = digest(&SHA256, &authority.der);
    let name = xml(&authority.name());
    // The same authority gives the same profile, so that installing it twice leaves one.
    let (profile, payload) = (uuid(&hash, 0), uuid(&hash, 16));
    let content = STANDARD.encode(&authority.der);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadVersion</key><integer>1</integer>
  <key>PayloadIdentifier</key><string>lanline.{profile}</string>
  <key>PayloadUUID</key><string>{profile}</string>
  <key>PayloadDisplayName</key><string>{name}</string>
  <key>PayloadDescription</key><string>Lets this device trust this Lanline relay, for addresses of local networks only.</string>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadVersion</key><integer>1</integer>
      <key>PayloadIdentifier</key><string>lanline.{profile}.root</string>
      <key>PayloadUUID</key><string>{payload}</string>
      <key>PayloadDisplayName</key><string>{name}</string>
      <key>PayloadCertificateFileName</key><string>lanline.crt</string>
      <key>PayloadContent</key><data>{content}</data>
    </dict>
  </array>
</dict>
</plist>
"#
    )
}

/// A UUID from a hash, marked as version 8: RFC 9562 section 5.8.
fn uuid(hash: &Digest, from: usize) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[from..from + 16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::new();
    for (n, byte) in bytes.iter().enumerate() {
        if matches!(n, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02X}");
    }
    text
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
