//! Every route, tried with nobody, with each role on one entity, on the other, and on all; and with a token. What is written here is
//! what must hold: a route that is not in the list fails, whatever the router says about it.

use std::collections::BTreeSet;

use crate::desk::{Answer, TestDesk, proof_digest};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use quittance_rules::users::{Role, User};
use quittance_tools::store::Database;
use quittance_web::routes::{Bound, rows};

/// Least that is needed, as a word: `open`, `signed-in`, a role on any entity, `all:` a role on all of them; and `subject` where the
/// path names something of one entity.
const TABLE: &str = include_str!("access.table");

struct Line {
    method: Method,
    path: String,
    needs: String,
    is_subject: bool,
}

fn table() -> Vec<Line> {
    let lines = TABLE.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [method, path, needs, rest @ ..] = words.as_slice() else { panic!("three words at least: {line}") };
            Line {
                method: method.parse().expect("a method"),
                path: (*path).to_owned(),
                needs: (*needs).to_owned(),
                is_subject: rest.contains(&"subject"),
            }
        })
        .collect()
}

#[test]
fn every_route_has_a_row_in_the_table() {
    let wanted: BTreeSet<(String, String, bool)> =
        table().into_iter().map(|line| (line.method.to_string(), line.path, line.is_subject)).collect();
    let found: BTreeSet<(String, String, bool)> =
        rows::<Database>().iter().map(|row| (row.method.to_string(), row.path.to_owned(), row.bound == Bound::Subject)).collect();
    let missing: Vec<_> = found.difference(&wanted).collect();
    let gone: Vec<_> = wanted.difference(&found).collect();
    assert!(missing.is_empty() && gone.is_empty(), "routes without a row: {missing:#?}\nrows without a route: {gone:#?}");
}

/// The path with something of entity e1 in each place.
fn filled(path: &str) -> String {
    path.replace("{case}", "1")
        .replace("{decision}", "1")
        .replace("{digest}", &proof_digest())
        .replace("{customer}", "c1")
        .replace("{item}", "a")
        .replace("{payment}", "p1")
        .replace("{entry}", "1")
        .replace("{kind}", "evidence")
        .replace("{provider}", "none")
        .replace("{ticket}", "none")
        .replace("{file}", "none")
        .replace("{webhook}", "we_e1")
        .replace("{delivery}", "msg_test_e1")
        .replace("{passkey}", "none")
        .replace("{id}", "c1")
}

/// Turned away at the door: sent to sign in, or told that a role is missing.
fn is_turned_away(answer: &Answer) -> bool {
    answer.status == StatusCode::UNAUTHORIZED
        || answer.location().starts_with("/sign-in?")
        || (answer.status == StatusCode::FORBIDDEN
            && (answer.body.contains("this needs the role") || answer.body.contains("sign in first")))
}

async fn try_one(desk: &TestDesk, line: &Line, user: Option<&User>) -> Answer {
    let path = filled(&line.path);
    match (user, line.method == Method::GET) {
        (None, true) => desk.get(&path, None).await,
        (None, false) => desk.post_visitor(&path, "x=y", "").await,
        (Some(user), true) => desk.get(&path, Some(&desk.session(user).await)).await,
        (Some(user), false) => desk.post(&path, &desk.session(user).await, "x=y").await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_call_what() {
    let desk = TestDesk::new().await;
    let mut people: Vec<(Option<User>, Option<Role>, Option<&str>)> = vec![(None, None, None)];
    people.push((Some(desk.person("nobody", &[]).await), None, None));
    for role in Role::ALL {
        for entity in [None, Some("e1"), Some("e2")] {
            let name = format!("{}.{}", role.name(), entity.unwrap_or("all"));
            let user = desk.person(&name, &[(role, entity)]).await;
            people.push((Some(user), Some(role), entity));
        }
    }
    let mut tried = 0;
    let mut wrong = Vec::new();
    for line in table() {
        for (user, role, entity) in &people {
            // Leaving, or ending one's sessions, is tried like the rest: every call has a session of its own.
            let answer = try_one(&desk, &line, user.as_ref()).await;
            let may = match line.needs.as_str() {
                "open" => true,
                "signed-in" => user.is_some(),
                needs => match needs.strip_prefix("all:") {
                    Some(needed) => entity.is_none() && *role >= Role::parse(needed),
                    None => role.is_some() && *role >= Role::parse(needs),
                },
            };
            let who = user.as_ref().map_or("nobody signed in", |user| user.id.as_str());
            // Sign-in itself answers 401 to a wrong name; that is an answer, not a closed door.
            let opens = line.path.starts_with("/sign-in") || line.path.starts_with("/set-password");
            if !opens && is_turned_away(&answer) == may {
                wrong.push(format!("{} {} for {who}: {} {}", line.method, line.path, answer.status, answer.location()));
            }
            // A change is read before it is placed, so an odd form may be refused as odd first; a page never shows.
            let is_odd = line.method != Method::GET && answer.status.is_client_error();
            if may && line.is_subject && *entity == Some("e2") && answer.status != StatusCode::NOT_FOUND && !is_odd {
                wrong.push(format!("{} {} of e1 for {who}: {}, not 404", line.method, line.path, answer.status));
            }
            if answer.status.is_server_error() && !line.path.starts_with("/imports/") {
                wrong.push(format!("{} {} for {who}: {}", line.method, line.path, answer.status));
            }
            if !line.path.starts_with("/assets") && answer.headers.get(header::CONTENT_SECURITY_POLICY).is_none() {
                wrong.push(format!("{} {} has no content security policy", line.method, line.path));
            }
            tried += 1;
        }
    }
    assert!(tried > 500, "{tried} tried");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_change_without_the_form_token_is_refused_everywhere() {
    let desk = TestDesk::new().await;
    let admin = desk.person("admin.all", &[(Role::Admin, None)]).await;
    let head = quittance_agent::ports::Store::head(&desk.web.store).await.unwrap();
    // What a service brings is believed by its signature; tests/whatsapp.rs forges some.
    let forms = table().into_iter().filter(|line| line.method != Method::GET && !line.path.starts_with("/hooks/"));
    for line in forms {
        let session = desk.session(&admin).await;
        for (kind, body) in [
            ("application/x-www-form-urlencoded", "name=a&csrf=0000"),
            ("application/x-www-form-urlencoded", "name=a"),
            ("application/json", "{}"),
            ("text/plain", "csrf=a"),
        ] {
            let request = Request::builder()
                .method(line.method.clone())
                .uri(filled(&line.path))
                .header(header::COOKIE, format!("quittance-session={session}"))
                .header(header::CONTENT_TYPE, kind);
            let answer = desk.send(request.body(Body::from(body)).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {kind} {body}", line.path);
        }
        // With the token, but from a page of somebody else.
        for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
            let request = Request::builder()
                .method(line.method.clone())
                .uri(filled(&line.path))
                .header(header::COOKIE, format!("quittance-session={session}"))
                .header("x-csrf-token", quittance_web::secret::csrf_of(&session))
                .header(header::HOST, "127.0.0.1:8080")
                .header(name, value);
            let answer = desk.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {name}: {value}", line.path);
        }
    }
    assert_eq!(quittance_agent::ports::Store::head(&desk.web.store).await.unwrap(), head, "nothing was changed");
}
