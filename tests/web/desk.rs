//! A desk for the tests of the pages: a book with two entities, people with roles, a clock that is set by hand.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use jiff::Timestamp;
use jiff::civil::Date;
use quittance_agent::ports::{Clock, Store};
use quittance_agent::webhooks::ports::{Delivery, DeliveryState, Webhooks as _};
use quittance_rules::bank::StatementLine;
use quittance_rules::cases::{Actor, Case, CaseCandidate, CaseState, Decision, InputDigest, Ruling, Subject};
use quittance_rules::evidence::{Confidence, EvidenceKind, Reading};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::journal::{BankLine, Change, ChangeSet, EvidenceRecord, Input, InputKind};
use quittance_rules::ledger::{CaseId, DecisionId, Entry, Posting, PostingId, Purpose};
use quittance_rules::money::{Currency, Money};
use quittance_rules::policy::{DEFAULT_POLICY, Policy};
use quittance_rules::records::{Customer, CustomerId, Entity, EntityId, ItemId, ItemKind, OpenItem, PaymentId};
use quittance_rules::reuse::EvidenceMarks;
use quittance_rules::users::{Grant, Role, User, UserId};
use quittance_rules::webhooks::{EndpointState, EventKind, SecretRecord, WebhookEndpoint};
use quittance_tools::sealing::Keys;
use quittance_tools::store::Database;
use quittance_web::locale::Language;
use quittance_web::session::{Theme, Visitor};
use quittance_web::{Settings, Web};
use tower::ServiceExt as _;

use crate::lines::silent_credit;

/// 2026-03-16T09:00:00Z.
pub const MORNING: i64 = 1_773_651_600_000_000;

/// A clock that stands still until it is moved.
pub struct HandClock(pub AtomicI64);

impl HandClock {
    pub fn forward_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).expect("a plain instant")
    }
    fn today(&self, _: &str) -> Date {
        self.now().to_zoned(jiff::tz::TimeZone::UTC).date()
    }
}

pub struct TestDesk {
    pub web: Web<Database>,
    pub clock: Arc<HandClock>,
    pub router: Router,
    _folder: tempfile::TempDir,
}

pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

pub fn user_id(name: &str) -> UserId {
    UserId::parse(name).expect("a plain name")
}

pub fn entity_id(id: &str) -> EntityId {
    EntityId::parse(id).expect("a plain id")
}

/// A browser as far as the pages care.
pub fn visitor() -> Visitor {
    Visitor {
        language: Language::English,
        theme: Theme::System,
        csrf: String::new(),
        address: IpAddr::from([192, 0, 2, 7]),
        agent: "test".to_owned(),
    }
}

/// An answer taken in whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The value of a cookie it sets.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.headers.get_all(header::SET_COOKIE).iter().find_map(|value| {
            let (found, rest) = value.to_str().ok()?.split_once('=')?;
            (found == format!("quittance-{name}")).then(|| rest.split(';').next().unwrap_or_default().to_owned())
        })
    }
}

impl TestDesk {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Database::create(&format!("sqlite://{}/book.db", folder.path().display())).await.expect("a new book");
        let store = store.with_keys(Keys::in_memory().expect("the system gives chance"));
        let clock = Arc::new(HandClock(AtomicI64::new(MORNING)));
        let mut settings = Settings::for_address(([127, 0, 0, 1], 8080).into());
        change(&mut settings);
        let web = Web::new(store, clock.clone(), settings);
        fill(&web.store, clock.now()).await;
        let router = quittance_web::routes::router(web.clone());
        Self { web, clock, router, _folder: folder }
    }

    pub async fn apply(&self, changes: Vec<Change>) {
        let by = Actor::Person("setup".to_owned());
        self.web.store.apply(ChangeSet { by, at: self.clock.now(), changes }).await.expect("a change that fits");
    }

    /// Somebody with these roles.
    pub async fn person(&self, name: &str, grants: &[(Role, Option<&str>)]) -> User {
        let user = User {
            id: user_id(name),
            name: format!("{name} of the desk"),
            email: Some(format!("{name}@example.com")),
            language: None,
            grants: grants.iter().map(|(role, entity)| Grant { role: *role, entity: entity.map(entity_id) }).collect(),
            external: None,
            is_disabled: false,
        };
        self.apply(vec![Change::UserSet(user.clone())]).await;
        user
    }

    pub async fn set_password(&self, user: &User, password: &str) {
        let hash = quittance_web::password::hash(password).await.expect("a hash");
        let by = Actor::Person(user.id.as_str().to_owned());
        self.web
            .change_credentials(by, &user.id, "password", None, |credentials| credentials.password = Some(hash))
            .await
            .expect("a changed password");
    }

    /// The cookie of a fresh session.
    pub async fn session(&self, user: &User) -> String {
        self.web.begin(user, &visitor()).await.expect("a session")
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 32 << 20).await.expect("a whole body");
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }

    pub async fn get(&self, path: &str, session: Option<&str>) -> Answer {
        let mut request = Request::builder().uri(path);
        if let Some(session) = session {
            request = request.header(header::COOKIE, format!("quittance-session={session}"));
        }
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// A form as a page of ours sends it.
    pub async fn post(&self, path: &str, session: &str, form: &str) -> Answer {
        let csrf = quittance_web::secret::csrf_of(session);
        let body = if form.is_empty() { format!("csrf={csrf}") } else { format!("csrf={csrf}&{form}") };
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::COOKIE, format!("quittance-session={session}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        self.send(request.expect("a request")).await
    }

    /// A form before sign-in, as the sign-in page sends it.
    pub async fn post_visitor(&self, path: &str, form: &str, cookies: &str) -> Answer {
        let secret = "v".repeat(43);
        let csrf = quittance_web::secret::csrf_of(&secret);
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::COOKIE, format!("quittance-visitor={secret}; {cookies}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("csrf={csrf}&{form}")));
        self.send(request.expect("a request")).await
    }

    pub async fn sign_in(&self, name: &str, password: &str) -> Answer {
        let password = password.replace(' ', "+");
        self.post_visitor("/sign-in", &format!("name={name}&password={password}&next=/queue"), "").await
    }
}

fn digest(text: &str) -> InputDigest {
    InputDigest(quittance_web::secret::digest(text.as_bytes()))
}

fn payment(id: &str, entity: &str, minor: i64, input: &InputDigest) -> Change {
    Change::LineBooked(BankLine {
        key: format!("key-{id}"),
        payment: PaymentId::parse(id).expect("a plain id"),
        entity: entity_id(entity),
        account: format!("account-{entity}"),
        input: input.clone(),
        line: StatementLine {
            counterparty_name: Some("ACME GmbH <b>&amp;".to_owned()),
            counterparty_account: Some("DE02120300000000202051".to_owned()),
            remittance: Some("INV-a thanks".to_owned()),
            ..silent_credit(eur(minor), Date::constant(2026, 3, 14))
        },
    })
}

fn item(id: &str, entity: &str, minor: i64) -> Change {
    Change::ItemAdded(OpenItem {
        id: ItemId::parse(id).expect("a plain id"),
        customer: CustomerId::parse("c1").expect("a plain id"),
        entity: entity_id(entity),
        number: format!("INV-{id}"),
        kind: if minor < 0 { ItemKind::CreditNote } else { ItemKind::Invoice },
        issue_date: Date::constant(2026, 2, 1),
        due_date: Date::constant(2026, 3, 1),
        amount: eur(minor),
        discount_percent: None,
        discount_until: None,
        on_hold: false,
        contract_amount: None,
    })
}

fn case(id: i64, entity: &str, payment: &str, item: &str, minor: i64, at: Timestamp) -> Case {
    Case {
        id: CaseId(id),
        version: 1,
        entity: Some(entity_id(entity)),
        kind: ExceptionKind::ShortPayment,
        subject: Subject::Payment(PaymentId::parse(payment).expect("a plain id")),
        amount: Some(eur(minor)),
        headline: format!("EUR {minor} from ACME GmbH, short of INV-{item}"),
        reasons: vec!["short payment: EUR 20.00".to_owned()],
        candidates: vec![CaseCandidate {
            rank: 1,
            entries: vec![Entry {
                purpose: Purpose::Allocation,
                amount: eur(minor),
                item: Some(ItemId::parse(item).expect("a plain id")),
                cleared: Some(eur(minor)),
                customer: None,
            }],
            confidence: Confidence::from_percent(92),
            reason: "the number is quoted in full".to_owned(),
            weights: Vec::new(),
        }],
        rejected: Vec::new(),
        opened_at: at,
        state: CaseState::Open,
    }
}

fn decision(id: i64, payment: &str, ruling: Ruling, at: Timestamp, policy: &str) -> Decision {
    Decision {
        id: DecisionId(id),
        at,
        today: Date::constant(2026, 3, 16),
        by: Actor::Rule,
        subject: Subject::Payment(PaymentId::parse(payment).expect("a plain id")),
        case: None,
        ruling,
        policy: policy.to_owned(),
        rule: None,
        code: "test".to_owned(),
        inputs: "{}".to_owned(),
    }
}

/// Two entities; customer c1; items a (e1), b (e2), s (e1, settled); payments p1 (e1, case 1), p2 (e2, case 2), p3 (e1, settled by rule);
/// a piece of evidence.
async fn fill(store: &Database, at: Timestamp) {
    use quittance_agent::ports::Sequence;
    let (statement, proof) = (b"a statement", b"a proof of payment");
    store.keep_bytes(statement).await.expect("kept");
    store.keep_bytes(proof).await.expect("kept");
    let reading = Reading {
        media_type: "text/plain".to_owned(),
        complaints: vec!["the total does not add up".to_owned()],
        pages: 1,
        text: "paid EUR 980.00 for INV-a".to_owned(),
        ..Reading::empty(EvidenceKind::PaymentProof, Confidence::from_percent(88))
    };
    let kept = store.keep_bytes(&serde_json::to_vec(&reading).expect("plain data")).await.expect("kept");
    for (sequence, count) in [(Sequence::Case, 2), (Sequence::Decision, 3), (Sequence::Posting, 1)] {
        store.reserve(sequence, count).await.expect("numbers");
    }
    let statement = digest("a statement");
    let policy = Policy::parse(DEFAULT_POLICY).expect("built in").version;
    let input = |digest: InputDigest, kind, name: &str, size: usize| {
        Change::InputReceived(Input { digest, kind, name: name.to_owned(), size: size as u64 })
    };
    let entity = |id: &str| {
        Change::EntitySet(Entity {
            id: entity_id(id),
            name: format!("Entity {id}"),
            base_currency: Currency::EUR,
            time_zone: "Europe/Berlin".to_owned(),
        })
    };
    let account =
        |id: &str| Change::AccountSet { account: format!("account-{id}"), entity: entity_id(id), currency: Some(Currency::EUR) };
    let settled = Entry {
        purpose: Purpose::Allocation,
        amount: eur(5_000),
        item: Some(ItemId::parse("s").expect("a plain id")),
        cleared: Some(eur(5_000)),
        customer: None,
    };
    let changes = vec![
        Change::PolicyPublished { version: policy.clone(), text: DEFAULT_POLICY.to_owned() },
        entity("e1"),
        entity("e2"),
        account("e1"),
        account("e2"),
        Change::CustomerSet(Customer {
            id: CustomerId::parse("c1").expect("a plain id"),
            name: "ACME & Söhne <GmbH>".to_owned(),
            aliases: vec!["ACME".to_owned()],
            country: Some("DE".to_owned()),
            currency: Some(Currency::EUR),
            iban: None,
            parent_id: None,
            withholding_percent: None,
            tolerance: None,
            emails: vec!["pay@acme.example".to_owned()],
        }),
        item("a", "e1", 100_000),
        item("b", "e2", 100_000),
        item("s", "e1", 5_000),
        input(statement.clone(), InputKind::Statement, "march.xml", 11),
        payment("p1", "e1", 98_000, &statement),
        payment("p2", "e2", 98_000, &statement),
        payment("p3", "e1", 5_000, &statement),
        Change::InputTaken { digest: statement, added: 3, known: 0, problems: 0 },
        input(digest("a proof of payment"), InputKind::Evidence, "proof.txt", proof.len()),
        Change::EvidenceRead(EvidenceRecord {
            digest: digest("a proof of payment"),
            reading: Some(kept),
            kind: EvidenceKind::PaymentProof,
            kind_confidence: Confidence::from_percent(88),
            marks: EvidenceMarks::default(),
        }),
        Change::Decided(decision(1, "p3", Ruling::Settled { entries: vec![settled] }, at, &policy)),
        Change::Posted(Posting {
            id: PostingId(1),
            decision: DecisionId(1),
            payment: PaymentId::parse("p3").expect("a plain id"),
            purpose: Purpose::Allocation,
            amount: eur(5_000),
            item: Some(ItemId::parse("s").expect("a plain id")),
            cleared: Some(eur(5_000)),
            customer: None,
            reverses: None,
        }),
        Change::Decided(decision(2, "p1", Ruling::Asked, at, &policy)),
        Change::CaseOpened(case(1, "e1", "p1", "a", 98_000, at)),
        Change::Decided(decision(3, "p2", Ruling::Asked, at, &policy)),
        Change::CaseOpened(case(2, "e2", "p2", "b", 98_000, at)),
    ];
    let by = Actor::Person("setup".to_owned());
    store.apply(ChangeSet { by, at, changes }).await.expect("a book that fits");
    add_webhook(store, at).await;
}

/// The secret of the address in the book.
pub const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

/// Address `we_e1` for the events of entity e1, with a message that was taken.
async fn add_webhook(store: &Database, at: Timestamp) {
    let endpoint = WebhookEndpoint {
        id: "we_e1".to_owned(),
        version: 1,
        entity: Some(entity_id("e1")),
        url: "https://example.com/hooks?for=<e1>".to_owned(),
        note: "ledger & more".to_owned(),
        events: EventKind::ALL.to_vec(),
        secrets: vec![SecretRecord { digest: digest(WEBHOOK_SECRET).0, made_at: at, ends_at: None }],
        state: EndpointState::On,
        made_at: at,
    };
    let by = Actor::Person("setup".to_owned());
    let changes = ChangeSet { by, at, changes: vec![Change::WebhookSet(endpoint.clone())] };
    store.set_webhook(changes, &endpoint, Some(WEBHOOK_SECRET)).await.expect("an address that fits");
    let delivery = Delivery {
        id: "msg_test_e1".to_owned(),
        endpoint: endpoint.id,
        event: EventKind::Test,
        happened_at: at,
        data: serde_json::json!({ "endpoint": "we_e1" }),
        state: DeliveryState::Delivered,
        attempts: 1,
        next_at: at,
        last_at: Some(at),
        last_status: Some(204),
        last_error: None,
    };
    store.add_delivery(&delivery).await.expect("a message");
}

/// Digest of the piece of evidence in the book.
pub fn proof_digest() -> String {
    digest("a proof of payment").0
}
