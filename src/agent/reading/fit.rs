//! Fits the classifier's weights: stochastic gradient descent on multinomial logistic regression, then a temperature from templates
//! that were left out. It runs in `quittance fit evidence` only; what reads evidence uses whole numbers.

use std::collections::BTreeMap;

use quittance_rules::evidence::EvidenceKind;

use super::classifier::{BUCKETS, CLASSES, NAT, Weights};
use super::kind::ALL;

/// One document to learn from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its buckets, from [`super::kind_readers`].
    pub features: Vec<u16>,
    /// What it is.
    pub kind: EvidenceKind,
    /// Documents of one template are left out together.
    pub template: String,
}

/// What a fit came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The weights, with their temperature.
    pub weights: Weights,
    /// Share of samples whose kind is right when their template was left out.
    pub left_out_right: f64,
    /// Mean of −ln of the probability of the truth, over the same, after calibration.
    pub left_out_loss: f64,
}

const FOLDS: usize = 5;
const ROUNDS: u32 = 30;
const STEP: f64 = 1.2;
/// Weights shrink by this part at each round, so that no single word decides.
const DECAY: f64 = 0.02;

/// Fits weights to samples. The same samples in the same order give the same weights. `None` when there are no samples.
pub fn fit(samples: &[Sample]) -> Option<Fit> {
    if samples.is_empty() {
        return None;
    }
    let mut fold_of: BTreeMap<&str, usize> = BTreeMap::new();
    for sample in samples {
        let next = fold_of.len() % FOLDS;
        fold_of.entry(sample.template.as_str()).or_insert(next);
    }
    let mut left_out: Vec<([i64; CLASSES], usize)> = Vec::new();
    for fold in 0..FOLDS {
        let is_out = |s: &&Sample| fold_of.get(s.template.as_str()) == Some(&fold);
        let kept: Vec<&Sample> = samples.iter().filter(|s| !is_out(s)).collect();
        if kept.is_empty() {
            continue;
        }
        let weights = quantized(&descend(&kept), NAT);
        left_out.extend(samples.iter().filter(is_out).map(|s| (weights.logits(&s.features), class(s.kind))));
    }
    let (temperature, left_out_loss) = temperature(&left_out);
    let right = left_out.iter().filter(|(logits, truth)| (0..CLASSES).all(|c| c == *truth || logits[c] < logits[*truth])).count();
    let all: Vec<&Sample> = samples.iter().collect();
    let weights = quantized(&descend(&all), temperature);
    Some(Fit { weights, left_out_right: right as f64 / left_out.len().max(1) as f64, left_out_loss })
}

fn class(kind: EvidenceKind) -> usize {
    ALL.iter().position(|k| *k == kind).unwrap_or(CLASSES - 1)
}

struct Model {
    weights: Vec<f64>,
    bias: [f64; CLASSES],
}

fn scores(model: &Model, features: &[u16]) -> [f64; CLASSES] {
    let norm = 1.0 / (features.len().max(1) as f64).sqrt();
    let mut sums = [0.0; CLASSES];
    for &feature in features {
        let row = &model.weights[usize::from(feature) * CLASSES..][..CLASSES];
        for (sum, weight) in sums.iter_mut().zip(row) {
            *sum += weight;
        }
    }
    std::array::from_fn(|c| sums[c] * norm + model.bias[c])
}

fn softmax(scores: [f64; CLASSES]) -> [f64; CLASSES] {
    let top = scores.iter().copied().fold(f64::MIN, f64::max);
    let parts = scores.map(|s| (s - top).exp());
    let whole: f64 = parts.iter().sum();
    parts.map(|p| p / whole)
}

fn descend(samples: &[&Sample]) -> Model {
    let mut model = Model { weights: vec![0.0; BUCKETS * CLASSES], bias: [0.0; CLASSES] };
    // A template with many copies and a kind with many templates must not drown the others.
    let mut of_template: BTreeMap<&str, f64> = BTreeMap::new();
    let mut templates_of: BTreeMap<usize, std::collections::BTreeSet<&str>> = BTreeMap::new();
    for sample in samples {
        *of_template.entry(sample.template.as_str()).or_default() += 1.0;
        templates_of.entry(class(sample.kind)).or_default().insert(sample.template.as_str());
    }
    let weight_of = |sample: &Sample| {
        let copies = of_template.get(sample.template.as_str()).copied().unwrap_or(1.0);
        let templates = templates_of.get(&class(sample.kind)).map_or(1, std::collections::BTreeSet::len) as f64;
        8.0 / (copies * templates.sqrt())
    };
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for round in 0..ROUNDS {
        // Fisher and Yates, from a fixed start: the order must vary by round and be the same in every run.
        for at in (1..order.len()).rev() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            order.swap(at, usize::try_from(state % (at as u64 + 1)).unwrap_or(0));
        }
        let step = STEP / (1.0 + 0.1 * f64::from(round));
        for &at in &order {
            let sample = samples[at];
            let truth = class(sample.kind);
            let norm = 1.0 / (sample.features.len().max(1) as f64).sqrt();
            let chances = softmax(scores(&model, &sample.features));
            let weight = weight_of(sample).min(3.0);
            for (c, chance) in chances.into_iter().enumerate() {
                let slope = (if c == truth { 1.0 } else { 0.0 } - chance) * step * weight;
                model.bias[c] += slope * 0.02;
                for &feature in &sample.features {
                    model.weights[usize::from(feature) * CLASSES + c] += slope * norm;
                }
            }
        }
        for weight in &mut model.weights {
            *weight *= 1.0 - DECAY;
        }
    }
    model
}

fn quantized(model: &Model, temperature: i64) -> Weights {
    let mut scale = [1_i64; CLASSES];
    let mut weights = vec![0_i8; BUCKETS * CLASSES];
    for (c, scale) in scale.iter_mut().enumerate() {
        let largest = model.weights.iter().skip(c).step_by(CLASSES).fold(1e-6_f64, |m, w| m.max(w.abs()));
        // One unit in NATs times 256; the sum is divided by the root of the count in 256ths.
        *scale = ((largest / 127.0 * NAT as f64 * 256.0).round() as i64).max(1);
        let unit = *scale as f64 / (NAT as f64 * 256.0);
        for bucket in 0..BUCKETS {
            let at = bucket * CLASSES + c;
            weights[at] = (model.weights[at] / unit).round().clamp(-127.0, 127.0) as i8;
        }
    }
    Weights { temperature, bias: model.bias.map(|b| (b * NAT as f64).round() as i64), scale, weights }
}

/// The temperature under which the truth is likeliest, over what was left out, and the loss there.
fn temperature(left_out: &[([i64; CLASSES], usize)]) -> (i64, f64) {
    let loss = |temperature: i64| -> f64 {
        let of = |(logits, truth): &([i64; CLASSES], usize)| {
            let chances = softmax(logits.map(|l| l as f64 / temperature as f64));
            -chances[*truth].max(1e-9).ln()
        };
        left_out.iter().map(of).sum::<f64>() / left_out.len().max(1) as f64
    };
    let tried = (4..80).map(|tenth| tenth * NAT / 20);
    tried.map(|t| (t, loss(t))).min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((NAT, f64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_what_words_tell_and_says_how_sure_it_may_be() {
        let sample = |kind, own: u16, template: &str| Sample {
            features: (0..12).map(|n| own * 100 + n).chain(5_000..5_010).collect(),
            kind,
            template: template.to_owned(),
        };
        let mut samples = Vec::new();
        for copy in 0..10 {
            samples.push(sample(EvidenceKind::Invoice, 1, &format!("a{copy}")));
            samples.push(sample(EvidenceKind::Dispute, 2, &format!("b{copy}")));
        }
        let fit = fit(&samples).unwrap();
        assert!((fit.left_out_right - 1.0).abs() < f64::EPSILON);
        let chances = fit.weights.probabilities(&samples[0].features);
        assert!(chances[class(EvidenceKind::Invoice)] > 800_000, "{chances:?}");
        assert_eq!(super::fit(&[]), None);
        assert_eq!(super::fit(&samples).unwrap().weights, fit.weights);
    }
}
