//! NACHA returns and notifications of change.

mod text_bank;

use quittance_rules::bank::Collected;
use quittance_tools::intake::nacha::read;
use text_bank::{files, fixture, messages, survives_damage, totals};

#[test]
fn explore() {
    let mut shown = Vec::new();
    for name in files("moov-ach", &[".ach"]) {
        let mut sink = Collected::default();
        let r = read(fixture(&name).as_slice(), &mut sink);
        shown.push(format!("{name} {:?} {:?} {:?}", r.map_err(|e| e.to_string()), totals(&sink), messages(&sink)));
        for l in sink.statements.iter().flat_map(|s| &s.lines) {
            shown.push(format!("   {:?}", l));
        }
    }
    panic!("{}", shown.join("\n"));
}
