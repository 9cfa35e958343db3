use super::*;

fn refused(text: &str) -> RuleError {
    Rules::parse(text).expect_err(text)
}

#[test]
fn rules_are_read_in_order() {
    let text = r#"
[gate]
high_value = { EUR = "10000.00" }

[[rule]]
name = "interest"
when = 'payment.remittance.lower().contains("interest")'
then = "not_ours"

[[rule]]
name = "cents"
when = '''difference < amount("0", "EUR")'''
then = "write_off"
limit = { EUR = "2.00", USD = "2.50" }

[[rule]]
name = "Maria's"
when = "customer.country == 'PE'"
then = "assign"
to = " maria "

[[rule]]
name = "sure"
when = "pattern == \"lump_named\""
then = "settle"
confidence = "0.97"
"#;
    let rules = Rules::parse(text).expect("well formed");
    let shown: Vec<(&str, usize, String)> =
        rules.iter().map(|rule| (rule.name.as_str(), rule.line, rule.action.words())).collect();
    assert_eq!(
        shown,
        [
            ("interest", 5, "set aside as not ours".to_owned()),
            ("cents", 10, "write off up to EUR 2.00, USD 2.50".to_owned()),
            ("Maria's", 16, "assign to maria".to_owned()),
            ("sure", 22, "settle from confidence 0.97".to_owned()),
        ]
    );
    assert!(Rules::parse("").expect("none").is_empty());
}

#[test]
fn what_is_wrong_names_line_and_column_of_the_file() {
    let rule = |rest: &str| format!("# a policy\n[[rule]]\nname = \"r\"\n{rest}\n");
    for (text, line, column, words) in [
        (rule("when = 'payment.amonut == 1'\nthen = \"ask\""), 4, 9, "rule `r`: there is no `payment.amonut`"),
        (rule("when = 'true && kind == \"x\"'\nthen = \"ask\""), 4, 25, "`x` is no kind"),
        (rule("when = \"true && kind == \\\"x\\\"\"\nthen = \"ask\""), 4, 25, "`x` is no kind"),
        (rule("when = '''\ntrue &&\n  kind == \"x\"'''\nthen = \"ask\""), 6, 11, "`x` is no kind"),
        (rule("when = \"\"\"true && \\\n   kind == 'x'\"\"\"\nthen = \"ask\""), 5, 12, "`x` is no kind"),
        (rule("when = \"'\\u00e4\\u20ac' == payer\"\nthen = \"ask\""), 4, 27, "no `payer`"),
        (rule("when = 'true'\nthen = \"approve\""), 5, 8, "`approve` is no action"),
        (rule("when = 'true'\nthen = \"write_off\""), 5, 8, "has a limit"),
        (rule("when = 'true'\nthen = \"write_off\"\nlimit = { EUR = \"2,00\" }"), 6, 9, "EUR"),
        (rule("when = 'true'\nthen = \"write_off\"\nlimit = { EUR = \"-2\" }"), 6, 9, "above zero"),
        (rule("when = 'true'\nthen = \"write_off\"\nlimit = { EURO = \"2\" }"), 6, 9, "EURO"),
        (rule("when = 'true'\nthen = \"assign\""), 5, 8, "to = \"maria\""),
        (rule("when = 'true'\nthen = \"assign\"\nto = \"\""), 6, 6, "1 to 100"),
        (rule("when = 'true'\nthen = \"settle\"\nconfidence = \"0.2\""), 6, 14, "0.5 to 1"),
        (rule("when = 'true'\nthen = \"ask\"\nto = \"maria\""), 6, 6, "`to` belongs to `assign`"),
        (rule("when = 'true'\nthen = \"ask\"\nwhy = 1"), 6, 1, "unknown field `why`"),
        (rule("when = 'true'"), 2, 1, "missing field `then`"),
        (rule("when = true\nthen = \"ask\""), 4, 8, "invalid type"),
        ("[[rule]]\nname = \"\"\nwhen = 'true'\nthen = 'ask'".to_owned(), 2, 8, "1 to 80"),
        ("rule = 1".to_owned(), 1, 8, "invalid type"),
        ("[[rule]\n".to_owned(), 1, 8, ""),
    ] {
        let error = refused(&text);
        assert_eq!((error.line, error.column), (line, column), "{text}\n{error}");
        assert!(error.message.contains(words) && error.message.lines().count() == 1, "{text}\n{error}");
    }
    let twice = "[[rule]]\nname = 'a'\nwhen = 'true'\nthen = 'ask'\n".repeat(2);
    assert_eq!((refused(&twice).line, refused(&twice).message.contains("two rules `a`")), (6, true));
    let many: String = (0..201).map(|n| format!("[[rule]]\nname = 'r{n}'\nwhen = 'true'\nthen = 'ask'\n")).collect();
    assert!(refused(&many).message.contains("at most 200"));
}
