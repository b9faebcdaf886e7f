//! A coarse signature of a vector, by which SQL finds the nearest.
//!
//! Each bit stands for a direction, the same for all vectors, and is set where the vector goes along with it more than
//! with most others. The smaller the angle between two vectors, the more bits they have in common (random hyperplanes,
//! Charikar 2002). Half of the bits are set in each signature, so that the bits in common tell the distance by
//! themselves: `passages_match.sql` counts them with shifts and sums, as SQLite has no function for it.

use serde_json::{Value, json};

use super::embedding::Vector;

/// Numbers of a signature.
const NUMBERS: usize = 6;
/// Bits of each: a number of 62 is not negative, and shifting it is safe.
const BITS: usize = 62;
/// Every fourth bit: what lies between is room for a count.
const FOURTH: u64 = 0x1111_1111_1111_1111;

/// The signature of a vector. Changing how it is made makes those that are stored worthless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signature([u64; NUMBERS]);

impl Signature {
    pub(super) fn of(vector: &Vector) -> Self {
        let mut along = [0_i32; NUMBERS * BITS];
        let mut seed = 0;
        for number in vector.numbers() {
            let number = i32::from(*number);
            for sums in along.chunks_exact_mut(BITS) {
                let mut directions = mixed(&mut seed);
                for sum in sums {
                    *sum += if directions & 1 == 1 { number } else { -number };
                    directions >>= 1;
                }
            }
        }
        let mut signature = [0; NUMBERS];
        for (at, (own, number)) in
            along.iter().zip((0..NUMBERS).flat_map(|at| [at; BITS])).enumerate()
        {
            let others = along.iter().enumerate();
            let before = others.filter(|(other, sum)| (*sum, other) > (own, &at)).count();
            if before < along.len() / 2
                && let Some(bits) = signature.get_mut(number)
            {
                *bits |= 1 << (at % BITS);
            }
        }
        Self(signature)
    }

    /// As it is stored.
    pub(super) fn to_stored(self) -> Value {
        json!(self.0)
    }

    /// As `passages_match.sql` takes it: of each number the bits 0, 4, 8 …, then 1, 5, 9 … in their place, and
    /// so on.
    pub(super) fn to_asked(self) -> Value {
        let parts = self.0.iter().flat_map(|bits| (0..4).map(move |from| (bits >> from) & FOURTH));
        Value::Array(parts.map(Value::from).collect())
    }
}

/// The next of a row of numbers that look random and are always the same (`SplitMix64`).
fn mixed(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(left: &Signature, right: &Signature) -> u32 {
        left.0.iter().zip(right.0).map(|(left, right)| (left & right).count_ones()).sum()
    }

    /// Numbers from -1 to 1.
    fn random(seed: &mut u64, count: usize) -> Vec<f64> {
        (0..count)
            .map(|_| {
                f64::from(u32::try_from(mixed(seed) >> 32).unwrap()) / f64::from(1_u32 << 31) - 1.0
            })
            .collect()
    }

    #[test]
    fn common_bits_order_vectors_as_the_cosine_does() {
        let mut seed = 7;
        let question = random(&mut seed, 384);
        let asked = Vector::of(&question).unwrap();
        let signature = Signature::of(&asked);
        let vectors: Vec<(f64, u32)> = (0..200_u32)
            .map(|at| {
                let share = f64::from(at) / 200.0;
                let other = random(&mut seed, 384);
                let numbers = question
                    .iter()
                    .zip(other)
                    .map(|(own, other)| share * own + (1.0 - share) * other);
                let vector = Vector::of(&numbers.collect::<Vec<_>>()).unwrap();
                (asked.cosine(&vector).unwrap(), common(&signature, &Signature::of(&vector)))
            })
            .collect();
        let (mut right, mut all) = (0_u32, 0_u32);
        for (at, left) in vectors.iter().enumerate() {
            for other in &vectors[at + 1..] {
                if (left.0 - other.0).abs() > 0.1 {
                    all += 1;
                    right += u32::from((left.0 > other.0) == (left.1 > other.1));
                }
            }
        }
        assert!(all > 10_000 && right * 100 > all * 97, "{right} of {all}");
        // The share of bits in common tells the angle.
        for (cosine, bits) in vectors {
            let expected = 186.0 * (1.0 - cosine.acos() / std::f64::consts::PI);
            assert!((f64::from(bits) - expected).abs() < 25.0, "{cosine} {bits} {expected}");
        }
    }

    #[test]
    fn half_of_the_bits_are_set_and_the_parts_hold_all() {
        let mut seed = 3;
        for vector in [vec![1.0], vec![0.0, -1.0], random(&mut seed, 1_024)] {
            let signature = Signature::of(&Vector::of(&vector).unwrap());
            assert_eq!(common(&signature, &signature), 186);
            assert!(signature.0.iter().all(|bits| *bits < 1 << BITS));
            let parts = signature.to_asked();
            let parts: Vec<u64> =
                parts.as_array().unwrap().iter().map(|part| part.as_u64().unwrap()).collect();
            assert_eq!((parts.len(), parts.iter().map(|part| part.count_ones()).sum()), (24, 186));
        }
    }

    #[test]
    fn signatures_stay_as_they_are_stored() {
        let numbers: Vec<f64> = (1..=64_i32).map(f64::from).collect();
        let signature = Signature::of(&Vector::of(&numbers).unwrap());
        assert_eq!(
            signature.to_stored(),
            json!([
                4_437_541_716_995_174_105_u64,
                2_677_761_142_121_542_827_u64,
                215_672_671_592_256_549_u64,
                3_073_172_838_556_950_950_u64,
                2_920_715_685_900_185_489_u64,
                3_814_116_512_773_457_841_u64
            ])
        );
    }
}
