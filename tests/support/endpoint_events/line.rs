//! A line in the making.

use super::world::Id;

use crate::rng::Rng;

/// 0000-01-01T00:00:00Z in milliseconds since 1970.
pub(super) const YEAR_0: i64 = -62_167_219_200_000;
/// 9999-12-31T23:59:59.999Z in milliseconds since 1970.
pub(super) const YEAR_9999: i64 = 253_402_300_799_999;

/// The buffer, with the few formats that an event needs.
pub(super) struct Line(pub(super) Vec<u8>);

impl Line {
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    pub(super) fn id(&mut self, id: Id) -> &mut Self {
        self.0.extend_from_slice(&id);
        self
    }

    pub(super) fn truth(&mut self, truth: bool) -> &mut Self {
        self.text(if truth { "true" } else { "false" })
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        let digits = number.checked_ilog10().unwrap_or(0) + 1;
        self.digits(number, digits)
    }

    pub(super) fn digits(&mut self, number: u64, digits: u32) -> &mut Self {
        let mut power = 10_u64.pow(digits - 1);
        for _ in 0..digits {
            self.0.push(b'0' + (number / power % 10) as u8);
            power /= 10;
        }
        self
    }

    pub(super) fn hex(&mut self, rng: &mut Rng, digits: usize) -> &mut Self {
        let mut bits = 0;
        for place in 0..digits {
            if place % 16 == 0 {
                bits = rng.next_u64();
            }
            let digit = (bits & 15) as u8;
            self.0.push(digit + if digit < 10 { b'0' } else { b'a' - 10 });
            bits >>= 4;
        }
        self
    }

    /// ISO 8601 in UTC with milliseconds.
    pub(super) fn time(&mut self, ms: i64) -> &mut Self {
        let ms = ms.clamp(YEAR_0, YEAR_9999);
        let (day, rest) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000) as u64);
        // Howard Hinnant's civil_from_days: years that begin in March, in eras
        // of 400 years.
        let day = day + 719_468;
        let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        self.digits(year as u64, 4).text("-");
        self.digits(month as u64, 2).text("-");
        self.digits(day as u64, 2).text("T");
        self.digits(rest / 3_600_000, 2).text(":");
        self.digits(rest / 60_000 % 60, 2).text(":");
        self.digits(rest / 1000 % 60, 2).text(".");
        self.digits(rest % 1000, 3).text("Z")
    }
}

// All texts below stand in JSON strings as they are: `\"`, `\\` and `\u00e9`
// are meant to reach the event.
