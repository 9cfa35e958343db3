//! Dates of QIF, whose order of day and month no file states.

use jiff::civil::Date;

/// Order of the parts of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// 12/31/2026, as in the United States.
    MonthFirst,
    /// 31/12/2026, as in most of the world.
    DayFirst,
    /// 2026-12-31.
    YearFirst,
}

/// The three numbers of a date in the order written, with what their form says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawDate {
    parts: [u16; 3],
    /// Four digits stand first.
    year_first: bool,
    /// Parts are divided by dots, which month-first countries do not do.
    dotted: bool,
}

/// What one date says about the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    Only(DateOrder),
    Either,
    Neither,
}

impl RawDate {
    /// `12/31/26`, `12/31'26`, `1/ 2' 6`, `31.12.2026`, `2026-12-31`. `None` when it is no date at all.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts: Vec<&str> = text.split(['/', '-', '.', '\'']).map(str::trim).collect();
        // `20261231`
        let packed;
        if parts.len() == 1 && text.trim().len() == 8 && text.trim().is_ascii() {
            packed = text.trim().to_owned();
            parts = vec![packed.get(..4)?, packed.get(4..6)?, packed.get(6..)?];
        }
        let [first, second, third] = parts[..] else { return None };
        let number = |part: &str| -> Option<u16> {
            if part.is_empty() || part.len() > 4 || !part.bytes().all(|b| b.is_ascii_digit()) { None } else { part.parse().ok() }
        };
        let year_first = first.len() == 4;
        Some(Self { parts: [number(first)?, number(second)?, number(third)?], year_first, dotted: text.contains('.') })
    }

    pub fn evidence(self) -> Evidence {
        let possible = |order| self.date(order).is_some();
        if self.year_first {
            return if possible(DateOrder::YearFirst) { Evidence::Only(DateOrder::YearFirst) } else { Evidence::Neither };
        }
        match (possible(DateOrder::DayFirst), possible(DateOrder::MonthFirst)) {
            (true, _) if self.dotted => Evidence::Only(DateOrder::DayFirst),
            (true, false) => Evidence::Only(DateOrder::DayFirst),
            (false, true) => Evidence::Only(DateOrder::MonthFirst),
            // 4/4/2026 is the same day either way.
            (true, true) => Evidence::Either,
            (false, false) => Evidence::Neither,
        }
    }

    /// Years of two digits: 80 to 99 of the last century.
    pub fn date(self, order: DateOrder) -> Option<Date> {
        let [a, b, c] = self.parts;
        let (year, month, day) = match order {
            _ if self.year_first => (a, b, c),
            DateOrder::YearFirst => return None,
            DateOrder::MonthFirst => (c, a, b),
            DateOrder::DayFirst => (c, b, a),
        };
        let year = match year {
            0..=79 if !self.year_first => year + 2000,
            80..=99 if !self.year_first => year + 1900,
            1900..=2199 => year,
            _ => return None,
        };
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }

    /// Day and month are the same number, so that the order does not matter.
    pub fn is_same_either_way(self) -> bool {
        !self.year_first && self.parts[0] == self.parts[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn forms_and_what_they_say() {
        use DateOrder::{DayFirst, MonthFirst, YearFirst};
        for (text, evidence, as_day_first) in [
            ("12/31/2026", Evidence::Only(MonthFirst), None),
            ("12/31'26", Evidence::Only(MonthFirst), None),
            ("31/12/26", Evidence::Only(DayFirst), Some(date(2026, 12, 31))),
            ("1/ 2' 6", Evidence::Either, Some(date(2006, 2, 1))),
            ("1.2.2026", Evidence::Only(DayFirst), Some(date(2026, 2, 1))),
            ("2026-12-31", Evidence::Only(YearFirst), Some(date(2026, 12, 31))),
            ("20261231", Evidence::Only(YearFirst), Some(date(2026, 12, 31))),
            ("31/12/99", Evidence::Only(DayFirst), Some(date(1999, 12, 31))),
            ("31/31/26", Evidence::Neither, None),
        ] {
            let raw = RawDate::read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((raw.evidence(), raw.date(DayFirst)), (evidence, as_day_first), "{text}");
        }
        for text in ["", "today", "1/2", "1/2/3/4", "12345/1/1", "1/x/26", "é0261231"] {
            assert_eq!(RawDate::read(text), None, "{text}");
        }
    }
}
