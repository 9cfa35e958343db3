//! Broken and hostile files: each ends in one typed state within its limits of time and memory, whatever the bytes are.
//!
//! A handful in every run of the tests; thousands with `quittance simulate evidence --broken 5 --out DIR` and `quittance read DIR/*`.

use std::path::PathBuf;
use std::time::Duration;

use quittance_simulate::pieces::{Workshop, mutated};
use quittance_tools::evidence::{EvidenceReader, MIB, Outcome};

/// Files of a run: about half a minute on two cores.
const FILES: u64 = 36;

#[test]
fn every_broken_file_ends_in_a_typed_state() {
    let workshop = Workshop::new().expect("designs that parse");
    let reader = EvidenceReader::new(PathBuf::from(env!("CARGO_BIN_EXE_quittance")));
    let cases = workshop.cases(4, 2);
    let mut read = 0;
    for number in 0..FILES {
        let case = &cases[(number as usize * 7) % cases.len()];
        let piece = workshop.make(&case.recipe).expect("a piece");
        let bytes = mutated(&piece.bytes, 50_000 + number);
        let report = reader.read(&bytes).expect("the reading process starts");
        assert!(report.elapsed < Duration::from_secs(10), "{} {number}: {:?}", piece.file_name, report.elapsed);
        assert!(report.resident_bytes_peak < 384 * MIB, "{} {number}: {} bytes", piece.file_name, report.resident_bytes_peak);
        match report.outcome {
            Outcome::Read(reading) => {
                read += 1;
                assert!(reading.pages >= 1);
            }
            Outcome::Refused(refusal) => assert!(!refusal.sentence.is_empty()),
            Outcome::TimedOut | Outcome::OutOfMemory => {}
            Outcome::EmbeddedInvoice(_) | Outcome::Page(_) | Outcome::Crashed { .. } => {
                panic!("{} {number}: {:?}", piece.file_name, report.outcome)
            }
        }
    }
    assert!(read > 0, "some of them are whole enough to be read");
}
