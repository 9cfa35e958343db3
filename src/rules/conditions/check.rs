//! From text to typed tree. Whatever is not known here is refused, with its place.

use cel::IdedExpr;
use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, Expr, LiteralValue, SelectExpr, SourceInfo};
use jiff::civil::Date;
use regex::RegexBuilder;
use rust_decimal::Decimal;

use super::tree::{Comparison, Field, List, Node, Quantifier, TextTest, Type};
use super::{CONDITION_BYTES_MAX, ConditionError};
use crate::exceptions::ExceptionKind;
use crate::matching::Pattern;
use crate::money::{Currency, Money};

/// Parts of a condition inside each other.
const DEPTH_MAX: u16 = 24;
/// Brackets inside each other.
const BRACKETS_MAX: usize = 10;
/// Operators and dots in a row, without `&&` or `||` between.
const CHAIN_MAX: usize = 24;
/// `? :` in one condition.
const CHOICES_MAX: usize = 8;
/// Values of a list that is written out.
const LIST_MAX: usize = 200;
/// Bytes a compiled regular expression may take.
const REGEX_BYTES: usize = 256 * 1024;

type Checked = Result<(Node, Type), ConditionError>;

struct Checker<'s> {
    text: &'s str,
    places: SourceInfo,
    /// The name a quantifier gives to the text it looks at.
    bound: Option<String>,
}

/// Reads a condition.
pub(super) fn condition(text: &str) -> Result<Node, ConditionError> {
    if text.len() > CONDITION_BYTES_MAX {
        return Err(ConditionError {
            at: CONDITION_BYTES_MAX,
            message: format!("the condition is longer than {CONDITION_BYTES_MAX} bytes"),
        });
    }
    if text.trim().is_empty() {
        return Err(ConditionError { at: 0, message: "the condition is empty".to_owned() });
    }
    bounded(text)?;
    // An environment without macros leaves `has`, `all` and `exists` as the calls they are written as.
    let parser = cel::Env::default().parser().enable_optional_syntax(false).max_recursion_depth(DEPTH_MAX);
    let (root, places) = parser.error_recovery_limit(1).parse_with_source_info(text).map_err(|errors| syntax(text, &errors))?;
    let mut checker = Checker { text, places, bound: None };
    let (node, kind) = checker.node(&root)?;
    if kind == Type::Bool {
        Ok(node)
    } else {
        Err(checker.error(&root, format!("a condition is a yes or no; this is {}", kind.words())))
    }
}

/// Refuses what would make the parser, or the walk over what it makes, go deep: brackets in brackets, long chains of operators, and
/// choices in choices.
fn bounded(text: &str) -> Result<(), ConditionError> {
    let refuse = |at: usize, what: &str, most: usize| {
        Err(ConditionError { at, message: format!("the condition is nested too deep: {what} more than {most}") })
    };
    let mut chains = vec![0_usize];
    let mut choices = 0_usize;
    let mut quote: Option<char> = None;
    let mut letters = text.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        if let Some(open) = quote {
            match c {
                '\\' => {
                    letters.next();
                }
                _ if c == open => quote = None,
                _ => {}
            }
            continue;
        }
        match c {
            '"' | '\'' => quote = Some(c),
            '(' | '[' | '{' => {
                chains.push(0);
                if chains.len() > BRACKETS_MAX.saturating_add(1) {
                    return refuse(at, "brackets", BRACKETS_MAX);
                }
            }
            ')' | ']' | '}' if chains.len() > 1 => {
                chains.pop();
            }
            '?' => {
                choices = choices.saturating_add(1);
                if choices > CHOICES_MAX {
                    return refuse(at, "choices", CHOICES_MAX);
                }
            }
            '&' | '|' | ',' | ':' => {
                if let Some(chain) = chains.last_mut() {
                    *chain = 0;
                }
            }
            '.' | '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' => {
                let chain = chains.last_mut().map_or(0, |chain| {
                    *chain = chain.saturating_add(1);
                    *chain
                });
                if chain > CHAIN_MAX {
                    return refuse(at, "operators in a row", CHAIN_MAX);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The parser's first complaint, in one sentence.
fn syntax(text: &str, errors: &cel::ParseErrors) -> ConditionError {
    let Some(first) = errors.errors.first() else {
        return ConditionError { at: 0, message: "the condition cannot be read".to_owned() };
    };
    let (line, column) = (usize::try_from(first.pos.0).unwrap_or(1), usize::try_from(first.pos.1).unwrap_or(1));
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let at = before.saturating_add(column.saturating_sub(1)).min(text.len());
    let said = first.msg.strip_prefix("Syntax error: ").unwrap_or(&first.msg);
    let message = if said.contains("Recursion limit") {
        format!("the condition is nested more than {DEPTH_MAX} deep")
    } else {
        // The list of all tokens that could stand here helps nobody.
        said.split(" expecting ").next().unwrap_or(said).replace("'<EOF>'", "the end").replace('\n', " ")
    };
    ConditionError { at, message }
}

impl Checker<'_> {
    fn at(&self, id: u64) -> usize {
        self.places.offset_for(id).and_then(|(start, _)| usize::try_from(start).ok()).unwrap_or(0).min(self.text.len())
    }

    fn error(&self, expr: &IdedExpr, message: impl Into<String>) -> ConditionError {
        // A call or a selection stands at its operator; its first part is where a reader looks.
        ConditionError { at: self.at(first_of(expr).id), message: message.into() }
    }

    fn node(&mut self, expr: &IdedExpr) -> Checked {
        match &expr.expr {
            Expr::Literal(literal) => self.literal(expr, literal),
            Expr::Ident(name) => {
                if self.bound.as_deref() == Some(name.trim_start_matches('.')) {
                    return Ok((Node::Bound, Type::Text));
                }
                let field = self.field(expr, name.trim_start_matches('.'))?;
                Ok((Node::Field(field), field.kind()))
            }
            Expr::Select(select) => {
                let field = self.selected(expr, select)?;
                Ok((Node::Field(field), field.kind()))
            }
            Expr::Call(call) => self.call(expr, call),
            Expr::List(_) => Err(self.error(expr, "a list stands only after `in`, or before `.exists` and `.all`")),
            Expr::Map(_) | Expr::Struct(_) | Expr::Comprehension(_) | Expr::Unspecified => {
                Err(self.error(expr, "maps and structures are not part of a condition"))
            }
        }
    }

    fn typed(&mut self, expr: &IdedExpr, wanted: Type) -> Result<Box<Node>, ConditionError> {
        match self.node(expr)? {
            (node, kind) if kind == wanted => Ok(Box::new(node)),
            (node, Type::Int) if wanted == Type::Decimal => Ok(Box::new(Node::Widen(Box::new(node)))),
            (_, kind) => Err(self.error(expr, format!("{} is needed here; this is {}", wanted.words(), kind.words()))),
        }
    }

    fn literal(&self, expr: &IdedExpr, literal: &LiteralValue) -> Checked {
        match literal {
            LiteralValue::Boolean(value) => Ok((Node::Bool(*value.inner()), Type::Bool)),
            LiteralValue::Int(value) => Ok((Node::Int(*value.inner()), Type::Int)),
            LiteralValue::String(value) => Ok((Node::Text(value.inner().to_owned()), Type::Text)),
            LiteralValue::Double(value) => {
                // Read from the text itself, so that 0.98 is 0.98.
                let (start, stop) = self.places.offset_for(expr.id).unwrap_or((0, 0));
                let range = usize::try_from(start).unwrap_or(0)..usize::try_from(stop).unwrap_or(0).saturating_add(1);
                let digits = self.text.get(range).unwrap_or_default();
                let number = Decimal::from_str_exact(digits)
                    .map_err(|_| self.error(expr, format!("`{digits}` is no decimal number; write it as 0.98")))?;
                Ok((Node::Decimal(if value.inner().is_sign_negative() { negated(number) } else { number }), Type::Decimal))
            }
            LiteralValue::UInt(_) | LiteralValue::Bytes(_) | LiteralValue::Null => {
                Err(self.error(expr, "unsigned numbers, bytes and null are not part of a condition"))
            }
        }
    }

    fn field(&self, expr: &IdedExpr, path: &str) -> Result<Field, ConditionError> {
        if let Some(field) = Field::ALL.iter().find(|field| field.path() == path) {
            return Ok(*field);
        }
        let group = path.split('.').next().unwrap_or_default();
        let members: Vec<&str> = Field::ALL
            .iter()
            .filter_map(|field| field.path().strip_prefix(group).and_then(|rest| rest.strip_prefix('.')))
            .collect();
        let message = if members.is_empty() {
            format!(
                "there is no `{path}`; there are payment, customer, item, item_count, pattern, kind, confidence and difference"
            )
        } else if path == group {
            format!("`{group}` alone says nothing; ask for one of its fields: {}", members.join(", "))
        } else {
            format!("there is no `{path}`; {group} has {}", members.join(", "))
        };
        Err(self.error(expr, message))
    }

    fn selected(&self, expr: &IdedExpr, select: &SelectExpr) -> Result<Field, ConditionError> {
        let Expr::Ident(group) = &select.operand.expr else {
            return Err(self.error(expr, format!("there is no field `{}` of this", shown(&select.field))));
        };
        self.field(expr, &format!("{}.{}", shown(group.trim_start_matches('.')), shown(&select.field)))
    }

    fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Checked {
        match (call.target.as_deref(), call.func_name.as_str(), call.args.as_slice()) {
            (None, op::LOGICAL_AND, [a, b]) => {
                Ok((Node::And(self.typed(a, Type::Bool)?, self.typed(b, Type::Bool)?), Type::Bool))
            }
            (None, op::LOGICAL_OR, [a, b]) => Ok((Node::Or(self.typed(a, Type::Bool)?, self.typed(b, Type::Bool)?), Type::Bool)),
            (None, op::LOGICAL_NOT, [a]) => Ok((Node::Not(self.typed(a, Type::Bool)?), Type::Bool)),
            (None, op::CONDITIONAL, [test, a, b]) => {
                let test = self.typed(test, Type::Bool)?;
                let (yes, kind) = self.node(a)?;
                let no = self.typed(b, kind)?;
                if kind == Type::Texts {
                    return Err(self.error(a, "a list cannot be chosen"));
                }
                Ok((Node::Choose(test, Box::new(yes), no), kind))
            }
            (None, op::IN, [value, list]) => self.within(value, list),
            (None, name, [a, b]) if comparison(name).is_some() => self.compare(expr, comparison(name), a, b),
            (None, op::ADD | op::SUBSTRACT | op::MULTIPLY, [a, b]) => self.arithmetic(expr, &call.func_name, a, b),
            (None, op::NEGATE, [a]) => match self.node(a)? {
                (node, kind @ (Type::Int | Type::Decimal | Type::Money)) => Ok((Node::Negate(Box::new(node)), kind)),
                (_, kind) => Err(self.error(a, format!("{} has no negative", kind.words()))),
            },
            (None, "has", [of]) => match &of.expr {
                Expr::Select(select) => Ok((Node::Has(self.selected(of, select)?), Type::Bool)),
                _ => Err(self.error(of, "`has` asks for a field, as in has(item.number)")),
            },
            (None, "amount", [amount, currency]) => self.amount(expr, amount, currency),
            (None, "date", [day]) => {
                let Some(text) = constant(day) else {
                    return Err(self.error(day, "write the day out, as in date(\"2026-03-31\")"));
                };
                let day = text
                    .parse::<Date>()
                    .map_err(|_| self.error(day, format!("`{}` is no day; write it as 2026-03-31", shown(text))))?;
                Ok((Node::Date(day), Type::Date))
            }
            (None, "abs", [a]) => match self.node(a)? {
                (node, kind @ (Type::Int | Type::Decimal | Type::Money)) => Ok((Node::Absolute(Box::new(node)), kind)),
                (_, kind) => Err(self.error(a, format!("{} has no absolute value", kind.words()))),
            },
            (None, "percent", [of, share]) => {
                Ok((Node::Percent(self.typed(of, Type::Money)?, self.typed(share, Type::Decimal)?), Type::Money))
            }
            (None, "size", [of]) | (Some(of), "size", []) => {
                if let Some(list) = self.list(of)? {
                    return Ok((Node::Count(list), Type::Int));
                }
                Ok((Node::Length(self.typed(of, Type::Text)?), Type::Int))
            }
            (Some(text), "contains", [part]) => self.test(TextTest::Contains, text, part),
            (Some(text), "startsWith", [part]) => self.test(TextTest::StartsWith, text, part),
            (Some(text), "endsWith", [part]) => self.test(TextTest::EndsWith, text, part),
            (Some(text), "lowerAscii" | "lower", []) => Ok((Node::Lower(self.typed(text, Type::Text)?), Type::Text)),
            (Some(text), "upperAscii" | "upper", []) => Ok((Node::Upper(self.typed(text, Type::Text)?), Type::Text)),
            (Some(text), "matches", [pattern]) | (None, "matches", [text, pattern]) => {
                let text = self.typed(text, Type::Text)?;
                let Some(written) = constant(pattern) else {
                    return Err(self.error(pattern, "a pattern is written out, so that it can be checked here"));
                };
                let regex =
                    RegexBuilder::new(written).size_limit(REGEX_BYTES).dfa_size_limit(REGEX_BYTES).build().map_err(|error| {
                        let why = error.to_string();
                        self.error(
                            pattern,
                            format!("the pattern cannot be used: {}", why.lines().last().unwrap_or_default().trim()),
                        )
                    })?;
                Ok((Node::Matches(text, regex), Type::Bool))
            }
            (Some(list), name @ ("exists" | "all"), [variable, body]) => {
                let quantifier = if name == "all" { Quantifier::All } else { Quantifier::Exists };
                self.each(expr, quantifier, list, variable, body)
            }
            (_, "map" | "filter" | "exists_one" | "existsOne" | "reduce", _) => {
                Err(self.error(expr, format!("`{}` is not part of a condition; use exists, all or in", call.func_name)))
            }
            (_, op::DIVIDE | op::MODULO, _) => {
                Err(self.error(expr, "division is not part of a condition: it would round; use percent()"))
            }
            (_, op::INDEX, _) => Err(self.error(expr, "a place in a list is not part of a condition; use exists, all or in")),
            (target, name, arguments) => {
                let known = [
                    "has",
                    "amount",
                    "date",
                    "abs",
                    "percent",
                    "size",
                    "matches",
                    "contains",
                    "startsWith",
                    "endsWith",
                    "lower",
                    "upper",
                    "lowerAscii",
                    "upperAscii",
                    "exists",
                    "all",
                ];
                let message = if known.contains(&name) {
                    let how = if target.is_some() { "on a value" } else { "without a value before it" };
                    format!("`{name}` does not go {how} with {} arguments", arguments.len())
                } else {
                    format!("there is no function `{}`; there are {}", shown(name), known.join(", "))
                };
                Err(self.error(expr, message))
            }
        }
    }

    fn test(&mut self, test: TextTest, text: &IdedExpr, part: &IdedExpr) -> Checked {
        Ok((Node::Test(test, self.typed(text, Type::Text)?, self.typed(part, Type::Text)?), Type::Bool))
    }

    fn amount(&self, expr: &IdedExpr, amount: &IdedExpr, currency: &IdedExpr) -> Checked {
        let (Some(digits), Some(code)) = (constant(amount), constant(currency)) else {
            return Err(self.error(expr, "write amount and currency out as texts, as in amount(\"12.50\", \"EUR\")"));
        };
        let parsed = Currency::parse(code).map_err(|error| self.error(currency, error.to_string()))?;
        let money = Money::parse(digits, parsed).map_err(|error| self.error(amount, error.to_string()))?;
        Ok((Node::Money(money), Type::Money))
    }

    /// Two sides of one type; a whole number is widened beside a decimal.
    fn pair(&mut self, a: &IdedExpr, b: &IdedExpr) -> Result<(Box<Node>, Box<Node>, Type), ConditionError> {
        let ((left, x), (right, y)) = (self.node(a)?, self.node(b)?);
        let (left, right) = (Box::new(left), Box::new(right));
        match (x, y) {
            (Type::Int, Type::Decimal) => Ok((Box::new(Node::Widen(left)), right, Type::Decimal)),
            (Type::Decimal, Type::Int) => Ok((left, Box::new(Node::Widen(right)), Type::Decimal)),
            (x, y) if x == y => Ok((left, right, x)),
            (Type::Money, Type::Int | Type::Decimal) => {
                Err(self.error(b, "an amount has a currency: write amount(\"12.50\", \"EUR\")"))
            }
            (Type::Int | Type::Decimal, Type::Money) => {
                Err(self.error(a, "an amount has a currency: write amount(\"12.50\", \"EUR\")"))
            }
            (x, y) => Err(self.error(b, format!("{} and {} do not go together", x.words(), y.words()))),
        }
    }

    fn compare(&mut self, expr: &IdedExpr, how: Option<Comparison>, a: &IdedExpr, b: &IdedExpr) -> Checked {
        let how = how.unwrap_or(Comparison::Equal);
        let (left, right, kind) = self.pair(a, b)?;
        let is_order = !matches!(how, Comparison::Equal | Comparison::NotEqual);
        match kind {
            Type::Texts => return Err(self.error(expr, "lists are not compared; use in, exists or all")),
            Type::Bool if is_order => return Err(self.error(expr, "a yes or no is not smaller or larger than another")),
            _ => {}
        }
        for (field, value, place) in [(&left, &right, b), (&right, &left, a)] {
            if let (Node::Field(field), Node::Text(value)) = (field.as_ref(), value.as_ref()) {
                self.known_value(*field, value, place)?;
            }
        }
        Ok((Node::Compare(how, left, right), Type::Bool))
    }

    /// A misspelt pattern, kind or currency would never hold and nobody would notice.
    fn known_value(&self, field: Field, value: &str, place: &IdedExpr) -> Result<(), ConditionError> {
        let known: Vec<String> = match field {
            Field::Pattern => Pattern::ALL.iter().map(|pattern| pattern.name().to_owned()).collect(),
            Field::Kind | Field::Flags => ExceptionKind::ALL.iter().map(ToString::to_string).collect(),
            Field::PaymentCurrency | Field::CustomerCurrency | Field::ItemCurrency => {
                return match Currency::parse(value) {
                    Ok(currency) if currency.code() == value => Ok(()),
                    Ok(currency) => Err(self.error(place, format!("write the currency as `{}`", currency.code()))),
                    Err(error) => Err(self.error(place, error.to_string())),
                };
            }
            _ => return Ok(()),
        };
        if known.iter().any(|name| name == value) {
            return Ok(());
        }
        Err(self.error(place, format!("`{}` is no {}; there are {}", shown(value), field.path(), known.join(", "))))
    }

    fn within(&mut self, value: &IdedExpr, list: &IdedExpr) -> Checked {
        let (node, kind) = self.node(value)?;
        let Expr::List(written) = &list.expr else {
            let Some(of) = self.list(list)? else { return Err(self.error(list, "`in` looks into a list")) };
            if kind != Type::Text {
                return Err(self.error(value, format!("the list holds texts; this is {}", kind.words())));
            }
            if let (List::Field(field), Node::Text(text)) = (&of, &node) {
                self.known_value(*field, text, value)?;
            }
            return Ok((Node::In(Box::new(node), of), Type::Bool));
        };
        if written.elements.len() > LIST_MAX {
            return Err(self.error(list, format!("a list holds at most {LIST_MAX} values")));
        }
        let mut values = Vec::with_capacity(written.elements.len());
        for element in &written.elements {
            let one = self.typed(element, kind)?;
            if let (Node::Field(field), Node::Text(text)) = (&node, one.as_ref()) {
                self.known_value(*field, text, element)?;
            }
            values.push(*one);
        }
        Ok((Node::In(Box::new(node), List::Values(values)), Type::Bool))
    }

    /// A list of texts: a field, or texts written out.
    fn list(&mut self, expr: &IdedExpr) -> Result<Option<List>, ConditionError> {
        match &expr.expr {
            Expr::List(written) => {
                if written.elements.len() > LIST_MAX {
                    return Err(self.error(expr, format!("a list holds at most {LIST_MAX} values")));
                }
                let texts = written.elements.iter().map(|element| {
                    constant(element).map(str::to_owned).ok_or_else(|| self.error(element, "texts are written out in a list"))
                });
                Ok(Some(List::Texts(texts.collect::<Result<_, _>>()?)))
            }
            Expr::Select(select) => match self.selected(expr, select) {
                Ok(field) if field.kind() == Type::Texts => Ok(Some(List::Field(field))),
                Ok(_) => Ok(None),
                Err(error) => Err(error),
            },
            _ => Ok(None),
        }
    }

    fn each(&mut self, expr: &IdedExpr, how: Quantifier, list: &IdedExpr, variable: &IdedExpr, body: &IdedExpr) -> Checked {
        if self.bound.is_some() {
            return Err(self.error(expr, "a list is not looked through inside another"));
        }
        let Some(of) = self.list(list)? else {
            return Err(self.error(list, "only a list can be looked through, such as payment.references"));
        };
        let Expr::Ident(name) = &variable.expr else {
            return Err(self.error(variable, "name what is looked at, as in payment.references.exists(r, r.startsWith(\"RE\"))"));
        };
        if Field::ALL.iter().any(|field| field.path().split('.').next() == Some(name)) {
            return Err(self.error(variable, format!("`{}` has a meaning already; choose another name", shown(name))));
        }
        self.bound = Some(name.clone());
        let body = self.typed(body, Type::Bool);
        self.bound = None;
        Ok((Node::Each(how, of, body?), Type::Bool))
    }

    fn arithmetic(&mut self, expr: &IdedExpr, name: &str, a: &IdedExpr, b: &IdedExpr) -> Checked {
        let ((left, x), (right, y)) = (self.node(a)?, self.node(b)?);
        let (left, right) = (Box::new(left), Box::new(right));
        let widen = |node| Box::new(Node::Widen(node));
        let made = match (name, x, y) {
            (op::ADD, Type::Int, Type::Int) => (Node::Add(left, right), Type::Int),
            (op::ADD, Type::Decimal, Type::Decimal) => (Node::Add(left, right), Type::Decimal),
            (op::ADD, Type::Int, Type::Decimal) => (Node::Add(widen(left), right), Type::Decimal),
            (op::ADD, Type::Decimal, Type::Int) => (Node::Add(left, widen(right)), Type::Decimal),
            (op::ADD, Type::Money, Type::Money) => (Node::Add(left, right), Type::Money),
            (op::ADD, Type::Date, Type::Int) => (Node::Add(left, right), Type::Date),
            (op::SUBSTRACT, Type::Int, Type::Int) => (Node::Subtract(left, right), Type::Int),
            (op::SUBSTRACT, Type::Decimal, Type::Decimal) => (Node::Subtract(left, right), Type::Decimal),
            (op::SUBSTRACT, Type::Int, Type::Decimal) => (Node::Subtract(widen(left), right), Type::Decimal),
            (op::SUBSTRACT, Type::Decimal, Type::Int) => (Node::Subtract(left, widen(right)), Type::Decimal),
            (op::SUBSTRACT, Type::Money, Type::Money) => (Node::Subtract(left, right), Type::Money),
            (op::SUBSTRACT, Type::Date, Type::Int) => (Node::Subtract(left, right), Type::Date),
            (op::SUBSTRACT, Type::Date, Type::Date) => (Node::Subtract(left, right), Type::Int),
            (op::MULTIPLY, Type::Int, Type::Int) => (Node::Multiply(left, right), Type::Int),
            (op::MULTIPLY, Type::Money, Type::Int) => (Node::Multiply(left, right), Type::Money),
            (op::MULTIPLY, Type::Int, Type::Money) => (Node::Multiply(right, left), Type::Money),
            (_, x, y) => {
                let sign = match name {
                    op::ADD => "+",
                    op::SUBSTRACT => "-",
                    _ => "*",
                };
                return Err(self.error(expr, format!("`{sign}` does not go with {} and {}", x.words(), y.words())));
            }
        };
        Ok(made)
    }
}

fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        op::EQUALS => Comparison::Equal,
        op::NOT_EQUALS => Comparison::NotEqual,
        op::LESS => Comparison::Less,
        op::LESS_EQUALS => Comparison::LessOrEqual,
        op::GREATER => Comparison::Greater,
        op::GREATER_EQUALS => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn negated(mut number: Decimal) -> Decimal {
    number.set_sign_negative(number.is_sign_positive());
    number
}

/// A text that is written out.
fn constant(expr: &IdedExpr) -> Option<&str> {
    match &expr.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

/// The leftmost part: operators and selections stand behind their first operand.
fn first_of(expr: &IdedExpr) -> &IdedExpr {
    let mut at = expr;
    loop {
        at = match &at.expr {
            Expr::Select(select) => &select.operand,
            Expr::Call(call) => match (&call.target, call.args.first()) {
                (Some(target), _) => target,
                (None, Some(first)) if call.args.len() > 1 && !call.func_name.starts_with(|c: char| c.is_alphabetic()) => first,
                _ => return at,
            },
            _ => return at,
        };
    }
}

/// A name from the text, shortened for a message.
fn shown(name: &str) -> String {
    name.chars().take(60).collect()
}
