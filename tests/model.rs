//! The model over HTTP, against a server on this machine that answers well, badly, late, too much, or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use quittance_agent::model::{Message, Model, ModelError, ModelRequest, Picture, Speaker};
use quittance_tools::model::{Endpoint, HttpModel, ModelSettingError, Secret};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

const ANSWER: &str = r#"{"kind":"invoice","claims":[]}"#;

fn completion(text: &str) -> Value {
    json!({ "id": "1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": text } }],
        "usage": { "prompt_tokens": 321, "completion_tokens": 12, "total_tokens": 333 } })
}

fn good() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(completion(ANSWER))
}

fn request() -> ModelRequest {
    ModelRequest {
        messages: vec![
            Message { speaker: Speaker::System, text: "Sort.".into() },
            Message { speaker: Speaker::User, text: "Total EUR 5.00".into() },
        ],
        picture: None,
        schema_name: "classify_evidence",
        schema: r#"{"type":"object"}"#,
        tokens_out_max: 99,
    }
}

/// Impatient, so that the tests are quick.
fn endpoint(server: &MockServer) -> Endpoint {
    Endpoint {
        timeout: Duration::from_millis(400),
        pause: Duration::from_millis(10),
        pause_max: Duration::from_secs(3),
        rest: Duration::from_millis(150),
        failures_max: 3,
        ..Endpoint::new(&format!("{}/v1", server.uri()), Some(Secret::new("sk-test-0123").expect("a key")), "tester")
    }
}

/// Answers one after the other; the last again and again. Counts.
struct Script(Vec<ResponseTemplate>, Arc<AtomicU32>);

impl Respond for Script {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let at = self.1.fetch_add(1, Ordering::SeqCst) as usize;
        self.0[at.min(self.0.len() - 1)].clone()
    }
}

async fn served(answers: Vec<ResponseTemplate>) -> (MockServer, Arc<AtomicU32>) {
    let server = MockServer::start().await;
    let count = Arc::new(AtomicU32::new(0));
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
        .respond_with(Script(answers, count.clone()))
        .mount(&server)
        .await;
    (server, count)
}

async fn ask(server: &MockServer) -> Result<String, ModelError> {
    let model = HttpModel::new(endpoint(server)).expect("good settings");
    model.ask(&request()).await.map(|reply| reply.text)
}

#[tokio::test]
async fn a_question_is_put_as_the_protocol_wants_it() {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Bearer sk-test-0123")).respond_with(good()).expect(2).mount(&server).await;
    let model = HttpModel::new(endpoint(&server)).expect("good settings");
    let reply = model.ask(&request()).await.expect("an answer");
    assert_eq!((reply.text.as_str(), reply.tokens_in, reply.tokens_out), (ANSWER, 321, 12));
    let picture = Picture { media_type: "image/png".into(), bytes: vec![1, 2, 3] };
    model.ask(&ModelRequest { picture: Some(picture), ..request() }).await.expect("an answer");

    let seen = server.received_requests().await.expect("recorded");
    let bodies: Vec<Value> = seen.iter().map(|r| serde_json::from_slice(&r.body).expect("JSON")).collect();
    assert_eq!(
        bodies[0],
        json!({
            "model": "tester", "stream": false, "temperature": 0, "max_tokens": 99,
            "messages": [{ "role": "system", "content": "Sort." }, { "role": "user", "content": "Total EUR 5.00" }],
            "response_format": { "type": "json_schema",
                "json_schema": { "name": "classify_evidence", "schema": { "type": "object" }, "strict": true } },
        }),
        "and no tools"
    );
    assert_eq!(
        bodies[1]["messages"][1]["content"],
        json!([{ "type": "text", "text": "Total EUR 5.00" },
            { "type": "image_url", "image_url": { "url": "data:image/png;base64,AQID" } }])
    );
}

#[tokio::test]
async fn what_may_help_is_tried_again_and_nothing_else() {
    let status = ResponseTemplate::new;
    let slow = good().set_delay(Duration::from_secs(5));
    type Row<'a> = (&'a str, Vec<ResponseTemplate>, Result<&'a str, ModelError>, u32);
    let table: Vec<Row<'_>> = vec![
        ("busy, then not", vec![status(429), good()], Ok(ANSWER), 2),
        ("a hiccup", vec![status(503), status(502), good()], Ok(ANSWER), 3),
        ("down for good", vec![status(500)], Err(ModelError::Status(500)), 3),
        ("no such model", vec![status(404), good()], Err(ModelError::Status(404)), 1),
        ("wrong key", vec![status(401), good()], Err(ModelError::Status(401)), 1),
        ("moved", vec![status(302).insert_header("location", "http://127.0.0.1:9/"), good()], Err(ModelError::Status(302)), 1),
        (
            "asks to wait an hour",
            vec![status(429).insert_header("retry-after", "3600"), good()],
            Err(ModelError::Busy(Duration::from_secs(3600))),
            1,
        ),
        ("hangs", vec![slow, good()], Err(ModelError::Slow(Duration::from_millis(400))), 1),
        ("no JSON", vec![status(200).set_body_string("<html>"), good()], Err(ModelError::Garbage), 1),
        (
            "cut off",
            vec![status(200).set_body_string(r#"{"choices":[{"message":{"content":"{"#), good()],
            Err(ModelError::Garbage),
            1,
        ),
        ("another form", vec![status(200).set_body_json(json!({ "answer": 42 })), good()], Err(ModelError::Garbage), 1),
        ("nothing said", vec![status(200).set_body_json(json!({ "choices": [] }))], Ok(""), 1),
        (
            "a refusal",
            vec![status(200).set_body_json(json!({ "choices": [{ "message": { "content": null, "refusal": "no" } }] }))],
            Ok(""),
            1,
        ),
        ("4 MB", vec![status(200).set_body_bytes(vec![b' '; 4 << 20]), good()], Err(ModelError::TooLong), 1),
        (
            "an answer of 40 kB",
            vec![status(200).set_body_json(completion(&"x".repeat(40 << 10))), good()],
            Err(ModelError::TooLong),
            1,
        ),
    ];
    for (name, answers, wanted, tries) in table {
        let (server, count) = served(answers).await;
        assert_eq!(ask(&server).await, wanted.map(str::to_owned), "{name}");
        assert_eq!(count.load(Ordering::SeqCst), tries, "{name}");
    }
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_kept() {
    let (server, _) = served(vec![ResponseTemplate::new(429).insert_header("retry-after", "1"), good()]).await;
    #[expect(clippy::disallowed_methods, reason = "the pause is what is measured")]
    let begun = Instant::now();
    assert_eq!(ask(&server).await.as_deref(), Ok(ANSWER));
    assert!(begun.elapsed() >= Duration::from_millis(990), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stream_without_end_is_left() {
    // Chunks without a length, for ever: read up to the limit and dropped.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let served = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.expect("a caller");
        let mut asked = [0_u8; 16 * 1024];
        let _ = stream.read(&mut asked).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        let _ = stream.write_all(head.as_bytes()).await;
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        let mut sent = 0_usize;
        while sent < 100 << 20 && stream.write_all(chunk.as_bytes()).await.is_ok() {
            sent += chunk.len();
        }
        sent
    });
    let endpoint =
        Endpoint { timeout: Duration::from_secs(20), ..Endpoint::new(&format!("http://{address}/v1"), None, "tester") };
    let model = HttpModel::new(endpoint).expect("good settings");
    assert_eq!(model.ask(&request()).await, Err(ModelError::TooLong));
    drop(model);
    let sent = served.await.expect("it ends");
    assert!(sent < 20 << 20, "{sent} bytes were taken");
}

#[tokio::test]
async fn an_endpoint_that_fails_is_left_alone_and_tried_again() {
    let (server, count) = served(vec![
        ResponseTemplate::new(400),
        ResponseTemplate::new(400),
        ResponseTemplate::new(400),
        ResponseTemplate::new(400),
        good(),
    ])
    .await;
    let model = HttpModel::new(endpoint(&server)).expect("good settings");
    for _ in 0..3 {
        assert_eq!(model.ask(&request()).await, Err(ModelError::Status(400)));
    }
    assert!(matches!(model.ask(&request()).await, Err(ModelError::Resting(_))));
    assert_eq!(count.load(Ordering::SeqCst), 3, "nothing was sent while it rests");
    tokio::time::sleep(Duration::from_millis(160)).await;
    assert_eq!(model.ask(&request()).await, Err(ModelError::Status(400)), "one try");
    assert!(matches!(model.ask(&request()).await, Err(ModelError::Resting(_))), "twice as long");
    tokio::time::sleep(Duration::from_millis(310)).await;
    assert!(model.ask(&request()).await.is_ok());
    assert!(model.ask(&request()).await.is_ok(), "trusted again");
}

#[tokio::test]
async fn nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let endpoint = Endpoint { pause: Duration::from_millis(5), ..Endpoint::new(&format!("http://{address}/v1"), None, "tester") };
    let model = HttpModel::new(endpoint).expect("good settings");
    assert_eq!(model.ask(&request()).await, Err(ModelError::Down));
}

#[tokio::test]
async fn no_more_are_under_way_than_set() {
    let (server, _) = served(vec![good().set_delay(Duration::from_millis(120))]).await;
    let model = HttpModel::new(Endpoint { at_once: 1, ..endpoint(&server) }).expect("good settings");
    #[expect(clippy::disallowed_methods, reason = "the waiting is what is measured")]
    let begun = Instant::now();
    let asked = request();
    let (one, two, three) = tokio::join!(model.ask(&asked), model.ask(&asked), model.ask(&asked));
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert!(begun.elapsed() >= Duration::from_millis(350), "{:?}", begun.elapsed());
}

#[test]
fn settings_that_cannot_be_are_refused_and_no_key_is_shown() {
    let key = || Some(Secret::new("sk-secret").expect("a key"));
    for (url, key, name, wanted) in [
        ("ftp://host/v1", None, "m", "base URL"),
        ("not a url", None, "m", "base URL"),
        ("https://user:pw@host/v1", None, "m", "base URL"),
        ("https://host/v1?key=1", None, "m", "base URL"),
        ("http://models.example.com/v1", key(), "m", "in the clear"),
        ("https://host/v1", key(), "", "name of the model"),
        ("https://host/v1", key(), "a\nb", "name of the model"),
    ] {
        let error = HttpModel::new(Endpoint::new(url, key, name)).map(|_| ()).expect_err(url).to_string();
        assert!(error.contains(wanted), "{url}: {error}");
        assert!(!error.contains("pw") && !error.contains("sk-secret"), "{error}");
    }
    for good in ["http://127.0.0.1:8082/v1", "http://localhost:8082/v1", "http://[::1]:8082/v1", "https://host/v1"] {
        let model = HttpModel::new(Endpoint::new(good, key(), "m")).expect(good);
        assert!(!format!("{model:?}").contains("sk-secret"));
    }
    assert!(HttpModel::new(Endpoint::new("http://models.example.com/v1", None, "m")).is_ok(), "without a key nothing leaks");
    for bad in ["", "  ", "two words", "tab\tkey", "ключ", &"x".repeat(1_001)] {
        assert!(matches!(Secret::new(bad), Err(ModelSettingError::Key)), "{bad}");
    }
}
