//! What a model makes of a text: a direction, stored as one byte for each of its numbers.

use base64ct::{Base64, Encoding as _};

/// Numbers of a vector, at most.
const MOST_NUMBERS: usize = 4_096;

/// A direction, of which each number is from -127 to 127.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vector(Vec<i8>);

impl Vector {
    /// The direction of these numbers, as exact as one byte allows; nothing if it has none.
    pub fn of(numbers: &[f64]) -> Option<Self> {
        let largest = numbers.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
        let fits = numbers.iter().all(|number| number.is_finite()) && numbers.len() <= MOST_NUMBERS;
        if !fits || largest <= 0.0 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "from -127 to 127")]
        let byte = |number: &f64| (number / largest * 127.0).round() as i8;
        Some(Self(numbers.iter().map(byte).collect()))
    }

    /// Reads a stored vector.
    pub fn stored(text: &str) -> Option<Self> {
        let bytes = Base64::decode_vec(text).ok().filter(|bytes| bytes.len() <= MOST_NUMBERS)?;
        Some(Self(bytes.into_iter().map(|byte| i8::from_ne_bytes([byte])).collect()))
    }

    /// As it is stored.
    pub fn to_stored(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().flat_map(|number| number.to_ne_bytes()).collect();
        Base64::encode_string(&bytes)
    }

    /// The cosine of the angle between two directions; nothing between such of different models.
    pub fn cosine(&self, other: &Self) -> Option<f64> {
        if self.0.len() != other.0.len() {
            return None;
        }
        let product = |left: &[i8], right: &[i8]| -> f64 {
            let sum: i64 = left.iter().zip(right).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
            #[expect(clippy::cast_precision_loss, reason = "at most 4 096 products of 16 129")]
            let sum = sum as f64;
            sum
        };
        let lengths = (product(&self.0, &self.0) * product(&other.0, &other.0)).sqrt();
        (lengths > 0.0).then(|| product(&self.0, &other.0) / lengths)
    }
}
