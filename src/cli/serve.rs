use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::SignedDuration;
use quittance_agent::import::Placing;
use quittance_agent::ports_accounts::Accounts as _;
use quittance_agent::ports_pages::{Imported, Upload};
use quittance_rules::cases::Actor;
use quittance_rules::journal::InputKind;
use quittance_rules::users::Role;
use quittance_tools::clock::SystemClock;
use quittance_tools::store::Database;
use quittance_web::{Settings as WebSettings, Web};

use super::import::{Importer, import_one};
use super::settings::DbArgs;
use super::{Outcome, Usage};

/// Arguments of `serve`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    db: DbArgs,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The address people type, when it is another one: https://quittance.example.com
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Certificate chain (PEM) for TLS of its own
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Key (PEM) of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Address of a proxy whose X-Forwarded-For is believed (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    trusted_proxy: Vec<IpAddr>,
}

/// How the pages are served, from flags and settings.
fn web_settings(args: &Args) -> anyhow::Result<WebSettings> {
    let mut web = WebSettings::for_address(args.listen);
    web.tls = args.tls_certificate.clone().zip(args.tls_key.clone());
    web.trusted_proxies.clone_from(&args.trusted_proxy);
    if web.tls.is_some() {
        web.public_url = format!("https://{}", args.listen);
    }
    if let Some(url) = &args.public_url {
        let url = url.trim_end_matches('/');
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains(['/', '?', '#', ' '])) {
            return Err(Usage(format!("--public-url `{url}`: write it like https://quittance.example.com")).into());
        }
        web.public_url = url.to_owned();
    }
    Ok(web)
}

/// Serves the pages until SIGINT or SIGTERM.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let (database, _) = args.db.open().await?;
    let web = Web::new(database.clone(), Arc::new(SystemClock), web_settings(&args)?)
        .with_importer(Arc::new(WebImporter(database.clone())));
    // Identity providers are asked over TLS; the program brings one implementation and says which.
    rustls::crypto::ring::default_provider().install_default().map_err(|_| anyhow::anyhow!("TLS is set up already"))?;
    quittance_web::pages::health::collect();
    if !web.settings.is_secure() && !args.listen.ip().is_loopback() {
        eprintln!(
            "quittance: warning: passwords would cross the network unprotected; use --tls-certificate and --tls-key, or a proxy with \
             TLS and --public-url https://…"
        );
    }
    let first = first_link(&web).await?;
    let stop = stopped()?;
    let public = args.public_url.is_some();
    let scheme = if web.settings.tls.is_some() { "https" } else { "http" };
    let public_url = web.settings.public_url.clone();
    quittance_web::serve::serve(web, stop, move |address| {
        let base = if public { public_url.clone() } else { format!("{scheme}://{address}") };
        println!("serving {base}");
        if let Some(path) = first {
            println!("nobody can sign in yet; make the first admin within 24 hours at {base}{path}");
        }
    })
    .await
    .context("serving the pages")?;
    database.close().await;
    Ok(Outcome::Done)
}

/// The path of a link that makes the first admin, while there is nobody who could sign in: no people, or no admin with a password or
/// an account elsewhere.
async fn first_link(web: &Web<Database>) -> anyhow::Result<Option<String>> {
    let users = web.store.users().await?;
    let admins: Vec<_> = users.iter().filter(|user| user.may_everywhere(Role::Admin)).collect();
    for admin in &admins {
        if admin.external.is_some() || web.store.credentials(&admin.id).await?.password.is_some() {
            return Ok(None);
        }
    }
    let user = match admins.first() {
        Some(admin) => admin.id.clone(),
        None if users.is_empty() => super::user::first_admin(&web.store).await?,
        // There are people, and somebody took the last admin away by hand: `quittance user add` is the way back.
        None => return Ok(None),
    };
    let link = web.password_link(&user, SignedDuration::from_hours(24)).await?;
    Ok(link.strip_prefix(&web.settings.public_url).map(str::to_owned))
}

fn stopped() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Takes files in that are brought through a page, as `quittance import` does.
struct WebImporter(Database);

impl quittance_agent::ports_pages::Importer for WebImporter {
    fn import<'a>(&'a self, upload: Upload) -> Pin<Box<dyn Future<Output = Result<Imported, String>> + Send + 'a>> {
        Box::pin(async move {
            let by = match &upload.by {
                Actor::Person(name) => name.clone(),
                Actor::Rule => "rule".to_owned(),
            };
            let importer = match upload.kind {
                InputKind::Customers => Importer::Customers,
                InputKind::Invoices => Importer::Invoices,
                InputKind::Evidence => Importer::Evidence,
                InputKind::Statement => {
                    let placing = Placing { account: upload.account, entity: upload.entity, book_interim: false };
                    Importer::Statement(placing, Box::default())
                }
            };
            match import_one(&self.0, &by, upload.path, upload.kind, &importer).await {
                Ok(said) => Ok(Imported { line: said.line, refused: said.refused }),
                Err(error) => Err(format!("{error:#}")),
            }
        })
    }
}
