use super::*;

fn customer(id: &str, name: &str, iban: &str, parent: &str) -> Customer {
    Customer {
        id: CustomerId::parse(id).expect("plain"),
        name: name.to_owned(),
        aliases: Vec::new(),
        country: None,
        currency: None,
        iban: Some(iban.to_owned()).filter(|iban| !iban.is_empty()),
        parent_id: CustomerId::parse(parent).ok(),
        withholding_percent: None,
        tolerance: None,
        emails: Vec::new(),
    }
}

fn customers() -> Vec<Customer> {
    vec![
        customer("C-1", "Aster Foods GmbH", "DE89370400440532013000", "C-3"),
        customer("C-2", "Birke & Sohn KG", "DE02120300000000202051", ""),
        customer("C-3", "Cedar Holding Ltd", "GB82WEST12345698765432", ""),
    ]
}

fn confirm(decision: i64, customer: &str, account: &str, name: &str, is_third_party: bool, known: &[Alias]) -> Vec<Alias> {
    let (customer, by) = (CustomerId::parse(customer).expect("plain"), Actor::Person("anna".to_owned()));
    let confirmed = Confirmation {
        decision: DecisionId(decision),
        at: Timestamp::UNIX_EPOCH,
        by: &by,
        payer_name: Some(name).filter(|name| !name.is_empty()),
        payer_account: Some(account).filter(|account| !account.is_empty()),
        customer: &customer,
        is_third_party,
    };
    lessons(confirmed, &customers(), known)
}

fn shown(aliases: &[Alias]) -> Vec<String> {
    aliases.iter().map(|alias| format!("{} {} {} {}", alias.id, alias.customer, alias.value, alias.standing.name())).collect()
}

/// The aliases after some changes.
fn after(known: &[Alias], changes: &[Alias]) -> Vec<Alias> {
    let mut all: Vec<Alias> = known.iter().filter(|old| changes.iter().all(|new| new.id != old.id)).cloned().collect();
    all.extend(changes.iter().cloned());
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

#[test]
fn what_a_confirmation_teaches() {
    let rows: Vec<(&str, &str, &str, Vec<&str>)> = vec![
        // customer, account, name: what is learned
        ("C-1", "FR7630006000011234567890189", "Aster Foods", vec!["7-account C-1 FR7630006000011234567890189 active"]),
        ("C-1", "de89 3704 0044 0532 0130 00", "Frische Welt Handels AG", vec!["7-name C-1 Frische Welt Handels AG active"]),
        (
            "C-1",
            "FR7630006000011234567890189",
            "Frische Welt",
            vec!["7-account C-1 FR7630006000011234567890189 active", "7-name C-1 Frische Welt active"],
        ),
        ("C-1", "DE89370400440532013000", "ASTER FOODS GMBH", vec![]),
        ("C-1", "", "", vec![]),
        // The parent is known to pay.
        ("C-1", "GB82WEST12345698765432", "Aster Foods GmbH", vec![]),
        // Another customer pays: by its account, or by its name.
        ("C-1", "DE02120300000000202051", "Somebody Else", vec![]),
        ("C-1", "FR7630006000011234567890189", "Birke & Sohn KG", vec![]),
        // Nothing telling: a masked or short account, a name of initials.
        ("C-1", "****1234", "A. B.", vec![]),
        ("C-1", "123", "007", vec![]),
        ("C-9", "FR7630006000011234567890189", "Nobody Known", vec![]),
    ];
    for (customer, account, name, expected) in rows {
        assert_eq!(shown(&confirm(7, customer, account, name, false, &[])), expected, "{customer} {account} {name}");
    }
}

#[test]
fn a_payer_of_several_customers_is_known_as_shared() {
    let account = "FR7630006000011234567890189";
    let first = confirm(7, "C-1", account, "Pay Agents Ltd", false, &[]);
    assert_eq!(first.len(), 2);
    assert!(confirm(8, "C-1", account, "Pay Agents Ltd", false, &first).is_empty(), "known already");
    let second = confirm(8, "C-2", account, "Pay Agents Ltd", false, &first);
    assert!(second.iter().all(|alias| alias.standing == Standing::Shared { decision: DecisionId(8) }) && second.len() == 2);
    let shared = after(&first, &second);
    assert!(confirm(9, "C-1", account, "Pay Agents Ltd", false, &shared).is_empty(), "shared stays shared");
    assert!(confirm(9, "C-1", account, "Another Name", false, &shared).is_empty(), "and teaches no name either");
    // Undo of the second confirmation brings the first back; undo of the first takes it away.
    assert_eq!(after(&shared, &undone(DecisionId(8), DecisionId(10), &shared)), first);
    let none = after(&first, &undone(DecisionId(7), DecisionId(11), &first));
    assert!(none.iter().all(|alias| alias.standing == Standing::Withdrawn { decision: DecisionId(11) }));
    assert_eq!(confirm(12, "C-2", account, "", false, &none).len(), 1, "what was withdrawn says nothing");
}

#[test]
fn a_payer_marked_as_third_party_is_not_learned() {
    let account = "FR7630006000011234567890189";
    let marked = confirm(7, "C-1", account, "Onkel Otto", true, &[]);
    assert_eq!(shown(&marked), [format!("7-account C-1 {account} third_party"), "7-name C-1 Onkel Otto third_party".to_owned()]);
    assert!(confirm(8, "C-1", account, "Onkel Otto", false, &marked).is_empty());
    assert!(confirm(8, "C-2", account, "Onkel Otto", false, &marked).is_empty());
    // What had been learned before is no longer in use, and is again after an undo.
    let learned = confirm(5, "C-1", account, "", false, &[]);
    let changes = confirm(7, "C-1", account, "", true, &learned);
    assert_eq!(changes[0].standing, Standing::ThirdParty { decision: DecisionId(7) });
    let all = after(&learned, &changes);
    assert_eq!(after(&all, &undone(DecisionId(7), DecisionId(9), &all)), learned);
}
