//! Messages of the WhatsApp Cloud API, from the route to evidence: forged and replayed notifications, files by id within limits, senders
//! known and unknown, words alone, steps before their message. The Graph API is a local double.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::desk::{Answer, TestDesk};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hmac::{Hmac, KeyInit as _, Mac as _};
use quittance_agent::chat::{CLAIM, ChatInbox as _, take_in};
use quittance_agent::evidence::Earlier;
use quittance_agent::ports::{CaseFilter, Clock as _, Store as _};
use quittance_rules::evidence::EvidenceKind;
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::journal::Change;
use quittance_rules::records::{Customer, CustomerId};
use quittance_tools::evidence::EvidenceReader;
use quittance_tools::model::Secret;
use quittance_tools::whatsapp::{Hook, MediaClient};
use serde_json::{Value, json};
use sha2::Sha256;
use wiremock::matchers::{header as with_header, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const APP_SECRET: &str = "an-app-secret";

struct Chat {
    desk: TestDesk,
    graph: MockServer,
    media: MediaClient,
}

impl Chat {
    async fn new() -> Self {
        let mut desk = TestDesk::new().await;
        let secret = |text: &str| Secret::new(text).unwrap();
        let hook = Hook::new(desk.web.store.clone(), desk.clock.clone(), secret(APP_SECRET), secret("our-token"));
        desk.web = desk.web.clone().with_chat(Arc::new(hook));
        desk.router = quittance_web::routes::router(desk.web.clone());
        let graph = MockServer::start().await;
        let base = format!("{}/v21.0", graph.uri());
        let media = MediaClient::new(&base, secret("EAAtoken"), &["127.0.0.1"], 200_000, Duration::from_secs(2)).unwrap();
        Self { desk, graph, media }
    }

    async fn bring(&self, body: &[u8], signature: Option<String>) -> Answer {
        let mut request =
            Request::builder().method("POST").uri("/hooks/whatsapp").header(header::CONTENT_TYPE, "application/json");
        if let Some(signature) = signature {
            request = request.header("x-hub-signature-256", signature);
        }
        self.desk.send(request.body(Body::from(body.to_vec())).unwrap()).await
    }

    /// Brings messages as the service does.
    async fn say(&self, messages: Value, statuses: Value) {
        let body = notification(&messages, &statuses);
        let answer = self.bring(&body, Some(signed(&body))).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }

    /// Takes in what waits and is due; gives the number.
    async fn work(&self) -> usize {
        let store = &self.desk.web.store;
        let reader = EvidenceReader::new(PathBuf::from(env!("CARGO_BIN_EXE_quittance")));
        let mut count = 0;
        loop {
            let now = self.desk.clock.now();
            let Some(claimed) = store.claim_chat(now, now.checked_add(CLAIM).unwrap(), "t").await.unwrap() else { return count };
            take_in(store, &self.media, &reader, &self.desk.clock, &claimed, &Earlier::default()).await.unwrap();
            count += 1;
        }
    }

    /// A file of the double: id, bytes.
    async fn file(&self, id: &str, bytes: &[u8]) {
        let place = json!({ "url": format!("{}/file/{id}", self.graph.uri()), "mime_type": "image/png", "id": id });
        Mock::given(path(format!("/v21.0/{id}")))
            .and(with_header("authorization", "Bearer EAAtoken"))
            .respond_with(ResponseTemplate::new(200).set_body_json(place))
            .mount(&self.graph)
            .await;
        let file = ResponseTemplate::new(200).set_body_bytes(bytes);
        Mock::given(path(format!("/file/{id}"))).respond_with(file).mount(&self.graph).await;
    }

    async fn evidence(&self) -> Vec<(String, EvidenceKind, Option<String>, Option<String>)> {
        let found = self.desk.web.store.evidence().await.unwrap();
        let of_chat = found.into_iter().filter(|(_, input)| input.name.starts_with("whatsapp-"));
        of_chat
            .map(|(record, input)| {
                (input.name, record.kind, record.marks.sender, record.marks.customer.map(|id| id.as_str().to_owned()))
            })
            .collect()
    }

    async fn cases(&self, kind: ExceptionKind) -> Vec<String> {
        let cases = self.desk.web.store.cases(&CaseFilter::default()).await.unwrap();
        cases.into_iter().filter(|case| case.kind == kind).map(|case| case.reasons.join(" ")).collect()
    }
}

fn signed(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn notification(messages: &Value, statuses: &Value) -> Vec<u8> {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
        "contacts": [{ "profile": { "name": "Ana Ruiz" }, "wa_id": "51987654321" }],
        "messages": messages, "statuses": statuses,
    } }] }] })
    .to_string()
    .into_bytes()
}

fn text(id: &str, from: &str, words: &str) -> Value {
    json!({ "from": from, "id": id, "timestamp": "1773650000", "type": "text", "text": { "body": words } })
}

fn image(id: &str, from: &str, media: &str) -> Value {
    json!({ "from": from, "id": id, "timestamp": "1773650000", "type": "image",
        "image": { "mime_type": "image/png", "id": media } })
}

/// A picture with nothing on it, so that reading it is quick.
fn picture(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::from_pixel(64, 64, image::Luma([shade])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_service_sets_the_address_up_and_brings_messages() {
    let chat = Chat::new().await;
    let good = "/hooks/whatsapp?hub.mode=subscribe&hub.verify_token=our-token&hub.challenge=1158201444";
    let answer = chat.desk.get(good, None).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "1158201444"));
    for bad in [
        "/hooks/whatsapp",
        "/hooks/whatsapp?hub.mode=subscribe&hub.verify_token=their-token&hub.challenge=1",
        "/hooks/whatsapp?hub.mode=subscribe&hub.verify_token=our-token&hub.challenge=%3Cscript%3E",
    ] {
        assert_eq!(chat.desk.get(bad, None).await.status, StatusCode::FORBIDDEN, "{bad}");
    }
    let body = notification(&json!([text("wamid.1", "51987654321", "Hola")]), &json!([]));
    let mut wrong = signed(&body);
    wrong.replace_range(70..71, if wrong.ends_with('0') { "1" } else { "0" });
    for signature in [None, Some(String::new()), Some("sha256=zz".to_owned()), Some(wrong), Some(signed(b"other bytes"))] {
        let answer = chat.bring(&body, signature.clone()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{signature:?}");
    }
    assert_eq!(chat.work().await, 0, "nothing of it was kept");
    // Larger than any notification.
    let large = vec![b' '; (3 << 20) + 1];
    assert_eq!(chat.bring(&large, Some(signed(&large))).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    // Who goes on forging is told to wait; what is signed is taken all the same, for one proxy may stand before both.
    for _ in 0..20 {
        chat.bring(&body, None).await;
    }
    let answer = chat.bring(&body, None).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers.get(header::RETRY_AFTER).is_some());
    assert_eq!(chat.bring(&body, Some(signed(&body))).await.status, StatusCode::OK);
    chat.desk.clock.forward_seconds(601);
    assert_eq!(chat.bring(&body, None).await.status, StatusCode::FORBIDDEN);
    // Without a chat in the settings there is no such address.
    let plain = TestDesk::new().await;
    assert_eq!(plain.get(good, None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_becomes_evidence_of_its_sender_once() {
    let chat = Chat::new().await;
    let known = Customer {
        id: CustomerId::parse("c7").unwrap(),
        name: "Ferretería Ruiz".into(),
        aliases: vec![],
        country: None,
        currency: None,
        iban: None,
        parent_id: None,
        withholding_percent: None,
        tolerance: None,
        emails: vec!["+51 987 654 321".into()],
    };
    chat.desk.apply(vec![Change::CustomerSet(known)]).await;
    let promise = text("wamid.promise", "51987654321", "Buenas, les pago la factura INV-a el viernes 20/03/2026 sin falta");
    // Twice in one notification, and the whole notification once more: it is one message.
    chat.say(json!([promise, promise]), json!([])).await;
    chat.say(json!([promise]), json!([])).await;
    // The same words of somebody nobody knows are a message of their own.
    chat.say(
        json!([text("wamid.stranger", "4915112345678", "Buenas, les pago la factura INV-a el viernes 20/03/2026 sin falta")]),
        json!([]),
    )
    .await;
    chat.say(
        json!([{ "from": "51987654321", "id": "wamid.thumb", "timestamp": "1773650001", "type": "reaction", "reaction": {} }]),
        json!([]),
    )
    .await;
    assert_eq!(chat.work().await, 3);
    chat.say(json!([promise]), json!([])).await;
    assert_eq!(chat.work().await, 0, "taken once, it is not taken again");
    let evidence = chat.evidence().await;
    assert_eq!(evidence.len(), 2, "{evidence:?}");
    let of = |id: &str| evidence.iter().find(|(name, ..)| name.contains(id)).unwrap();
    let (name, kind, sender, customer) = of("wamid.promise");
    assert_eq!(*kind, EvidenceKind::PromiseToPay, "{name}");
    assert_eq!((sender.as_deref(), customer.as_deref()), (Some("whatsapp:+51987654321"), Some("c7")));
    let (_, _, sender, customer) = of("wamid.stranger");
    assert_eq!((sender.as_deref(), customer.as_deref()), (Some("whatsapp:+4915112345678"), None));
    let outcome = chat.desk.web.store.chat_outcome("wamid.thumb").await.unwrap();
    assert_eq!(outcome.as_deref(), Some("a reaction holds no evidence"));
    assert!(chat.desk.web.store.verify().await.unwrap().findings.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_fetched_by_their_id_and_a_picture_sent_twice_is_told() {
    let chat = Chat::new().await;
    chat.file("555001", &picture(200)).await;
    let with_words = json!({ "from": "51987654321", "id": "wamid.A", "timestamp": "1773650000", "type": "image",
        "image": { "mime_type": "image/png", "id": "555001", "caption": "pago de INV-a" } });
    chat.say(json!([with_words]), json!([])).await;
    assert_eq!(chat.work().await, 1);
    let names: Vec<String> = chat.evidence().await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["whatsapp-wamid.A-file", "whatsapp-wamid.A-caption.eml"]);
    // The same bytes from somebody else are a message like any other, and not lost as known.
    chat.say(json!([image("wamid.B", "4915112345678", "555001")]), json!([])).await;
    assert_eq!(chat.work().await, 1);
    let names: Vec<String> = chat.evidence().await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names.last().map(String::as_str), Some("whatsapp-wamid.B-again.eml"));
    assert!(chat.desk.web.store.verify().await.unwrap().findings.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_had_ends_in_a_case() {
    let chat = Chat::new().await;
    chat.file("555002", &vec![7; 300_000]).await;
    chat.say(json!([image("wamid.large", "51987654321", "555002"), image("wamid.none", "51987654321", "555003")]), json!([]))
        .await;
    let down = ResponseTemplate::new(503);
    Mock::given(path("/v21.0/555004")).respond_with(down).up_to_n_times(1).mount(&chat.graph).await;
    chat.say(json!([image("wamid.later", "51987654321", "555004")]), json!([])).await;
    assert_eq!(chat.work().await, 3);
    let mut unreadable = chat.cases(ExceptionKind::UnreadableInput).await;
    unreadable.sort();
    assert_eq!(unreadable.len(), 2, "{unreadable:?}");
    assert!(unreadable.iter().any(|why| why.contains("larger than 200000 bytes")), "{unreadable:?}");
    assert!(unreadable.iter().any(|why| why.contains("status 404")), "{unreadable:?}");
    // What was only away for a while is fetched later.
    assert_eq!(chat.desk.web.store.chat_outcome("wamid.later").await.unwrap(), None);
    chat.file("555004", &picture(90)).await;
    chat.desk.clock.forward_seconds(60);
    assert_eq!(chat.work().await, 1);
    assert!(chat.evidence().await.iter().any(|(name, ..)| name == "whatsapp-wamid.later-file"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_come_in_any_order_and_what_cannot_be_read_is_held() {
    let chat = Chat::new().await;
    let step = |status: &str, at: &str| json!({ "id": "wamid.ours", "status": status, "timestamp": at });
    // Of a message nobody here has seen, the last step first.
    chat.say(json!([]), json!([step("read", "1773650009")])).await;
    chat.say(json!([]), json!([step("sent", "1773650001"), step("delivered", "1773650005")])).await;
    assert_eq!(chat.desk.web.store.chat_step("wamid.ours").await.unwrap(), Some(2));
    chat.say(json!([]), json!([step("failed", "1773650002")])).await;
    assert_eq!(chat.desk.web.store.chat_step("wamid.ours").await.unwrap(), Some(3));
    assert_eq!(chat.work().await, 0, "steps are no evidence");
    // A part that cannot be read does not take the rest with it, and a case holds the whole.
    chat.say(json!([text("wamid.1", "51987654321", "Hola"), { "id": "wamid.2", "type": "text" }]), json!([])).await;
    for body in [&b"not json"[..], br#"{"object":"page","entry":[]}"#] {
        let answer = chat.bring(body, Some(signed(body))).await;
        assert_eq!(answer.status, StatusCode::OK, "signed, so the service need not bring it again");
    }
    chat.say(
        json!([{ "from": "51987654321", "id": "wamid.order", "timestamp": "1773650001", "type": "order", "order": {} }]),
        json!([]),
    )
    .await;
    assert_eq!(chat.work().await, 5);
    // A reply by button says what stands on the button.
    let tapped = |id: &str, reply: Value| {
        let mut message = json!({ "from": "51987654321", "id": id, "timestamp": "1773650002" });
        message.as_object_mut().unwrap().extend(reply.as_object().unwrap().clone());
        message
    };
    let button = json!({ "type": "button", "button": { "payload": "p", "text": "Ya pagué" } });
    let list = json!({ "type": "interactive", "interactive": { "type": "list_reply", "list_reply": { "id": "1", "title": "Pagaré el lunes" } } });
    chat.say(json!([tapped("wamid.button", button), tapped("wamid.list", list)]), json!([])).await;
    assert_eq!(chat.work().await, 2);
    let unreadable = chat.cases(ExceptionKind::UnreadableInput).await;
    assert_eq!(unreadable.len(), 4, "{unreadable:?}");
    for why in ["`from` is missing", "cannot be read", "is about `page`", "kind `order`"] {
        assert!(unreadable.iter().any(|reason| reason.contains(why)), "{why}: {unreadable:?}");
    }
    // The challenge of the hook itself, without a route.
    let hook = chat.desk.web.chat.clone().unwrap();
    assert_eq!(hook.challenge(&[("hub.mode".into(), "subscribe".into())]), None);
}
