//! The decimal digits of a real, by the Grisu2 algorithm as Kusto's engine runs it.
//!
//! Kusto's `tostring(real)` does not always give the digits nearest to the value: of the shortest texts that read back
//! as the same real it takes the one that Grisu2 ends at, and it leaves out the last rounding step once nine or more
//! digits come from the fraction. `tostring(0.1 + 0.2)` is `0.30000000000000007`, which reads back as the same real as
//! the nearer `0.30000000000000004`. Comparing such texts (joins on strings, hashes) needs the same digits.
//!
//! # Source
//! Florian Loitsch, "Printing floating-point numbers quickly and accurately with integers" (2010), section 5.

/// The digits of a positive finite real: `value = digits * 10^exponent`.
pub struct Digits {
    buffer: [u8; 20],
    len: usize,
    pub exponent: i32,
}

impl Digits {
    /// Returns the digits as text, without leading or trailing zeros.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.buffer[..self.len]).unwrap_or("0")
    }

    fn push(&mut self, digit: u64) {
        if (digit > 0 || self.len > 0) && self.len < self.buffer.len() {
            self.buffer[self.len] = b'0' + digit as u8;
            self.len += 1;
        }
    }

    /// Lowers the last digit while that brings the text nearer to the value. `rest` is what the digits leave of the
    /// upper bound, `unit` the weight of the last digit, `distance` that of the value from the upper bound.
    fn round(&mut self, delta: u64, mut rest: u64, unit: u64, distance: u64) {
        while rest < distance
            && delta - rest >= unit
            && (rest + unit < distance || distance - rest > rest + unit - distance)
        {
            self.buffer[self.len - 1] -= 1;
            rest += unit;
        }
    }
}

/// A number `significand * 2^exponent`.
#[derive(Clone, Copy)]
struct Extended {
    significand: u64,
    exponent: i32,
}

impl Extended {
    fn normalized(self) -> Extended {
        let shift = self.significand.leading_zeros();
        Extended { significand: self.significand << shift, exponent: self.exponent - shift as i32 }
    }

    /// Multiplies, rounding to 64 bits.
    fn times(self, other: Extended) -> Extended {
        let product = u128::from(self.significand) * u128::from(other.significand);
        let rounded = (product >> 64) as u64 + ((product >> 63) & 1) as u64;
        Extended { significand: rounded, exponent: self.exponent + other.exponent + 64 }
    }
}

/// Returns the digits of a positive finite real.
pub fn digits(value: f64) -> Digits {
    let bits = value.to_bits();
    let biased = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let own = if biased == 0 {
        Extended { significand: fraction, exponent: -1074 }
    } else {
        Extended { significand: fraction | 1 << 52, exponent: biased - 1075 }
    };
    // The bounds of the interval around the value: any number between them reads back as the value.
    let upper = Extended { significand: (own.significand << 1) + 1, exponent: own.exponent - 1 }.normalized();
    let below = if own.significand == 1 << 52 {
        Extended { significand: (own.significand << 2) - 1, exponent: own.exponent - 2 }
    } else {
        Extended { significand: (own.significand << 1) - 1, exponent: own.exponent - 1 }
    };
    let lower =
        Extended { significand: below.significand << (below.exponent - upper.exponent), exponent: upper.exponent };

    let (power, exponent) = power_of_ten(upper.exponent);
    let scaled = own.normalized().times(power);
    let mut high = upper.times(power);
    let low = lower.times(power);
    high.significand -= 1;
    generate(scaled, high, high.significand - (low.significand + 1), exponent)
}

/// Returns a power of ten that brings a number of this binary exponent into the range where its whole part has at most
/// 32 bits, and the decimal exponent of the digits then.
fn power_of_ten(exponent: i32) -> (Extended, i32) {
    let k = (f64::from(-61 - exponent) * std::f64::consts::LOG10_2 + 347.0).ceil() as i32;
    let index = (k >> 3) + 1;
    let power = -348 + index * 8;
    // Right for every power of the table.
    let binary = (f64::from(power) * std::f64::consts::LOG2_10).floor() as i32 - 63;
    let significand = POWERS.get(index as usize).copied().unwrap_or(1 << 63);
    (Extended { significand, exponent: binary }, -power)
}

/// Writes digits of `high` until what is left is within the interval of width `delta`.
fn generate(value: Extended, high: Extended, mut delta: u64, exponent: i32) -> Digits {
    const TENS: [u64; 10] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];
    let mut out = Digits { buffer: [0; 20], len: 0, exponent };
    let shift = -high.exponent;
    let one = 1u64 << shift;
    let distance = high.significand - value.significand;
    let mut whole = high.significand >> shift;
    let mut part = high.significand & (one - 1);
    let n_whole = TENS.iter().take_while(|ten| **ten <= whole).count();
    for kappa in (0..n_whole).rev() {
        out.push(whole / TENS[kappa]);
        whole %= TENS[kappa];
        let rest = (whole << shift) + part;
        if rest <= delta {
            out.exponent += kappa as i32;
            out.round(delta, rest, TENS[kappa] << shift, distance);
            return out;
        }
    }
    let mut kappa = 0;
    loop {
        kappa += 1;
        part *= 10;
        delta *= 10;
        out.push(part >> shift);
        part &= one - 1;
        if part < delta {
            out.exponent -= kappa as i32;
            // Past eight digits of the fraction Kusto's engine rounds no more.
            out.round(delta, part, one, if kappa < 9 { distance * TENS[kappa] } else { 0 });
            return out;
        }
    }
}

/// The top 64 bits of 10^-348, 10^-340, ... 10^340, rounded to nearest.
#[rustfmt::skip]
const POWERS: [u64; 87] = [
    0xfa8f_d5a0_081c_0288, 0xbaae_e17f_a23e_bf76, 0x8b16_fb20_3055_ac76, 0xcf42_894a_5dce_35ea,
    0x9a6b_b0aa_5565_3b2d, 0xe61a_cf03_3d1a_45df, 0xab70_fe17_c79a_c6ca, 0xff77_b1fc_bebc_dc4f,
    0xbe56_91ef_416b_d60c, 0x8dd0_1fad_907f_fc3c, 0xd351_5c28_3155_9a83, 0x9d71_ac8f_ada6_c9b5,
    0xea9c_2277_23ee_8bcb, 0xaecc_4991_4078_536d, 0x823c_1279_5db6_ce57, 0xc210_9436_4dfb_5637,
    0x9096_ea6f_3848_984f, 0xd774_85cb_2582_3ac7, 0xa086_cfcd_97bf_97f4, 0xef34_0a98_172a_ace5,
    0xb238_67fb_2a35_b28e, 0x84c8_d4df_d2c6_3f3b, 0xc5dd_4427_1ad3_cdba, 0x936b_9fce_bb25_c996,
    0xdbac_6c24_7d62_a584, 0xa3ab_6658_0d5f_daf6, 0xf3e2_f893_dec3_f126, 0xb5b5_ada8_aaff_80b8,
    0x8762_5f05_6c7c_4a8b, 0xc9bc_ff60_34c1_3053, 0x964e_858c_91ba_2655, 0xdff9_7724_7029_7ebd,
    0xa6df_bd9f_b8e5_b88f, 0xf8a9_5fcf_8874_7d94, 0xb944_7093_8fa8_9bcf, 0x8a08_f0f8_bf0f_156b,
    0xcdb0_2555_6531_31b6, 0x993f_e2c6_d07b_7fac, 0xe45c_10c4_2a2b_3b06, 0xaa24_2499_6973_92d3,
    0xfd87_b5f2_8300_ca0e, 0xbce5_0864_9211_1aeb, 0x8cbc_cc09_6f50_88cc, 0xd1b7_1758_e219_652c,
    0x9c40_0000_0000_0000, 0xe8d4_a510_0000_0000, 0xad78_ebc5_ac62_0000, 0x813f_3978_f894_0984,
    0xc097_ce7b_c907_15b3, 0x8f7e_32ce_7bea_5c70, 0xd5d2_38a4_abe9_8068, 0x9f4f_2726_179a_2245,
    0xed63_a231_d4c4_fb27, 0xb0de_6538_8cc8_ada8, 0x83c7_088e_1aab_65db, 0xc45d_1df9_4271_1d9a,
    0x924d_692c_a61b_e758, 0xda01_ee64_1a70_8dea, 0xa26d_a399_9aef_774a, 0xf209_787b_b47d_6b85,
    0xb454_e4a1_79dd_1877, 0x865b_8692_5b9b_c5c2, 0xc835_53c5_c896_5d3d, 0x952a_b45c_fa97_a0b3,
    0xde46_9fbd_99a0_5fe3, 0xa59b_c234_db39_8c25, 0xf6c6_9a72_a398_9f5c, 0xb7dc_bf53_54e9_bece,
    0x88fc_f317_f222_41e2, 0xcc20_ce9b_d35c_78a5, 0x9816_5af3_7b21_53df, 0xe2a0_b5dc_971f_303a,
    0xa8d9_d153_5ce3_b396, 0xfb9b_7cd9_a4a7_443c, 0xbb76_4c4c_a7a4_4410, 0x8bab_8eef_b640_9c1a,
    0xd01f_ef10_a657_842c, 0x9b10_a4e5_e991_3129, 0xe710_9bfb_a19c_0c9d, 0xac28_20d9_623b_f429,
    0x8044_4b5e_7aa7_cf85, 0xbf21_e440_03ac_dd2d, 0x8e67_9c2f_5e44_ff8f, 0xd433_179d_9c8c_b841,
    0x9e19_db92_b4e3_1ba9, 0xeb96_bf6e_badf_77d9, 0xaf87_023b_9bf0_ee6b,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_read_back_as_the_same_real() {
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        let mut n_tested = 0;
        while n_tested < 20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = f64::from_bits(state ^ state >> 29).abs();
            if !value.is_finite() || value == 0.0 {
                continue;
            }
            n_tested += 1;
            let digits = digits(value);
            let text = format!("{}e{}", digits.as_str(), digits.exponent);
            assert_eq!(text.parse::<f64>(), Ok(value), "{text}");
        }
    }

    #[test]
    fn digits_are_those_of_kusto() {
        let cases = [
            (0.1 + 0.2, "30000000000000007", -17),
            (1.0 / 3.0, "3333333333333333", -16),
            (1.1 * 3.0, "33000000000000004", -16),
            (5e-324, "5", -324),
            (f64::MAX, "17976931348623157", 292),
            (f64::MIN_POSITIVE, "22250738585072014", -324),
            (100.0, "1", 2),
            (123_456.789, "123456789", -3),
        ];
        for (value, text, exponent) in cases {
            let digits = digits(value);
            assert_eq!((digits.as_str(), digits.exponent), (text, exponent), "{value}");
        }
    }
}
