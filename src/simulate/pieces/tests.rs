use super::*;

/// The seed of `eval-sets/evidence-files`.
const SEED: u64 = 4;
const EACH: u64 = 2;

fn cases_folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../eval-sets/evidence-files/cases")
}

#[test]
fn the_set_is_what_its_recipes_say() {
    let workshop = Workshop::new().unwrap();
    let cases = workshop.cases(SEED, EACH);
    assert!(cases.len() >= 150, "{}", cases.len());
    for case in &cases {
        let path = cases_folder().join(format!("{}.json", case.id));
        let kept = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let kept: Case = serde_json::from_str(&kept).unwrap();
        assert_eq!(kept, *case, "write it anew with `quittance simulate evidence --cases eval-sets/evidence-files/cases`");
    }
    let files = std::fs::read_dir(cases_folder()).unwrap().count();
    assert_eq!(files, cases.len(), "a case of a design that is gone");
}

#[test]
fn no_template_is_in_two_splits_and_every_kind_is_held_out() {
    let workshop = Workshop::new().unwrap();
    let mut split_of: BTreeMap<String, Split> = BTreeMap::new();
    for case in workshop.cases(SEED, EACH) {
        assert_eq!(*split_of.entry(case.template.clone()).or_insert(case.split), case.split, "{}", case.template);
    }
    let mut kinds: Vec<_> =
        workshop.designs().iter().filter(|d| d.split == Split::HeldOut).map(|d| format!("{:?}", d.kind)).collect();
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds.len(), 13, "{kinds:?}");
}

#[test]
fn a_recipe_gives_the_same_bytes_again_and_its_truth_stands_in_its_lines() {
    let workshop = Workshop::new().unwrap();
    for case in workshop.cases(SEED, EACH).iter().step_by(23) {
        let (first, again) = (workshop.make(&case.recipe).unwrap(), workshop.make(&case.recipe).unwrap());
        assert_eq!(first, again);
        assert!(first.bytes.len() > 200, "{}", case.id);
        let text = workshop.lines(&case.recipe).unwrap().join("\n");
        if let Some(reference) = case.expected.get("reference").and_then(Value::as_str) {
            assert!(text.contains(reference), "{}: {text}", case.id);
        }
        assert!(!text.contains('{'), "{}: {text}", case.id);
    }
    let nobody = Recipe { design: "nobody".into(), seed: 1, spoil: Spoil::default() };
    assert!(matches!(workshop.make(&nobody), Err(PieceError::NoDesign(_))));
}
