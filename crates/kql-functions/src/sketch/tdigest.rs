//! T-digest: which value stands at a rank, and which rank a value has.
//!
//! A digest is the sorted list of (value, weight) itself, and so exact, while there are few distinct values; past
//! [`EXACT_MAX`] neighbours are joined into centroids, small ones at both ends and larger ones in the middle. The smallest
//! and the largest value are always kept. Whole numbers and ticks are held as such, so that an instant keeps its ticks.
//!
//! As a dynamic value a digest is an array of three, alike to what Kusto prints:
//!
//! ```text
//! [["long"],[800,250,300000],[5,1,3]]            every distinct value with its weight
//! [["long",250,300000],[800,1250],[5,17]]        centroids, after the smallest and the largest value
//! ```
//!
//! # Source
//! Kusto reference, "percentile()". T. Dunning, O. Ertl, "Computing extremely accurate quantiles using t-digests", 2019,
//! scale function k1.

use crate::args::real_of;
use crate::cells::Cells;
use schema::{Dynamic, KqlType, Value, dynamic::raw, number, ticks};

/// Distinct values up to which a digest is exact: its error in rank is nothing then, for 32 KiB at most.
pub const EXACT_MAX: usize = 2048;
/// Points gathered before they are sorted and joined.
const POINTS_MAX: usize = 2 * EXACT_MAX;
/// Centroids that a compressed digest has at most. The error in rank at the median is about π/4 per this many, so 0.2 %,
/// where Kusto promises 1 %.
const CENTROIDS_MAX: f64 = 400.0;

/// A kind of value that a digest holds.
pub trait Point: Copy + PartialOrd + Send + 'static {
    /// Returns the weighted mean of two values.
    fn mean(self, weight: u64, other: Self, other_weight: u64) -> Self;
    /// Returns the value at a part (0 to 1) of the way to a larger one.
    fn between(self, other: Self, part: f64) -> Self;
    /// Returns how much of the way from `low` to `high` the value is (0 to 1).
    fn part_of(self, low: Self, high: Self) -> f64;
    fn to_bits(self) -> u64;
    fn from_bits(bits: u64) -> Self;
    fn compare(self, other: Self) -> std::cmp::Ordering;
}

impl Point for i64 {
    fn mean(self, weight: u64, other: i64, other_weight: u64) -> i64 {
        let total = i128::from(weight) + i128::from(other_weight);
        (i128::from(self) + (i128::from(other) - i128::from(self)) * i128::from(other_weight) / total.max(1)) as i64
    }

    fn between(self, other: i64, part: f64) -> i64 {
        let way = (i128::from(other) - i128::from(self)) as f64 * part;
        (i128::from(self) + way.round() as i128) as i64
    }

    fn part_of(self, low: i64, high: i64) -> f64 {
        let way = (i128::from(high) - i128::from(low)) as f64;
        if way > 0.0 { (i128::from(self) - i128::from(low)) as f64 / way } else { 1.0 }
    }

    fn to_bits(self) -> u64 {
        self as u64
    }

    fn from_bits(bits: u64) -> i64 {
        bits as i64
    }

    fn compare(self, other: i64) -> std::cmp::Ordering {
        self.cmp(&other)
    }
}

impl Point for f64 {
    fn mean(self, weight: u64, other: f64, other_weight: u64) -> f64 {
        let part = other_weight as f64 / (weight as f64 + other_weight as f64);
        self.between(other, part)
    }

    fn between(self, other: f64, part: f64) -> f64 {
        // Not self + (other - self) * part, which overflows between large numbers and is NaN between infinities.
        if self == other { self } else { self * (1.0 - part) + other * part }
    }

    fn part_of(self, low: f64, high: f64) -> f64 {
        let way = high - low;
        if way > 0.0 && way.is_finite() { (self - low) / way } else { 1.0 }
    }

    fn to_bits(self) -> u64 {
        f64::to_bits(self)
    }

    fn from_bits(bits: u64) -> f64 {
        f64::from_bits(bits)
    }

    fn compare(self, other: f64) -> std::cmp::Ordering {
        self.total_cmp(&other)
    }
}

/// A digest of weighted values.
#[derive(Debug, Clone)]
pub struct Digest<P> {
    /// Values or centroids with their weights. The first `sorted` are in order and distinct.
    points: Vec<(P, u64)>,
    sorted: usize,
    /// The smallest and the largest value, when points have been joined into centroids.
    joined: Option<(P, P)>,
}

impl<P: Point> Default for Digest<P> {
    fn default() -> Digest<P> {
        Digest { points: Vec::new(), sorted: 0, joined: None }
    }
}

impl<P: Point> Digest<P> {
    /// Adds a value as often as `weight` says.
    pub fn insert(&mut self, value: P, weight: u64) {
        if weight == 0 {
            return;
        }
        if let Some((low, high)) = &mut self.joined {
            if value < *low {
                *low = value;
            }
            if value > *high {
                *high = value;
            }
        }
        self.points.push((value, weight));
        if self.points.len() >= POINTS_MAX {
            self.settle();
        }
    }

    /// Adds all values of another digest.
    pub fn merge(&mut self, other: &Digest<P>) {
        if let Some((low, high)) = other.joined {
            let (our_low, our_high) = self.bounds().unwrap_or((low, high));
            self.joined =
                Some((if low < our_low { low } else { our_low }, if high > our_high { high } else { our_high }));
        }
        other.points.iter().for_each(|(value, weight)| self.insert(*value, *weight));
    }

    /// Returns whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Returns the bytes held beside the digest itself.
    pub fn heap(&self) -> usize {
        self.points.capacity() * size_of::<(P, u64)>()
    }

    /// Returns the smallest and the largest value.
    fn bounds(&self) -> Option<(P, P)> {
        self.joined.or_else(|| {
            let mut values = self.points.iter().map(|(value, _)| *value);
            let first = values.next()?;
            Some(values.fold((first, first), |(low, high), value| {
                (if value < low { value } else { low }, if value > high { value } else { high })
            }))
        })
    }

    /// Sorts the points, joins equal values, and joins neighbours when there are too many.
    pub fn settle(&mut self) {
        if self.sorted < self.points.len() {
            self.points.sort_by(|a, b| a.0.compare(b.0));
            self.points.dedup_by(|next, kept| {
                let is_same = next.0 == kept.0;
                if is_same {
                    kept.1 = kept.1.saturating_add(next.1);
                }
                is_same
            });
            self.sorted = self.points.len();
        }
        if self.points.len() > EXACT_MAX {
            self.joined = self.bounds();
            self.join();
        }
    }

    /// Joins neighbours so far as the scale function k1 allows: k(q) = δ/2π · asin(2q - 1), one step of k a centroid.
    fn join(&mut self) {
        let total = self.total() as f64;
        let scale = CENTROIDS_MAX / (2.0 * std::f64::consts::PI);
        let limit = |q: f64| {
            let k = (scale * (2.0 * q - 1.0).clamp(-1.0, 1.0).asin() + 1.0) / scale;
            if k >= std::f64::consts::FRAC_PI_2 { 1.0 } else { (k.sin() + 1.0) / 2.0 }
        };
        let mut out: Vec<(P, u64)> = Vec::with_capacity(CENTROIDS_MAX as usize + 1);
        let mut before = 0u64;
        let mut room = limit(0.0) * total;
        for (value, weight) in self.points.drain(..) {
            match out.last_mut() {
                Some(last) if (before.saturating_add(last.1).saturating_add(weight)) as f64 <= room => {
                    last.0 = last.0.mean(last.1, value, weight);
                    last.1 = last.1.saturating_add(weight);
                }
                last => {
                    if let Some(last) = last {
                        before = before.saturating_add(last.1);
                        room = limit(before as f64 / total) * total;
                    }
                    out.push((value, weight));
                }
            }
        }
        self.points = out;
        self.sorted = self.points.len();
    }

    /// Returns the sum of the weights.
    pub fn total(&self) -> u64 {
        self.points.iter().fold(0, |total, (_, weight)| total.saturating_add(*weight))
    }

    /// Returns the value at a percentile, 0 to 100, by nearest rank: the smallest value that at least that part of the
    /// values does not exceed. `None` when there are no values. The digest must be settled.
    pub fn percentile(&self, percentile: f64) -> Option<P> {
        let total = self.total();
        let (low, high) = self.bounds()?;
        let rank = rank_of(percentile, total);
        if rank <= 1 {
            return Some(low);
        }
        if rank >= total {
            return Some(high);
        }
        let mut before = 0u64;
        let mut previous: (f64, P) = (1.0, low);
        for (value, weight) in &self.points {
            let upto = before.saturating_add(*weight);
            if self.joined.is_none() {
                if upto >= rank {
                    return Some(*value);
                }
            } else {
                // A centroid stands for the ranks before + 1 to upto; its value is that of the middle rank.
                let middle = before as f64 + (*weight as f64 + 1.0) / 2.0;
                if middle >= rank as f64 {
                    let way = middle - previous.0;
                    let part = if way > 0.0 { (rank as f64 - previous.0) / way } else { 1.0 };
                    return Some(previous.1.between(*value, part));
                }
                previous = (middle, *value);
            }
            before = upto;
        }
        let way = total as f64 - previous.0;
        Some(if way > 0.0 { previous.1.between(high, (rank as f64 - previous.0) / way) } else { high })
    }

    /// Returns how many of the values are not larger than `value`. The digest must be settled.
    pub fn rank(&self, value: P) -> f64 {
        let total = self.total() as f64;
        let Some((low, high)) = self.bounds() else { return 0.0 };
        if value < low {
            return 0.0;
        }
        if value >= high {
            return total;
        }
        let mut before = 0.0;
        let mut previous = (1.0, low);
        for (point, weight) in &self.points {
            let weight = *weight as f64;
            if self.joined.is_none() {
                if *point > value {
                    return before;
                }
            } else {
                let middle = before + (weight + 1.0) / 2.0;
                if *point > value {
                    return previous.0 + value.part_of(previous.1, *point) * (middle - previous.0);
                }
                previous = (middle, *point);
            }
            before += weight;
        }
        if self.joined.is_none() {
            return total;
        }
        previous.0 + value.part_of(previous.1, high) * (total - previous.0)
    }

    /// Appends the digest in few bytes, for partial results within one query: `j`, low and high, or `e`; then points.
    pub fn write_bytes(&self, out: &mut Vec<u8>) {
        match self.joined {
            Some((low, high)) => {
                out.push(b'j');
                out.extend_from_slice(&low.to_bits().to_le_bytes());
                out.extend_from_slice(&high.to_bits().to_le_bytes());
            }
            None => out.push(b'e'),
        }
        for (value, weight) in &self.points {
            out.extend_from_slice(&value.to_bits().to_le_bytes());
            out.extend_from_slice(&weight.to_le_bytes());
        }
    }

    /// Adds what [`Digest::write_bytes`] wrote. Returns false when the bytes are something else.
    pub fn merge_bytes(&mut self, bytes: &[u8]) -> bool {
        let Some((kind, rest)) = bytes.split_first() else { return false };
        let (words, cut_off) = rest.as_chunks::<8>();
        let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
        let mut other = Digest::default();
        if *kind == b'j' {
            let (Some(low), Some(high)) = (words.next(), words.next()) else { return false };
            other.joined = Some((P::from_bits(low), P::from_bits(high)));
        }
        while let (Some(value), Some(weight)) = (words.next(), words.next()) {
            other.points.push((P::from_bits(value), weight));
        }
        self.merge(&other);
        cut_off.is_empty()
    }
}

/// Returns the rank of a percentile among `total` values: the smallest that covers it, at least 1.
fn rank_of(percentile: f64, total: u64) -> u64 {
    let exact = percentile * total as f64 / 100.0;
    // 99.9 percent of 1000 is rank 999, though 99.9 * 1000 / 100 may come out a little larger.
    let nearest = exact.round();
    let rank = if (exact - nearest).abs() <= 1e-9 * exact.abs() { nearest } else { exact.ceil() };
    (rank as u64).clamp(1, total.max(1))
}

/// A digest with the type of its values.
#[derive(Debug, Clone)]
pub struct TypedDigest {
    pub ktype: KqlType,
    pub digest: AnyDigest,
}

/// A digest of whole numbers or ticks, or of reals.
#[derive(Debug, Clone)]
pub enum AnyDigest {
    Longs(Digest<i64>),
    Reals(Digest<f64>),
}

impl TypedDigest {
    /// Makes an empty digest for values of a type, `None` when the type has no percentiles.
    pub fn new(ktype: KqlType) -> Option<TypedDigest> {
        let digest = match ktype {
            KqlType::Int | KqlType::Long | KqlType::Datetime | KqlType::Timespan => AnyDigest::Longs(Digest::default()),
            KqlType::Real | KqlType::Decimal => AnyDigest::Reals(Digest::default()),
            _ => return None,
        };
        // The results are of the wider type, as those of `percentile` are.
        let ktype = match ktype {
            KqlType::Int => KqlType::Long,
            KqlType::Decimal => KqlType::Real,
            other => other,
        };
        Some(TypedDigest { ktype, digest })
    }

    /// Returns the value at a percentile as a value of the digest's type.
    pub fn percentile(&self, percentile: f64) -> Option<Value> {
        match &self.digest {
            AnyDigest::Longs(digest) => digest.percentile(percentile).map(|value| self.long(value)),
            AnyDigest::Reals(digest) => digest.percentile(percentile).map(Value::Real),
        }
    }

    fn long(&self, value: i64) -> Value {
        match self.ktype {
            KqlType::Datetime => Value::Datetime(value),
            KqlType::Timespan => Value::Timespan(value),
            _ => Value::Long(value),
        }
    }

    /// Returns how many values are not larger than `value`, `None` when the value's type does not compare with theirs.
    pub fn rank(&self, value: &Value) -> Option<f64> {
        match (&self.digest, self.ktype, value) {
            (AnyDigest::Longs(digest), KqlType::Long, Value::Int(value)) => Some(digest.rank(i64::from(*value))),
            (AnyDigest::Longs(digest), KqlType::Long, Value::Long(value))
            | (AnyDigest::Longs(digest), KqlType::Datetime, Value::Datetime(value))
            | (AnyDigest::Longs(digest), KqlType::Timespan, Value::Timespan(value)) => Some(digest.rank(*value)),
            (AnyDigest::Longs(digest), KqlType::Long, Value::Real(value)) => Some(digest.rank(value.floor() as i64)),
            (AnyDigest::Reals(digest), _, value) => real_of(value).map(|value| digest.rank(value)),
            _ => None,
        }
    }

    /// Returns the sum of the weights.
    pub fn total(&self) -> u64 {
        match &self.digest {
            AnyDigest::Longs(digest) => digest.total(),
            AnyDigest::Reals(digest) => digest.total(),
        }
    }

    /// Adds all values of another digest. Returns false when that is of another type.
    pub fn merge(&mut self, other: &TypedDigest) -> bool {
        match (&mut self.digest, &other.digest) {
            (AnyDigest::Longs(ours), AnyDigest::Longs(theirs)) if self.ktype == other.ktype => ours.merge(theirs),
            (AnyDigest::Reals(ours), AnyDigest::Reals(theirs)) => ours.merge(theirs),
            _ => return false,
        }
        true
    }

    /// Sorts and joins; to be called before values are read.
    pub fn settle(&mut self) {
        match &mut self.digest {
            AnyDigest::Longs(digest) => digest.settle(),
            AnyDigest::Reals(digest) => digest.settle(),
        }
    }

    /// Returns whether there is no value.
    pub fn is_empty(&self) -> bool {
        match &self.digest {
            AnyDigest::Longs(digest) => digest.is_empty(),
            AnyDigest::Reals(digest) => digest.is_empty(),
        }
    }

    /// Returns the bytes held beside the digest itself.
    pub fn heap(&self) -> usize {
        match &self.digest {
            AnyDigest::Longs(digest) => digest.heap(),
            AnyDigest::Reals(digest) => digest.heap(),
        }
    }

    /// Returns the digest as a dynamic value's JSON. The digest must be settled.
    pub fn to_json(&self) -> String {
        match &self.digest {
            AnyDigest::Longs(digest) => {
                digest_json(digest, self.ktype, |value| self.long(*value).to_dynamic().to_json())
            }
            AnyDigest::Reals(digest) => digest_json(digest, self.ktype, |value| Dynamic::from_real(*value).to_json()),
        }
    }

    /// Reads a digest from a dynamic value's JSON; `None` when it is none.
    pub fn from_json(json: &str) -> Option<TypedDigest> {
        let mut parts = raw::items(json);
        let (head, values, weights) = (parts.next()?, parts.next()?, parts.next()?);
        let mut head = raw::items(head);
        let ktype = KqlType::from_name(&raw::string(head.next()?)?)?;
        let mut out = TypedDigest::new(ktype)?;
        let bounds = (head.next(), head.next());
        match &mut out.digest {
            AnyDigest::Longs(digest) => {
                let read = |json: &str| match ktype {
                    KqlType::Datetime => ticks::parse_datetime(&raw::string(json)?),
                    KqlType::Timespan => ticks::parse_timespan(&raw::string(json)?),
                    _ => json.parse().ok(),
                };
                read_points(digest, bounds, values, weights, read)?;
            }
            AnyDigest::Reals(digest) => {
                read_points(digest, bounds, values, weights, |json| number::parse_real(&raw::text(json)))?;
            }
        }
        out.settle();
        Some(out)
    }

    /// Adds the rows' values, each once or as often as `weights` says; nulls, NaN and weights below one are left out.
    pub fn insert(&mut self, cells: &Cells, row: usize, weight: u64) {
        match (&mut self.digest, cells) {
            (AnyDigest::Longs(digest), Cells::Int(array)) => digest.insert(i64::from(array.value(row)), weight),
            (AnyDigest::Longs(digest), Cells::Long(array) | Cells::Datetime(array) | Cells::Timespan(array)) => {
                digest.insert(array.value(row), weight);
            }
            (AnyDigest::Reals(digest), Cells::Real(array)) if !array.value(row).is_nan() => {
                digest.insert(array.value(row), weight)
            }
            (AnyDigest::Reals(digest), Cells::Decimal(array)) => {
                digest.insert(number::decimal_to_real(array.value(row)), weight);
            }
            _ => {}
        }
    }
}

fn digest_json<P: Point>(digest: &Digest<P>, ktype: KqlType, write: impl Fn(&P) -> String) -> String {
    let join = |texts: &mut dyn Iterator<Item = String>| texts.collect::<Vec<_>>().join(",");
    let bounds = digest.joined.map_or(String::new(), |(low, high)| format!(",{},{}", write(&low), write(&high)));
    let values = join(&mut digest.points.iter().map(|(value, _)| write(value)));
    let weights = join(&mut digest.points.iter().map(|(_, weight)| weight.to_string()));
    format!("[[\"{ktype}\"{bounds}],[{values}],[{weights}]]")
}

fn read_points<P: Point>(
    digest: &mut Digest<P>,
    bounds: (Option<&str>, Option<&str>),
    values: &str,
    weights: &str,
    read: impl Fn(&str) -> Option<P>,
) -> Option<()> {
    if let (Some(low), Some(high)) = bounds {
        digest.joined = Some((read(low)?, read(high)?));
    }
    let mut weights = raw::items(weights);
    for value in raw::items(values) {
        digest.insert(read(value)?, weights.next()?.parse().ok()?);
    }
    weights.next().is_none().then_some(())
}

/// Returns a percentile as a value of the type that a call names: dynamic takes any, numbers become each other, else the
/// types must be equal; null where they are not.
pub fn as_type(ktype: KqlType, value: Value) -> Value {
    match (ktype, value) {
        (KqlType::Dynamic, value) => Value::Dynamic(value.to_dynamic()),
        (KqlType::Int, Value::Long(value)) => i32::try_from(value).map_or(Value::Null(ktype), Value::Int),
        (KqlType::Int, Value::Real(value)) => Value::Int(value as i32),
        (KqlType::Long, Value::Real(value)) => Value::Long(value as i64),
        (KqlType::Real, Value::Long(value)) => Value::Real(value as f64),
        (KqlType::Decimal, value @ (Value::Long(_) | Value::Real(_))) => {
            number::parse_decimal(&value.to_text()).map_or(Value::Null(ktype), Value::Decimal)
        }
        (_, value) if value.ktype() == ktype => value,
        _ => Value::null(ktype),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_survives_its_json() {
        for n in [0i64, 3, 50_000] {
            let mut digest = TypedDigest::new(KqlType::Timespan).expect("timespans have percentiles");
            if let AnyDigest::Longs(longs) = &mut digest.digest {
                (0..n).for_each(|i| longs.insert(i * 7919 % 50_000, 1 + (i % 3) as u64));
            }
            digest.settle();
            let read = TypedDigest::from_json(&digest.to_json()).expect("a digest");
            assert_eq!(read.to_json(), digest.to_json());
            assert_eq!(read.total(), digest.total());
            for p in [0.0, 1.0, 33.3, 100.0] {
                assert_eq!(read.percentile(p), digest.percentile(p));
            }
        }
        for bad in ["", "[]", "[[7],[1],[1]]", "[[\"long\"],[1],[]]", "[[\"long\"],[1],[1,2]]", "[[\"string\"],[],[]]"]
        {
            assert!(TypedDigest::from_json(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn ranks_invert_percentiles() {
        let mut digest = Digest::<f64>::default();
        (0..200_000u64).for_each(|i| digest.insert((i * 7919 % 200_000) as f64, 1));
        digest.settle();
        assert!(digest.points.len() <= EXACT_MAX, "{} points", digest.points.len());
        for p in [0.1, 5.0, 50.0, 75.0, 99.9] {
            let value = digest.percentile(p).expect("values");
            let rank = digest.rank(value);
            assert!((rank - p * 2000.0).abs() <= 2000.0 * 0.3, "percentile {p} is {value} at {rank}");
            assert!((value - p * 2000.0).abs() <= 2000.0 * 0.3, "percentile {p} is {value}");
        }
        assert_eq!((digest.percentile(0.0), digest.percentile(100.0)), (Some(0.0), Some(199_999.0)));
        assert_eq!((digest.rank(-1.0), digest.rank(199_999.0)), (0.0, 200_000.0));
    }

    #[test]
    fn instants_keep_their_ticks() {
        let mut digest = Digest::<i64>::default();
        for i in 0..3i64 {
            digest.insert(ticks::DATETIME_MAX - i, 1);
        }
        digest.settle();
        assert_eq!(digest.percentile(50.0), Some(ticks::DATETIME_MAX - 1));
        assert_eq!(i64::MIN.mean(1, i64::MAX, 1), -1);
    }
}
