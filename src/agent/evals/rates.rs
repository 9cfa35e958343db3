//! Rates with their uncertainty.

/// A share with the interval it lies in with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// The share seen.
    pub share: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The share of `hits` in `of`, with Wilson's score interval, which stays within 0 and 1 and says something for few and for no hits.
/// `None` where there was nothing. Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
pub fn rate(hits: u32, of: u32) -> Option<Rate> {
    if of == 0 || hits > of {
        return None;
    }
    /// Quantile of the normal distribution for 95 %, both sides.
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (f64::from(of), f64::from(hits) / f64::from(of));
    let scale = 1.0 + Z * Z / n;
    let middle = (p + Z * Z / (2.0 * n)) / scale;
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
    Some(Rate { share: p, low: (middle - half).max(0.0), high: (middle + half).min(1.0) })
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} % ({:.1} to {:.1})", self.share * 100.0, self.low * 100.0, self.high * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        // By hand: n = 10, p = 0.5 gives 0.2366 to 0.7634; n = 20, p = 1 gives 0.8389 to 1.
        for (hits, of, low, high) in [(5, 10, 0.2366, 0.7634), (20, 20, 0.8389, 1.0), (0, 20, 0.0, 0.1611)] {
            let rate = rate(hits, of).expect("there was something");
            assert!((rate.low - low).abs() < 1e-4 && (rate.high - high).abs() < 1e-4, "{hits}/{of}: {rate:?}");
            assert!(rate.low <= rate.share && rate.share <= rate.high);
        }
        assert_eq!(rate(0, 0), None);
        assert_eq!(rate(2, 1), None);
    }
}
