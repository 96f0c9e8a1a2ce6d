//! The demo page, the npm package and the documentation, as files.

use std::path::Path;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::Redirect;
use axum::routing::{any, get};
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::app::{Shared, unknown};

/// `/`, `/www/*`, `/pkg/*` and `/docs/*`, which is what `make docs` leaves in `site/`. Nothing is used from a cache unasked, so that a rebuilt file is seen.
pub(crate) fn routes(root: &Path) -> Router<Shared> {
    let folder = |name: &str| ServeDir::new(root.join(name)).fallback(any(unknown));
    Router::new()
        .route_service("/", ServeFile::new(root.join("www/index.html")))
        .nest_service("/www", folder("www"))
        .nest_service("/pkg", folder("pkg"))
        // Its pages link to each other by their names alone.
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .nest_service("/docs/", folder("site"))
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-cache")))
}
