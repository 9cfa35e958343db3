//! `quittance fit matching`, as a user runs it: on a made book with its truth, and on what it must refuse.

mod program;

use program::Folder;

fn book(payments: &str) -> Folder {
    let folder = Folder::new();
    let made = folder.run(&["simulate", "--seed", "5", "--payments", payments, "--profile", "three", "--out", "."]);
    made.ended(0);
    folder
}

const FIT: [&str; 10] = [
    "fit",
    "matching",
    "--customers",
    "customers.csv",
    "--invoices",
    "invoices.csv",
    "--payments",
    "payments.csv",
    "--truth",
    "truth.csv",
];

fn fit(folder: &Folder, out: &str, more: &[&str]) -> program::Said {
    let arguments: Vec<&str> = FIT.iter().copied().chain(["--fx", "fx.csv", "--out", out]).chain(more.iter().copied()).collect();
    folder.run(&arguments)
}

#[test]
fn a_fitted_policy_is_the_same_each_time_and_can_be_used() {
    let folder = book("900");
    let first = fit(&folder, "one.toml", &["--threads", "1"]);
    first.ended(0).says("half of them kept back");
    fit(&folder, "two.toml", &["--threads", "2"]);
    assert_eq!(folder.read("one.toml"), folder.read("two.toml"));
    let again = fit(&folder, "three.toml", &["--policy", "one.toml"]);
    again.ended(0);
    let matched = folder.run(&[
        "match",
        "--customers",
        "customers.csv",
        "--invoices",
        "invoices.csv",
        "--payments",
        "payments.csv",
        "--policy",
        "one.toml",
        "--out",
        "out.csv",
    ]);
    matched.ended(0);
}

#[test]
fn labels_that_do_not_fit_the_book_are_refused() {
    let folder = book("300");
    let truth = folder.read("truth.csv");
    folder.file(
        "truth.csv",
        format!("{truth}Q9999999,D0000001,1.00,clean\nQ0000001,D9999999,1.00,clean\nQ0000002,D0000001,one,clean\n"),
    );
    let said = fit(&folder, "policy.toml", &[]);
    said.ended(1).says("`Q9999999` is no payment").says("`D9999999` is no open item").says("applied_amount");
    folder.file("truth.csv", "payment_id,invoice_id,applied_amount\nQ0000001,,0\n");
    let few = fit(&folder, "policy.toml", &[]);
    few.ended(2).says("fewer than 100");
    folder.file("truth.csv", "payment,invoice\n1,2\n");
    let wrong = fit(&folder, "policy.toml", &[]);
    wrong.ended(2).says("`payment_id` is missing");
}
