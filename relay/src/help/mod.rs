//! The help port: plain HTTP that helps to reach the page, and does nothing else.
//!
//! A phone that does not trust the relay's certificate cannot be helped by a page behind it. So this one tells which
//! address to open, hands out the authority's certificate and shows the steps to trust it. It never serves the page,
//! and it tells nothing about rooms.

pub mod note;
mod page;
mod picture;
mod platform;
mod profile;
mod steps;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, uri::Authority},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};

use self::{page::Page, platform::Platform};
use crate::{
    reach,
    tls::{Published, Tls},
};

/// What the help port knows.
#[derive(Clone)]
pub struct Help {
    /// What the page's port shows.
    pub tls: Arc<Tls>,
    /// The page's port.
    pub bound: SocketAddr,
}

/// No scripts, nothing from elsewhere.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// All routes of the help port.
pub fn router(help: Help) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/ca.crt", get(certificate))
        .route("/ca.mobileconfig", get(mobileconfig))
        .route("/help.css", get(async || file("text/css; charset=utf-8", include_str!("help.css"))))
        .route("/icon.svg", get(async || file("image/svg+xml", include_str!("icon.svg"))))
        .fallback(async || (StatusCode::NOT_FOUND, html(page::not_here())))
        .layer(middleware::map_response(async |mut response: Response| {
            response.headers_mut().extend(SECURITY_HEADERS);
            response
        }))
        .with_state(help)
}

async fn index(State(help): State<Help>, headers: HeaderMap) -> Response {
    let shown = help.tls.shown();
    let mut origins = reach::origins(help.bound, Some(&shown));
    if !shown.brought {
        prefer(&mut origins, &headers);
    }
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let page = Page { origins: &origins, authority: help.tls.authority(), platform: Platform::of(agent) };
    html(page.render())
}

/// The address by which this device reached the help port leads it to the page too. What the request says is only
/// compared with what the relay knows, never repeated.
fn prefer(origins: &mut [String], headers: &HeaderMap) {
    let Some(asked) = headers.get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok()) else {
        return;
    };
    let host = |origin: &String| {
        let authority = origin.split_once("://").and_then(|(_, authority)| authority.parse::<Authority>().ok());
        authority.is_some_and(|authority| authority.host().eq_ignore_ascii_case(asked.host()))
    };
    if let Some(place) = origins.iter().position(host) {
        origins[..=place].rotate_right(1);
    }
}

async fn certificate(State(help): State<Help>) -> Response {
    download(&help, |authority| {
        // Android and Windows open it by this type.
        ("application/x-x509-ca-cert", "attachment; filename=\"lanline.crt\"", authority.der.to_vec())
    })
}

async fn mobileconfig(State(help): State<Help>) -> Response {
    download(&help, |authority| {
        let profile = profile::profile(authority).into_bytes();
        ("application/x-apple-aspen-config", "attachment; filename=\"lanline.mobileconfig\"", profile)
    })
}

fn download(help: &Help, make: impl Fn(&Published) -> (&'static str, &'static str, Vec<u8>)) -> Response {
    // A certificate that was brought is trusted as it is, or its owner hands out what it needs.
    let Some(authority) = help.tls.authority() else {
        return (StatusCode::NOT_FOUND, html(page::not_here())).into_response();
    };
    let (kind, disposition, body) = make(authority);
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], body).into_response()
}

fn file(kind: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], content).into_response()
}

fn html(page: String) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_was_reached_comes_first_and_nothing_else_is_believed() {
        let listed = ["https://10.0.0.5:8443", "https://[fd00::1]:8443", "https://192.168.1.20:8443"];
        for (host, first) in [
            ("192.168.1.20:8080", listed[2]),
            ("192.168.1.20", listed[2]),
            ("[fd00::1]:8080", listed[1]),
            ("evil.example", listed[0]),
            ("192.168.1.20.evil.example", listed[0]),
            ("\"><script>", listed[0]),
            ("", listed[0]),
        ] {
            let mut origins = listed.map(str::to_owned);
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_str(host).expect("a value"))]);
            prefer(&mut origins, &headers);
            assert_eq!(origins[0], first, "{host}");
            assert_eq!(origins.len(), listed.len());
        }
    }
}
