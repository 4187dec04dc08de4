//! The page, embedded: built from `web` by the build script, which compresses what gets smaller by it.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/page"]
struct Files;

/// The build tool puts a hash of the content into the names below this folder.
const HASHED: &str = "assets/";

/// What the build script adds to the name of a file for its compressed content.
const COMPRESSED: &str = ".gz";

/// Scripts from this relay only, WebAssembly compiled, nothing inline, and no other page around this one.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    worker-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; \
    object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Headers of every answer.
pub const SECURITY_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("microphone=(self), camera=(), geolocation=()"),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// The page itself.
#[must_use]
pub fn index(request: &HeaderMap) -> Response {
    file("index.html", request)
}

/// A file of the page, by its path without the leading slash.
#[must_use]
pub fn file(path: &str, request: &HeaderMap) -> Response {
    let Some(plain) = Files::get(path).filter(|_| !path.ends_with(COMPRESSED)) else {
        return Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here").into_response();
    };
    let content_type = content_type(&plain);
    let compressed = Files::get(&format!("{path}{COMPRESSED}"));
    let varies = compressed.is_some();
    let compressed = compressed.filter(|_| takes_gzip(request));
    let coded = compressed.is_some();
    let file = compressed.unwrap_or(plain);
    let etag = etag(&file);
    let caching = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        (header::ETAG, etag.clone()),
        (header::CONTENT_TYPE, content_type),
    ];
    let vary = varies.then_some([(header::VARY, HeaderValue::from_static("accept-encoding"))]);
    if has_it(request, &etag) {
        return (StatusCode::NOT_MODIFIED, vary, headers).into_response();
    }
    let coding = coded.then_some([(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
    (vary, coding, headers, file.data).into_response()
}

/// Whether a browser has what is named so already. What is between may have weakened the name (RFC 9110, section 13.1.2).
fn has_it(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let known = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|known| known.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known).as_bytes() == etag.as_bytes()
    })
}

/// Whether a browser takes content that is gzipped (RFC 9110, section 12.5.3).
fn takes_gzip(request: &HeaderMap) -> bool {
    let codings = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|codings| codings.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn etag(file: &EmbeddedFile) -> HeaderValue {
    use std::fmt::Write;
    let hash = file.metadata.sha256_hash();
    let mut tag = String::from("\"");
    for byte in &hash[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    HeaderValue::from_str(&tag).expect("hexadecimal digits in quotes are a header value")
}

fn content_type(file: &EmbeddedFile) -> HeaderValue {
    let mime = file.metadata.mimetype();
    let text = mime.starts_with("text/") || mime.ends_with("javascript") || mime.ends_with("json");
    let value = if text { format!("{mime}; charset=utf-8") } else { mime.to_owned() };
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_asked_for_again_and_answered_briefly() {
        let first = index(&HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(first.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let again = HeaderMap::from_iter([(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone())]);
        assert_eq!(index(&again).status(), StatusCode::NOT_MODIFIED);
        let etag = first.headers()[header::ETAG].to_str().expect("text");
        for (known, status) in [
            (format!("\"other\", W/{etag}"), StatusCode::NOT_MODIFIED),
            ("*".into(), StatusCode::NOT_MODIFIED),
            ("\"other\"".into(), StatusCode::OK),
        ] {
            let known = HeaderValue::from_str(&known).expect("a header value");
            assert_eq!(index(&HeaderMap::from_iter([(header::IF_NONE_MATCH, known)])).status(), status);
        }
    }

    #[test]
    fn hashed_files_are_kept_for_good() {
        let hashed = Files::iter().filter(|path| path.starts_with(HASHED) && !path.ends_with(COMPRESSED));
        for path in hashed {
            let answer = file(&path, &HeaderMap::new());
            assert!(answer.headers()[header::CACHE_CONTROL].to_str().expect("text").contains("immutable"), "{path}");
        }
    }

    fn accepting(codings: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(codings))])
    }

    #[test]
    fn gzip_is_for_those_who_take_it() {
        for codings in ["gzip", "br, gzip;q=0.5", "deflate,GZIP"] {
            assert!(takes_gzip(&accepting(codings)), "{codings}");
        }
        for codings in ["", "identity", "br", "gzip;q=0", "br, gzip; q=0.0", "xgzip"] {
            assert!(!takes_gzip(&accepting(codings)), "{codings}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn what_is_compressed_is_the_file_and_has_an_etag_of_its_own() {
        use std::io::Read;
        let (plain, coded) = (index(&HeaderMap::new()), index(&accepting("gzip")));
        assert_eq!(plain.headers()[header::VARY], "accept-encoding");
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(coded.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(coded.headers()[header::CONTENT_TYPE], plain.headers()[header::CONTENT_TYPE]);
        assert_ne!(coded.headers()[header::ETAG], plain.headers()[header::ETAG]);
        let body = async |answer: Response| axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
        let (plain, coded) = (body(plain).await, body(coded).await);
        let mut content = Vec::new();
        flate2::read::GzDecoder::new(&coded[..]).read_to_end(&mut content).expect("gzip");
        assert!(coded.len() < plain.len() && content == plain, "{} and {} bytes", coded.len(), plain.len());
    }

    #[test]
    fn nothing_outside_the_page_is_served() {
        for path in ["", "../Cargo.toml", "assets/../../Cargo.toml", "/etc/passwd", "assets", "index.html.gz"] {
            assert_eq!(file(path, &HeaderMap::new()).status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
