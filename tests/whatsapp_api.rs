//! WhatsApp Cloud API: handshake, signature, notifications in any order and twice, media within limits.

use std::time::Duration;

use quittance_tools::model::Secret;
use quittance_tools::whatsapp::{
    Content, Delivery, MediaClient, MediaError, Notification, NotificationError, Status, Unsigned, answer_challenge, newest,
    verify_signature,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wiremock::matchers::{header, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

#[test]
fn only_signed_bytes_are_believed() {
    // RFC 4231, test case 2.
    let (secret, body) = (b"Jefe", b"what do ya want for nothing?");
    let good = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(verify_signature(secret, Some(good), body), Ok(()));
    assert_eq!(verify_signature(secret, Some(&good.to_uppercase().replace("SHA256", "sha256")), body), Ok(()));
    for (header, wanted) in [
        (None, Unsigned::Missing),
        (Some(""), Unsigned::Malformed),
        (Some("sha1=5bdcc146bf60754e6a042426089575c7"), Unsigned::Malformed),
        (Some("sha256="), Unsigned::Malformed),
        (Some("sha256=zz"), Unsigned::Malformed),
        (Some("sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3844"), Unsigned::Wrong),
    ] {
        assert_eq!(verify_signature(secret, header, body), Err(wanted), "{header:?}");
    }
    assert_eq!(verify_signature(secret, Some(good), b"what do ya want for nothing? "), Err(Unsigned::Wrong), "one byte more");
    assert_eq!(verify_signature(b"other", Some(good), body), Err(Unsigned::Wrong));
}

#[test]
fn the_handshake_is_answered_with_the_challenge_alone() {
    let ask = |mode, token, challenge| {
        answer_challenge([("hub.mode", mode), ("hub.verify_token", token), ("hub.challenge", challenge)], "our-token")
            .map(str::to_owned)
    };
    assert_eq!(ask("subscribe", "our-token", "1158201444").as_deref(), Some("1158201444"));
    assert_eq!(ask("subscribe", "their-token", "1158201444"), None);
    assert_eq!(ask("unsubscribe", "our-token", "1158201444"), None);
    assert_eq!(ask("subscribe", "our-token", "<script>alert(1)</script>"), None);
    assert_eq!(ask("subscribe", "our-token", ""), None);
    assert_eq!(answer_challenge([("hub.mode", "subscribe"), ("hub.challenge", "1")], ""), None, "no token is no token");
}

fn notification(messages: &Value, statuses: &Value) -> Vec<u8> {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
        "messaging_product": "whatsapp", "metadata": { "display_phone_number": "15550001111", "phone_number_id": "9" },
        "contacts": [{ "profile": { "name": "Ana\u{7} Ruiz" }, "wa_id": "51987654321" }],
        "messages": messages, "statuses": statuses,
    } }, { "field": "account_update", "value": { "messages": [{ "id": "not ours" }] } }] }] })
    .to_string()
    .into_bytes()
}

#[test]
fn a_notification_gives_each_message_once_and_in_order() {
    let image = json!({ "from": "51987654321", "id": "wamid.B", "timestamp": "1760000100", "type": "image",
        "image": { "caption": "mi pago", "mime_type": "image/jpeg", "sha256": "x", "id": "555001" } });
    let body = notification(
        &json!([
            image, image,
            { "from": "51987654321", "id": "wamid.A", "timestamp": "1760000000", "type": "text", "text": { "body": "Hola\u{0} F001-4891" } },
            { "from": "51987654321", "id": "wamid.C", "timestamp": "1760000200", "type": "sticker", "sticker": { "id": "1" } },
            { "from": "51987654321", "id": "wamid.D", "timestamp": "1760000300", "type": "document",
              "document": { "mime_type": "application/pdf", "filename": "../../etc/passwd", "id": "../../me" } },
            { "from": "not a number", "id": "wamid.E", "type": "text", "text": { "body": "x" } },
            { "id": "wamid.F", "type": "text" }, 7,
        ]),
        &json!([
            { "id": "wamid.X", "status": "read", "timestamp": "1760000009", "recipient_id": "51987654321" },
            { "id": "wamid.X", "status": "sent", "timestamp": "1760000001" },
            { "id": "wamid.X", "status": "teleported" },
        ]),
    );
    let found = Notification::parse(&body).expect("a notification");
    let ids: Vec<&str> = found.messages.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(ids, ["wamid.A", "wamid.B", "wamid.C"], "oldest first, none twice");
    assert_eq!(found.messages[0].content, Content::Text("Hola F001-4891".into()));
    assert_eq!((found.messages[0].from.as_str(), found.messages[0].name.as_deref()), ("+51987654321", Some("Ana Ruiz")));
    assert!(
        matches!(&found.messages[1].content, Content::Media(media) if media.id == "555001" && media.caption.as_deref() == Some("mi pago"))
    );
    assert_eq!(found.messages[2].content, Content::Other("sticker".into()));
    assert_eq!(found.problems.len(), 5, "{:?}", found.problems);
    assert_eq!(newest(&found.statuses)["wamid.X"], Delivery::Read);

    for (body, wanted) in [
        (&b""[..], "cannot be read"),
        (b"[]", "cannot be read"),
        (br#"{"object":"page","entry":[]}"#, "is about `page`"),
        (br#"{"entry":[]}"#, "object"),
    ] {
        let error = Notification::parse(body).expect_err(wanted);
        assert!(error.to_string().contains(wanted), "{error}");
        assert!(matches!(error, NotificationError::Syntax(_) | NotificationError::OtherObject(_)));
    }
    let empty = br#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":null}]}]}"#;
    assert_eq!(Notification::parse(empty), Ok(Notification::default()));
}

#[test]
fn steps_in_any_order_come_to_the_same() {
    let step = |delivery| Status { id: "m".into(), delivery, at: None };
    let all = [Delivery::Sent, Delivery::Delivered, Delivery::Read].map(step);
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        assert_eq!(newest(order.map(|at| &all[at]))["m"], Delivery::Read);
    }
    let failed = step(Delivery::Failed);
    assert_eq!(newest([&failed, &all[0]])["m"], Delivery::Failed);
}

async fn download(answer: impl Fn(&MockServer) -> Value, file: ResponseTemplate, id: &str) -> Result<Vec<u8>, MediaError> {
    let server = MockServer::start().await;
    let place = answer(&server);
    let token = || header("authorization", "Bearer EAAtoken");
    Mock::given(path("/v21.0/555001"))
        .and(token())
        .respond_with(ResponseTemplate::new(200).set_body_json(place))
        .mount(&server)
        .await;
    Mock::given(path("/file")).and(token()).respond_with(file).mount(&server).await;
    let secret = Secret::new("EAAtoken").expect("a key");
    let client = MediaClient::new(&format!("{}/v21.0", server.uri()), secret, &["127.0.0.1"], 1_000, Duration::from_millis(500))?;
    client.download(id).await.map(|file| file.bytes)
}

#[tokio::test]
async fn media_is_fetched_within_limits_and_from_the_service_alone() {
    let here = |server: &MockServer| json!({ "url": format!("{}/file", server.uri()), "mime_type": "image/png", "id": "555001" });
    let file = |bytes: &[u8]| ResponseTemplate::new(200).set_body_bytes(bytes);
    assert_eq!(download(here, file(b"png"), "555001").await, Ok(b"png".to_vec()));
    let with = |key: &'static str, value: Value| {
        move |server: &MockServer| {
            let mut place = here(server);
            place[key] = value.clone();
            place
        }
    };
    let digest = hex::encode(Sha256::digest(b"png"));
    assert_eq!(download(with("sha256", json!(digest)), file(b"png"), "555001").await, Ok(b"png".to_vec()));
    for (place, answer, id, wanted) in [
        (with("sha256", json!(digest)), file(b"gif"), "555001", MediaError::OtherBytes),
        (with("file_size", json!(1_001)), file(b"png"), "555001", MediaError::TooLarge(1_000)),
        (with("file_size", json!(3)), file(&[0; 2_000]), "555001", MediaError::TooLarge(1_000)),
        (with("url", json!("http://169.254.169.254/latest/meta-data")), file(b"png"), "555001", MediaError::Elsewhere),
        (with("url", json!("http://127.0.0.1.example.com/file")), file(b"png"), "555001", MediaError::Elsewhere),
        (with("url", json!("file:///etc/passwd")), file(b"png"), "555001", MediaError::Elsewhere),
        (with("url", json!(7)), file(b"png"), "555001", MediaError::Garbage),
        (with("id", json!("1")), ResponseTemplate::new(404), "555001", MediaError::Status(404)),
        (with("id", json!("1")), file(b"png").set_delay(Duration::from_secs(3)), "555001", MediaError::Down),
        (with("id", json!("1")), file(b"png"), "../me", MediaError::Garbage),
        (with("id", json!("1")), file(b"png"), "777", MediaError::Status(404)),
    ] {
        assert_eq!(download(place, answer, id).await, Err(wanted.clone()), "{wanted:?}");
    }
}
