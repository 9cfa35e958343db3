//! OFX.

mod text_bank;

use quittance_rules::bank::Collected;
use quittance_tools::intake::ofx::{Options, read};
use text_bank::{files, fixture, messages, survives_damage, totals};

#[test]
fn explore() {
    let mut shown = Vec::new();
    let mut all = files("ofxparse", &[".ofx"]);
    all.extend(files("bankstatementparser", &["fx"]));
    for name in all {
        let mut sink = Collected::default();
        let r = read(fixture(&name).as_slice(), &mut sink, Options::default());
        shown.push(format!("{name} {:?} {:?} {:?}", r.map_err(|e| e.to_string()), totals(&sink), messages(&sink)));
        for s in &sink.statements {
            shown.push(format!("   {:?} {:?} {}", s.statement, s.end, s.lines.len()));
            for l in &s.lines {
                shown.push(format!("   {:?}", l));
            }
        }
    }
    panic!("{}", shown.join("\n"));
}
