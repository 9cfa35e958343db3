//! Whether the program lives, whether it can work, and figures for Prometheus.

use std::sync::OnceLock;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use quittance_rules::users::Role;

use crate::error::WebError;
use crate::routes::{Access, Row};
use crate::state::{Desk, Web};

/// The routes of health. `/metrics` counts money and cases, so it needs somebody who sees all entities: a token with scope `read`.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    vec![
        Row::get("/healthz", Access::Open, get(lives)),
        Row::get("/readyz", Access::Open, get(ready::<S>)),
        Row::get("/metrics", Access::Everywhere(Role::Viewer), get(figures::<S>)),
    ]
}

static PROMETHEUS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to collect what the program counts; a second call changes nothing.
pub fn collect() {
    if PROMETHEUS.get().is_none()
        && let Ok(handle) = PrometheusBuilder::new().install_recorder()
    {
        // Of two at once, one has installed its recorder; the other one's handle would show nothing.
        let _ = PROMETHEUS.set(handle);
    }
}

/// The process answers.
pub async fn lives() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// The database answers too.
pub async fn ready<S: Desk>(State(web): State<Web<S>>) -> Result<Json<serde_json::Value>, WebError> {
    web.store.ping().await?;
    Ok(Json(serde_json::json!({ "status": "ready" })))
}

/// Figures in Prometheus' text format.
pub async fn figures<S: Desk>(State(web): State<Web<S>>) -> Result<Response, WebError> {
    for line in web.store.pending_counts().await? {
        let entity = line.entity.map(|entity| entity.to_string()).unwrap_or_default();
        let currency = line.amount.map(|amount| amount.currency().code()).unwrap_or_default();
        let labels = [("kind", line.kind), ("entity", entity), ("currency", currency.to_owned())];
        // A gauge is a float by its format; counts of cases are far below what one holds exactly.
        metrics::gauge!("quittance_pending_cases", &labels).set(line.count as f64);
    }
    let text = PROMETHEUS.get().map(PrometheusHandle::render).unwrap_or_default();
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    Ok(response)
}
