//! Totals against an oracle: the definitions written down as they are read, in fractions of whole numbers, unit by
//! unit and from the top of the tree down.

use std::collections::HashMap;

use bigdecimal::num_bigint::BigInt;
use proptest::prelude::*;

use super::{
    tests::{edition, exact},
    *,
};
use crate::domain::{
    criteria::{Criterion, CriterionKind, Polarity},
    index_scores::ScoreStage,
};

/// A fraction of whole numbers.
#[derive(Debug, Clone, PartialEq)]
struct Fraction(BigInt, BigInt);

impl Fraction {
    fn whole(number: i64) -> Self {
        Self(number.into(), 1.into())
    }
    fn plus(&self, other: &Self) -> Self {
        Self(&self.0 * &other.1 + &other.0 * &self.1, &self.1 * &other.1)
    }
    fn times(&self, other: &Self) -> Self {
        Self(&self.0 * &other.0, &self.1 * &other.1)
    }
    fn over(&self, other: &Self) -> Self {
        let sign = BigInt::from(if other.0 < 0.into() { -1 } else { 1 });
        Self(&self.0 * &other.1 * &sign, &self.1 * &other.0 * sign)
    }
    fn minus(&self, other: &Self) -> Self {
        self.plus(&Self(-&other.0, other.1.clone()))
    }
    fn below(&self, other: &Self) -> bool {
        &self.0 * &other.1 < &other.0 * &self.1
    }
    /// Twenty decimals, halves away from zero.
    fn digits(&self) -> Exact {
        let scale = BigInt::from(10).pow(20);
        let (twice, whole): (BigInt, BigInt) = (&self.0 * &scale * 2, self.1.clone() * 2);
        let half: BigInt = if self.0 < 0.into() { -self.1.clone() } else { self.1.clone() };
        let rounded: BigInt = (twice + half) / whole;
        &exact("1e-20") * &exact_of(&rounded)
    }
}

fn exact_of(number: &BigInt) -> Exact {
    // In pieces, because a request has no number of so many digits.
    let text = number.to_string();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.as_str()),
    };
    let mut value = Exact::zero();
    for digit in digits.bytes() {
        value = &(&value * &Exact::from(10)) + &Exact::from(i64::from(digit - b'0'));
    }
    &value * &Exact::from(sign)
}

/// What a unit has for a criterion: a score, nothing, or that it does not apply.
type Stored = Option<Option<i64>>;

/// A tree of criteria: for each its parent (an earlier one or none), method, maximum, weight and polarity.
#[derive(Debug, Clone)]
struct Drawn {
    parent: Option<usize>,
    method: Method,
    maximum: i64,
    weight: i64,
    negative: bool,
    survey: bool,
    bonus: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let method = prop_oneof![Just(Method::Points), Just(Method::Weighted), Just(Method::Normalised)];
    (any::<Option<u8>>(), method, 1i64..12, 1i64..50, any::<bool>(), 0..8, 0..6).prop_map(
        |(parent, method, maximum, weight, negative, survey, bonus)| Drawn {
            parent: parent.map(usize::from),
            method,
            maximum,
            weight,
            negative,
            survey: survey == 0,
            bonus: bonus == 0,
        },
    )
}

/// Whether points are scaled up without a survey, and for what does not apply to a unit.
type Rescaled = (bool, bool);

fn built(drawn: &[Drawn], method: Method, unit: ScoreUnit, (survey, own): Rescaled) -> Edition {
    let above = |i: usize| if i == 0 { None } else { drawn[i].parent.map(|p| p % i) };
    // What lies below an area of bonus points is of bonus points too.
    let in_bonus = |i: usize| {
        let root = std::iter::successors(Some(i), |at| above(*at)).last().unwrap_or(i);
        drawn[root].bonus
    };
    let criteria = drawn.iter().enumerate().map(|(i, d)| {
        let parent = above(i);
        let drawn_method = if in_bonus(i) { Method::Points } else { d.method };
        let has_children =
            |i: usize| drawn.iter().enumerate().any(|(j, d)| j > 0 && d.parent.is_some_and(|p| p % j == i));
        let scale = has_children(i) && drawn_method == Method::Normalised;
        Criterion {
            parent: parent.map(|p| format!("c{p}")),
            max_points: Some(Exact::from(if scale { 10 } else { d.maximum })),
            weight: Some(Exact::from(d.weight)),
            polarity: if d.negative { Polarity::Negative } else { Polarity::Positive },
            method: Some(drawn_method),
            stage: d.survey.then_some(ScoreStage::Survey),
            kind: match parent {
                None if d.bonus => CriterionKind::BonusPenalty,
                _ => CriterionKind::Ordinary,
            },
            ..Criterion::new(format!("c{i}"), format!("C{i}"))
        }
    });
    let criteria: Vec<Criterion> = criteria.collect();
    Edition {
        criteria,
        rescale_without_survey: survey,
        rescale_not_applicable: own,
        ..edition(method, unit, &[])
    }
}

/// The definitions, read from the top.
struct Oracle<'a> {
    edition: &'a Edition,
    cohort: &'a [Vec<Stored>],
    no_survey: bool,
}

/// What the oracle says of a criterion of a unit.
#[derive(Clone)]
struct Said {
    applicable: bool,
    score: Option<Fraction>,
    maximum: Fraction,
    taken_out: Fraction,
}

impl Oracle<'_> {
    fn number(value: &Option<Exact>) -> Fraction {
        Fraction::whole(value.as_ref().map_or(0, |v| v.to_string().parse().unwrap()))
    }

    fn children(&self, i: usize) -> Vec<usize> {
        let code = &self.edition.criteria[i].code;
        (0..self.edition.criteria.len())
            .filter(|j| self.edition.criteria[*j].parent.as_ref() == Some(code))
            .collect()
    }

    fn method(&self, i: usize) -> Option<Method> {
        (!self.children(i).is_empty()).then(|| self.edition.criteria[i].method.unwrap())
    }

    fn say(&self, i: usize, unit: usize) -> Said {
        let criterion = &self.edition.criteria[i];
        let full = Self::number(&criterion.max_points);
        let zero = Fraction::whole(0);
        let stored = self.cohort[unit][i];
        let children: Vec<(usize, Said)> =
            self.children(i).into_iter().map(|child| (child, self.say(child, unit))).collect();
        let own = stored.flatten();
        let left_out = self.no_survey && criterion.stage == Some(ScoreStage::Survey);
        let emptied = !children.is_empty() && children.iter().all(|(_, said)| !said.applicable);
        if stored == Some(None) || (own.is_none() && (left_out || emptied)) {
            return Said { applicable: false, score: None, maximum: zero, taken_out: full };
        }
        let applicable: Vec<&(usize, Said)> = children.iter().filter(|(_, said)| said.applicable).collect();
        let taken_out = match self.method(i) {
            Some(Method::Points) => children.iter().fold(zero.clone(), |sum, (_, s)| sum.plus(&s.taken_out)),
            _ => zero.clone(),
        };
        let joined = self.joined(i, &applicable, unit, &full);
        let left = full.minus(&taken_out);
        let maximum = if zero.below(&left) { left } else { full };
        let score = match own {
            // Above what is left: nobody knows of how many points it is.
            Some(own) if zero.below(&taken_out) && maximum.below(&Fraction::whole(own)) => None,
            Some(own) => Some(Fraction::whole(own)),
            None => joined,
        };
        Said { applicable: true, score, maximum, taken_out }
    }

    fn in_bonus(&self, i: usize) -> bool {
        let criterion = &self.edition.criteria[i];
        match &criterion.parent {
            None => criterion.is_bonus(),
            Some(parent) => {
                self.in_bonus(self.edition.criteria.iter().position(|c| &c.code == parent).unwrap())
            }
        }
    }

    fn joined(&self, i: usize, below: &[&(usize, Said)], unit: usize, full: &Fraction) -> Option<Fraction> {
        if self.in_bonus(i) {
            // Whoever has none of them has nothing less.
            let scores = below.iter().filter_map(|(_, said)| said.score.clone());
            return scores.reduce(|sum, score| sum.plus(&score));
        }
        let (mut sum, mut weights) = (Fraction::whole(0), Fraction::whole(0));
        for (child, said) in below {
            let score = said.score.clone()?;
            let weight = Self::number(&self.edition.criteria[*child].weight);
            weights = weights.plus(&weight);
            sum = sum.plus(&match self.method(i)? {
                Method::Points => score,
                Method::Weighted => weight.times(&score).over(&said.maximum),
                Method::Normalised => weight.times(&self.scaled(*child, unit)?),
            });
        }
        match self.method(i)? {
            _ if below.is_empty() => None,
            Method::Points => Some(sum),
            Method::Weighted => Some(sum.over(&weights).times(full)),
            Method::Normalised => Some(sum.over(&weights)),
        }
    }

    fn scaled(&self, i: usize, unit: usize) -> Option<Fraction> {
        let score = self.say(i, unit).score?;
        if self.method(i) == Some(Method::Normalised) {
            return Some(score);
        }
        let values: Vec<Fraction> =
            (0..self.cohort.len()).filter_map(|unit| self.say(i, unit).score).collect();
        let least = values.iter().cloned().reduce(|a, b| if b.below(&a) { b } else { a })?;
        let most = values.iter().cloned().reduce(|a, b| if a.below(&b) { b } else { a })?;
        if !least.below(&most) {
            return Some(Fraction(11.into(), 2.into()));
        }
        let share = score.minus(&least).over(&most.minus(&least));
        let up = share.times(&Fraction::whole(9)).plus(&Fraction::whole(1));
        Some(match self.edition.criteria[i].polarity {
            Polarity::Positive => up,
            Polarity::Negative => Fraction::whole(11).minus(&up),
        })
    }

    fn areas(&self) -> Vec<usize> {
        (0..self.edition.criteria.len()).filter(|i| self.edition.criteria[*i].parent.is_none()).collect()
    }

    /// What points are multiplied with: the most that there are over what they are out of, `own` of a unit.
    fn rescaled(&self, own: &Fraction) -> Fraction {
        let nobody = vec![vec![None; self.edition.criteria.len()]];
        let alone = Oracle { cohort: &nobody, ..*self };
        let (mut full, mut out) = (Fraction::whole(0), Fraction::whole(0));
        for i in self.areas().into_iter().filter(|i| !self.edition.criteria[*i].is_bonus()) {
            full = full.plus(&Self::number(&self.edition.criteria[i].max_points));
            out = out.plus(&alone.say(i, 0).taken_out);
        }
        let left = full.minus(&out);
        let to = if self.edition.rescale_without_survey { &full } else { &left };
        let from = if self.edition.rescale_not_applicable { own } else { &left };
        let scaled = Fraction::whole(0).below(from) && from.below(to);
        if scaled { to.over(from) } else { Fraction::whole(1) }
    }

    fn total(&self, unit: usize) -> Result<Fraction, Unranked> {
        if self.cohort[unit].iter().all(|stored| stored.flatten().is_none()) {
            return Err(Unranked::NoScores);
        }
        let (bonus, ordinary): (Vec<usize>, Vec<usize>) =
            self.areas().into_iter().partition(|i| self.edition.criteria[*i].is_bonus());
        let ordinary: Vec<(usize, Said)> = ordinary
            .into_iter()
            .map(|i| (i, self.say(i, unit)))
            .filter(|(_, said)| said.applicable)
            .collect();
        if ordinary.is_empty() {
            return Err(Unranked::NoScores);
        }
        if ordinary.iter().any(|(_, said)| said.score.is_none()) {
            return Err(Unranked::IncompleteComponents);
        }
        let hundred = Fraction::whole(100);
        let (mut points, mut whole, mut shares) =
            (Fraction::whole(0), Fraction::whole(0), Fraction::whole(0));
        for (i, said) in &ordinary {
            let weight = Self::number(&self.edition.criteria[*i].weight);
            let score = said.score.clone().unwrap();
            points = points.plus(&score);
            match self.edition.method {
                Method::Points => whole = whole.plus(&said.maximum),
                Method::Weighted => {
                    whole = whole.plus(&weight);
                    shares = shares.plus(&weight.times(&score).over(&said.maximum));
                }
                Method::Normalised => {
                    whole = whole.plus(&weight);
                    let value = self.scaled(*i, unit).unwrap();
                    shares = shares.plus(&weight.times(&value).over(&Fraction::whole(10)));
                }
            }
        }
        let extra = bonus.iter().filter_map(|i| self.say(*i, unit).score);
        let extra = extra.fold(Fraction::whole(0), |sum, bonus| sum.plus(&bonus));
        Ok(match (self.edition.method, self.edition.unit_of_measure) {
            (Method::Points, ScoreUnit::Points) => points.times(&self.rescaled(&whole)).plus(&extra),
            (Method::Points, ScoreUnit::Percent) => points.plus(&extra).times(&hundred).over(&whole),
            _ => shares.times(&hundred).over(&whole).plus(&extra),
        })
    }
}

/// What is drawn of a unit and a criterion; which of it is stored depends on the tree.
type Draw = (u8, i64);

fn draws() -> impl Strategy<Value = Vec<Vec<Draw>>> {
    proptest::collection::vec(proptest::collection::vec((0u8..100, 0i64..12), 9), 1..5)
}

/// Leaves mostly have a score, parents mostly have none of their own.
fn stored(edition: &Edition, draws: &[Draw]) -> Vec<Stored> {
    let of = |(criterion, (chance, score)): (&Criterion, &Draw)| {
        let is_parent = edition.criteria.iter().any(|c| c.parent.as_ref() == Some(&criterion.code));
        let (scored, out) = if is_parent { (8, 12) } else { (82, 94) };
        match *chance {
            chance if chance < scored => Some(Some(*score)),
            chance if chance < out => Some(None),
            _ => None,
        }
    };
    edition.criteria.iter().zip(draws).map(of).collect()
}

fn given(edition: &Edition, unit: &[Stored]) -> UnitScores {
    let scores = edition.criteria.iter().zip(unit).filter_map(|(criterion, stored)| {
        let score = (*stored)?.map(Exact::from);
        Some(CriterionScore { criterion: criterion.code.clone(), applicable: score.is_some(), score })
    });
    UnitScores { criteria: scores.collect(), total: None }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn totals_are_what_the_definitions_say(
        drawn in proptest::collection::vec(drawn(), 1..9),
        draws in draws(),
        method in prop_oneof![Just(Method::Points), Just(Method::Weighted), Just(Method::Normalised)],
        unit in prop_oneof![Just(ScoreUnit::Points), Just(ScoreUnit::Percent)],
        rescaled in any::<Rescaled>(),
    ) {
        let edition = built(&drawn, method, unit, rescaled);
        let cohort: Vec<Vec<Stored>> = draws.iter().map(|unit| stored(&edition, unit)).collect();
        let stored: Vec<UnitScores> = cohort.iter().map(|unit| given(&edition, unit)).collect();
        let refs: Vec<&UnitScores> = stored.iter().collect();
        let of_survey = |i: usize| {
            let mut at = Some(&edition.criteria[i]);
            std::iter::from_fn(|| {
                let here = at?;
                at = here.parent.as_ref().and_then(|code| edition.criterion(code));
                Some(here.stage == Some(ScoreStage::Survey))
            })
            .any(|survey| survey)
        };
        let nobody = vec![vec![None; drawn.len()]];
        let without = Oracle { edition: &edition, cohort: &nobody, no_survey: true };
        // More than there is without a survey has something of one in it.
        let more = |i: usize, own: i64| {
            let said = without.say(i, 0);
            said.applicable && Fraction::whole(0).below(&said.taken_out)
                && said.taken_out.below(&Oracle::number(&edition.criteria[i].max_points))
                && said.maximum.below(&Fraction::whole(own))
        };
        let tells = |u: &Vec<Stored>, i: usize| u[i].flatten().is_some_and(|own| of_survey(i) || more(i, own));
        let held = cohort.iter().any(|u| (0..drawn.len()).any(|i| tells(u, i)));
        let scored = cohort.iter().any(|u| u.iter().any(|s| s.flatten().is_some()));
        let oracle = Oracle { edition: &edition, cohort: &cohort, no_survey: !held && scored };
        for (i, found) in of_cohort(&edition, &refs).into_iter().enumerate() {
            match (found, oracle.total(i)) {
                (Ok(found), Ok(expected)) => {
                    prop_assert_eq!(&found.score, &expected.digits(), "unit {} of {:?}", i, &edition);
                    let sum: Exact = found.components.iter().map(|c| &c.contribution).sum();
                    prop_assert_eq!(&sum, &found.score);
                }
                (found, expected) => prop_assert_eq!(found.err(), expected.err()),
            }
        }
        // The survey is told exactly when it is missing.
        let named: HashMap<String, ()> =
            left_out(&edition, &refs).into_iter().map(|code| (code, ())).collect();
        for criterion in &edition.criteria {
            let out = !held && scored && criterion.stage == Some(ScoreStage::Survey);
            prop_assert_eq!(named.contains_key(&criterion.code), out);
        }
    }

    #[test]
    fn the_order_of_units_and_criteria_is_nothing(
        drawn in proptest::collection::vec(drawn(), 1..7),
        draws in draws(),
    ) {
        let edition = built(&drawn, Method::Normalised, ScoreUnit::Points, (false, false));
        let stored: Vec<UnitScores> =
            draws.iter().map(|unit| given(&edition, &stored(&edition, unit))).collect();
        let forward = of_cohort(&edition, &stored.iter().collect::<Vec<_>>());
        let turned = Edition { criteria: edition.criteria.iter().rev().cloned().collect(), ..edition };
        let mut backward = of_cohort(&turned, &stored.iter().rev().collect::<Vec<_>>());
        backward.reverse();
        let scores = |totals: Vec<Result<Total, Unranked>>| {
            totals.into_iter().map(|total| total.map(|t| t.score)).collect::<Vec<_>>()
        };
        prop_assert_eq!(scores(forward), scores(backward));
    }
}
