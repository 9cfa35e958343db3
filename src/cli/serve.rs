use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::SignedDuration;
use quittance_agent::evidence::Earlier;
use quittance_agent::import::Placing;
use quittance_agent::ports_accounts::Accounts as _;
use quittance_agent::ports_pages::{Imported, PagePainter, Pages as _, PreviewRefused, TablePreview, TableProfile, Upload};
use quittance_rules::cases::Actor;
use quittance_rules::journal::InputKind;
use quittance_rules::records::ImportProfile;
use quittance_rules::users::Role;
use quittance_tools::clock::SystemClock;
use quittance_tools::intake::IntakeError;
use quittance_tools::intake::bank_file::BankFileOptions;
use quittance_tools::intake::open_point::Asked;
use quittance_tools::intake::preview::preview;
use quittance_tools::intake::profile::Profile;
use quittance_tools::store::Database;
use quittance_tools::webhooks::Sender;
use quittance_web::{Settings as WebSettings, Web};

use super::bank_options::{placed, read_all, recognisable};
use super::import::{Importer, import_one};
use super::model::{ModelArgs, ModelReader};
use super::settings::{DbArgs, Settings};
use super::{Outcome, Usage};
use super::{webhooks, whatsapp};

/// Arguments of `serve`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    db: DbArgs,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The address people type, when it is another one: `https://quittance.example.com`
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

impl Args {
    /// What the demo serves itself with.
    pub fn of_demo(config: PathBuf, listen: SocketAddr) -> Self {
        Self {
            db: DbArgs { db: None, config: Some(config) },
            listen: Some(listen),
            public_url: None,
            tls_certificate: None,
            tls_key: None,
            trusted_proxy: Vec::new(),
        }
    }
}

/// How the pages are served: flags first, then settings.
fn web_settings(args: &Args, settings: &Settings) -> anyhow::Result<WebSettings> {
    let set = &settings.web;
    let listen = args.listen.or(set.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
    let mut web = WebSettings::for_address(listen);
    let certificate = args.tls_certificate.clone().or_else(|| set.tls_certificate.clone());
    let key = args.tls_key.clone().or_else(|| set.tls_key.clone());
    web.tls = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err(Usage("a TLS certificate and its key go together: tls_certificate and tls_key".to_owned()).into()),
    };
    web.trusted_proxies.clone_from(&set.trusted_proxies);
    web.trusted_proxies.extend(&args.trusted_proxy);
    if web.tls.is_some() {
        web.public_url = format!("https://{listen}");
    }
    if let Some(url) = args.public_url.as_ref().or(set.public_url.as_ref()) {
        let url = url.trim_end_matches('/');
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains(['/', '?', '#', ' '])) {
            return Err(Usage(format!("public URL `{url}`: write it like https://quittance.example.com")).into());
        }
        web.public_url = url.to_owned();
    }
    if let Some(minutes) = set.session_idle_minutes {
        if !(5..=1440).contains(&minutes) {
            return Err(Usage("settings: web.session_idle_minutes is 5 to 1440".to_owned()).into());
        }
        web.session_idle = SignedDuration::from_mins(minutes.into());
    }
    if let Some(hours) = set.session_hours {
        if !(1..=168).contains(&hours) {
            return Err(Usage("settings: web.session_hours is 1 to 168".to_owned()).into());
        }
        web.session_longest = SignedDuration::from_hours(hours.into());
    }
    web.webhook_targets = settings.webhooks.targets()?;
    for provider in &set.oidc {
        web.oidc.push(provider.provider()?);
    }
    Ok(web)
}

/// Serves the pages until SIGINT or SIGTERM.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let (database, settings) = args.db.open().await?;
    let database = settings.seal(database).await?;
    // Identity providers, addresses of webhooks and the chat's files are asked over TLS; the program brings one implementation and says
    // which, before anything makes a client.
    rustls::crypto::ring::default_provider().install_default().map_err(|_| anyhow::anyhow!("TLS is set up already"))?;
    let web = Web::new(database.clone(), Arc::new(SystemClock), web_settings(&args, &settings)?)
        .with_importer(Arc::new(WebImporter {
            database: database.clone(),
            settings: settings.clone(),
            earlier: Arc::default(),
            patience: PREVIEW_WAIT,
        }))
        .with_painter(Arc::new(Pages(quittance_tools::evidence::EvidenceReader::of_this_program()?)));
    let chat = whatsapp::chat(&database, &settings)?;
    let web = match &chat {
        Some(chat) => web.with_chat(chat.hook.clone()),
        None => web,
    };
    quittance_web::pages::health::collect();
    if !web.settings.is_secure() && !web.settings.listen.ip().is_loopback() {
        eprintln!(
            "quittance: warning: passwords would cross the network unprotected; use --tls-certificate and --tls-key, or a proxy with \
             TLS and --public-url https://…"
        );
    }
    let first = first_link(&web).await?;
    let stop = stopped()?;
    let public = args.public_url.is_some() || settings.web.public_url.is_some();
    let scheme = if web.settings.tls.is_some() { "https" } else { "http" };
    let public_url = web.settings.public_url.clone();
    let sender = Sender::new(settings.webhooks.targets()?, settings.webhooks.timeout()?).context("sending webhooks")?;
    let sending = tokio::spawn(webhooks::send_while_serving(database.clone(), sender, web.settings.public_url.clone()));
    let taking = chat.map(|chat| tokio::spawn(whatsapp::take_in_while_serving(database.clone(), chat)));
    quittance_web::serve::serve(web, stop, move |address| {
        let base = if public { public_url.clone() } else { format!("{scheme}://{address}") };
        println!("serving {base}");
        if let Some(path) = first {
            println!("nobody can sign in yet; make the first admin within 24 hours at {base}{path}");
        }
    })
    .await
    .context("serving the pages")?;
    // What is on its way is claimed; whoever serves next sends it again under the same id.
    sending.abort();
    if let Some(taking) = taking {
        taking.abort();
    }
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

/// Draws pages of PDFs in the reading process.
struct Pages(quittance_tools::evidence::EvidenceReader);

impl PagePainter for Pages {
    fn page<'a>(&'a self, document: Vec<u8>, number: u32) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>> {
        let reader = self.0.clone();
        Box::pin(async move {
            let drawn = tokio::task::spawn_blocking(move || reader.page(&document, number)).await;
            drawn.unwrap_or_else(|error| Err(format!("the drawing of it did not end: {error}")))
        })
    }
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

/// Tables looked at at once: each may take a processor and a hundred megabytes for some seconds.
static PREVIEWS: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(2);
/// How long somebody waits for a place.
const PREVIEW_WAIT: std::time::Duration = std::time::Duration::from_secs(10);

/// Takes files in that are brought through a page, as `quittance import` does.
struct WebImporter {
    database: Database,
    settings: Settings,
    /// What evidence is compared with, kept over all that is brought.
    earlier: Arc<Earlier>,
    /// How long a look waits for its place.
    patience: std::time::Duration,
}

impl quittance_agent::ports_pages::Importer for WebImporter {
    fn import<'a>(&'a self, upload: Upload) -> Pin<Box<dyn Future<Output = Result<Imported, String>> + Send + 'a>> {
        Box::pin(async move {
            let by = match &upload.by {
                Actor::Person(name) => name.clone(),
                Actor::Rule => "rule".to_owned(),
            };
            let mut notices = Vec::new();
            let importer = match upload.kind {
                InputKind::Customers => Importer::Customers,
                InputKind::Invoices => Importer::Invoices,
                InputKind::Evidence => {
                    let asked = ModelArgs { model: false, no_model: false };
                    let reader = ModelReader::new(&asked, &self.settings, &self.database);
                    Importer::Evidence(Box::new(reader.map_err(|error| format!("{error:#}"))?), Arc::clone(&self.earlier))
                }
                InputKind::Statement => {
                    let placing = Placing { account: upload.account, entity: upload.entity, book_interim: false };
                    let profile = upload.profile.as_deref().map(Profile::parse).transpose().map_err(|error| error.to_string())?;
                    let profile = profile.map(|profile| placed(profile, placing.account.as_deref()));
                    let saved = self.database.profiles().await.map_err(|error| error.to_string())?;
                    let (saved, left_out) = recognisable(&saved, &placing);
                    notices = left_out;
                    Importer::Statement(
                        placing,
                        Box::new(BankFileOptions { profile, saved, asked: Asked::Page, ..BankFileOptions::default() }),
                    )
                }
            };
            match import_one(&self.database, &by, upload.path, upload.kind, &importer).await {
                Ok(said) => Ok(Imported {
                    line: std::iter::once(said.line).chain(notices).collect::<Vec<_>>().join("; "),
                    refused: said.refused,
                    needs_columns: said.unmapped,
                    is_taken: said.is_taken,
                }),
                Err(error) => Err(format!("{error:#}")),
            }
        })
    }

    fn preview<'a>(
        &'a self,
        path: PathBuf,
        saved: Vec<ImportProfile>,
        profile: Option<TableProfile>,
    ) -> Pin<Box<dyn Future<Output = Result<TablePreview, PreviewRefused>> + Send + 'a>> {
        Box::pin(async move {
            let place = tokio::time::timeout(self.patience, PREVIEWS.acquire()).await;
            let Ok(Ok(place)) = place else { return Err(PreviewRefused::Busy) };
            let (saved, left_out) = read_all(saved.iter());
            // Who goes away meanwhile leaves the reading behind: it keeps its place to its end.
            let read = tokio::task::spawn_blocking(move || {
                let read = preview(&path, saved, profile);
                drop(place);
                read
            });
            let read = read.await.map_err(|_| PreviewRefused::Unreadable("the file could not be read to its end".to_owned()))?;
            match read {
                Ok(mut seen) => {
                    seen.notices.extend(left_out);
                    Ok(seen)
                }
                Err(error @ IntakeError::OverLimit { .. }) => Err(PreviewRefused::TooLarge(error.to_string())),
                Err(error) => Err(PreviewRefused::Unreadable(error.to_string())),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quittance_agent::ports_pages::Importer as _;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_finds_no_place_to_look_is_told_and_the_next_one_looks() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::create(&format!("sqlite://{}", folder.path().join("q.db").display())).await.unwrap();
        let patience = std::time::Duration::from_millis(50);
        let importer = WebImporter { database, settings: Settings::default(), earlier: Arc::default(), patience };
        let path = folder.path().join("april.csv");
        std::fs::write(&path, "Date,Amount,Text\n2026-04-03,10.00,INV-7\n").unwrap();
        let look = || importer.preview(path.clone(), Vec::new(), None);
        let unreadable = ImportProfile { name: "Old".into(), version: 1, entity: None, text: "[columns\n".into(), is_on: true };
        {
            let _all = PREVIEWS.acquire_many(2).await.unwrap();
            assert_eq!(look().await, Err(PreviewRefused::Busy));
        }
        assert_eq!(look().await.unwrap().rows.len(), 1);
        let seen = importer.preview(path.clone(), vec![unreadable], None).await.unwrap();
        assert!(seen.notices.iter().any(|notice| notice.contains("the saved profile Old was left out")), "{:?}", seen.notices);
        let none = folder.path().join("none.csv");
        assert!(matches!(importer.preview(none, Vec::new(), None).await, Err(PreviewRefused::Unreadable(_))));
    }
}
