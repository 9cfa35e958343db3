//! Listening, with or without TLS of our own, until told to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;

use crate::routes::router;
use crate::state::{Desk, Web};

/// How long requests under way may take after the program was told to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(20);
/// How often sessions and tickets that are over are removed.
const SWEEP: Duration = Duration::from_secs(600);

/// Why serving did not begin or went on no longer.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Certificate or key.
    #[error("certificate {certificate} with key {key} cannot be used: {error}")]
    Tls {
        /// File of the chain.
        certificate: String,
        /// File of the key.
        key: String,
        /// What is wrong.
        error: std::io::Error,
    },
    /// The address is taken or not ours.
    #[error("{address} cannot be listened on: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
}

/// Serves until `stop` is done; then takes no new connections and gives requests under way 20 seconds. `listening` hears the
/// address once it is open (port 0 becomes a real one).
pub async fn serve<S: Desk>(
    web: Web<S>,
    stop: impl Future<Output = ()> + Send + 'static,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let address = web.settings.listen;
    let failed = |error| ServeError::Listen { address, error };
    let tls = match &web.settings.tls {
        None => None,
        Some((certificate, key)) => {
            let config = RustlsConfig::from_pem_file(certificate, key).await.map_err(|error| ServeError::Tls {
                certificate: certificate.display().to_string(),
                key: key.display().to_string(),
                error,
            })?;
            Some(config)
        }
    };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    listening(listener.local_addr().map_err(failed)?);

    let handle = Handle::new();
    let stopper = handle.clone();
    tokio::spawn(async move {
        stop.await;
        stopper.graceful_shutdown(Some(LAST_REQUESTS));
    });
    let sweeper = tokio::spawn(sweep(web.clone()));
    let service = router(web).into_make_service_with_connect_info::<SocketAddr>();
    let served = match tls {
        None => match axum_server::from_tcp(listener) {
            Ok(server) => server.handle(handle).serve(service).await,
            Err(error) => Err(error),
        },
        Some(config) => match axum_server::from_tcp_rustls(listener, config) {
            Ok(server) => server.handle(handle).serve(service).await,
            Err(error) => Err(error),
        },
    };
    sweeper.abort();
    served.map_err(failed)
}

async fn sweep<S: Desk>(web: Web<S>) {
    let web = Arc::new(web);
    loop {
        if let Err(error) = web.store.sweep(web.now()).await {
            tracing::warn!("sessions that are over could not be removed: {error}");
        }
        tokio::time::sleep(SWEEP).await;
    }
}
