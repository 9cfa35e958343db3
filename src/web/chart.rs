//! Charts as SVG, made here: nothing is loaded, nothing is drawn by a script, and the figures stand beside them as text.

use jiff::civil::Date;

/// A column of a chart of days: the day, and the parts that stand on each other.
pub struct Column {
    /// The day.
    pub day: Date,
    /// From the bottom: settled alone, decided by people.
    pub parts: [u64; 2],
}

/// Columns by day, stacked, with a line for the largest and the middle and a date under every seventh. `label` says in words what
/// is seen, for who does not see it; `name` writes a day.
pub fn days(columns: &[Column], label: &str, name: impl Fn(Date) -> String) -> String {
    const WIDTH: u64 = 1120;
    const HEIGHT: u64 = 176;
    const LEFT: u64 = 44;
    const TOP: u64 = 12;
    const BOTTOM: u64 = 26;
    let most = round_up(columns.iter().map(|column| column.parts.iter().sum::<u64>()).max().unwrap_or(0));
    let plot = HEIGHT - TOP - BOTTOM;
    let step = (WIDTH - LEFT) / u64::try_from(columns.len().max(1)).unwrap_or(1).max(1);
    let wide = (step * 7 / 10).max(2);
    let mut svg =
        format!("<svg class=\"chart days\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">", escaped(label));
    for part in [most, most / 2, 0] {
        let y = TOP + plot - plot * part / most;
        svg.push_str(&format!("<line class=\"axis\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y}\" y2=\"{y}\"/>"));
        svg.push_str(&format!("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{part}</text>", LEFT - 8, y + 4));
    }
    for (at, column) in (0_u64..).zip(columns) {
        let x = LEFT + at * step + (step - wide) / 2;
        let mut foot = TOP + plot;
        for (part, class) in column.parts.into_iter().zip(["bar", "bar-2"]) {
            // What is there shows, however little it is beside the rest.
            let high = if part == 0 { 0 } else { (plot * part / most).max(2).min(foot - TOP) };
            if high > 0 {
                foot -= high;
                svg.push_str(&format!(
                    "<rect class=\"{class}\" x=\"{x}\" y=\"{foot}\" width=\"{wide}\" height=\"{high}\" rx=\"1.5\"/>"
                ));
            }
        }
        let from_end = u64::try_from(columns.len()).unwrap_or(0).saturating_sub(at + 1);
        if from_end % 7 == 0 {
            let middle = x + wide / 2;
            let (anchor, middle) = if middle + 24 > WIDTH { ("end", WIDTH) } else { ("middle", middle) };
            let text = escaped(&name(column.day));
            svg.push_str(&format!("<text x=\"{middle}\" y=\"{}\" text-anchor=\"{anchor}\">{text}</text>", HEIGHT - 6));
        }
    }
    svg.push_str("</svg>");
    svg
}

/// A bar of `part` in `whole`, for a row of a table that names the figure beside it.
pub fn bar(part: u64, whole: u64) -> String {
    let wide = if whole == 0 || part == 0 { 0 } else { (part.saturating_mul(200) / whole).clamp(3, 200) };
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 200 8\" aria-hidden=\"true\" preserveAspectRatio=\"none\" height=\"8\"><rect class=\"bar\" width=\"{wide}\" height=\"8\" rx=\"2\"/></svg>"
    )
}

/// The parts of a whole beside each other, each with a class of its own; for a row that names the figures beside it.
pub fn parts(parts: &[u64]) -> String {
    let whole: u128 = parts.iter().map(|part| u128::from(*part)).sum();
    let mut svg = String::from(
        "<svg class=\"chart\" viewBox=\"0 0 1000 8\" aria-hidden=\"true\" preserveAspectRatio=\"none\" height=\"8\">",
    );
    let mut before: u128 = 0;
    for (part, class) in parts.iter().zip(["bar", "bar-2", "bar-3", "bar-4"]) {
        let from = (before * 1000).checked_div(whole).unwrap_or(0);
        before += u128::from(*part);
        let to = (before * 1000).checked_div(whole).unwrap_or(0);
        if to > from {
            svg.push_str(&format!("<rect class=\"{class}\" x=\"{from}\" width=\"{}\" height=\"8\"/>", to - from));
        }
    }
    svg.push_str("</svg>");
    svg
}

/// The next of 2, 4, 10, 20, 40, 100, …: even, so that its half is whole.
fn round_up(most: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for step in [2, 4, 10] {
            let candidate = unit.saturating_mul(step);
            if candidate >= most || candidate == u64::MAX {
                return candidate;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round() {
        for (most, wanted) in [(0, 2), (2, 2), (3, 4), (5, 10), (11, 20), (41, 100), (1_001, 2_000)] {
            assert_eq!(round_up(most), wanted, "{most}");
        }
        assert!(round_up(u64::MAX) > 0);
    }

    #[test]
    fn parts_fill_the_whole() {
        let svg = parts(&[1, 0, 3, u64::MAX]);
        assert!(svg.contains("bar-4\" x=\"0\" width=\"1000\""), "{svg}");
        assert!(!svg.contains("bar-2"));
        assert_eq!(parts(&[0, 0]).matches("<rect").count(), 0);
        assert!(parts(&[1, 1]).contains("x=\"500\" width=\"500\""));
    }

    #[test]
    fn a_column_never_leaves_the_plot() {
        let day = Date::constant(2026, 11, 22);
        for parts in [[0, 0], [1, 0], [1, 1_000_000], [u64::MAX / 4, u64::MAX / 4]] {
            // The plot's heights are computed in 64 bits; counts of decisions stay far below what would overflow them.
            let parts = parts.map(|part: u64| part.min(1 << 40));
            let svg = days(&[Column { day, parts }], "a \"b\" <c>", |day| day.to_string());
            assert!(svg.contains("aria-label=\"a &quot;b&quot; &lt;c&gt;\""));
            assert!(!svg.contains("y=\"-"), "{svg}");
        }
        assert!(bar(1, 1_000_000).contains("width=\"3\""));
        assert!(bar(0, 0).contains("width=\"0\""));
    }
}
