//! Bodies as they come in: not slower than they must, and unpacked to no more than they may.

use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

use actix_web::{
    error::PayloadError,
    http::header::{self, HeaderMap},
    web::Bytes,
};
use futures_util::{Stream, StreamExt};

use super::problem::Problem;

/// How fast bodies must come in.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long nothing may come.
    pub idle: Duration,
    /// Bytes a second, counted from the beginning.
    pub least: u64,
    /// How long it may be slower at first.
    pub grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { idle: Duration::from_secs(15), least: 1024, grace: Duration::from_secs(10) }
    }
}

/// Why the rest of a body is not read.
#[derive(Debug)]
pub enum Stopped {
    /// The client cut it off.
    CutOff(PayloadError),
    /// It came in too slowly.
    TooSlow,
}

impl Stopped {
    /// 408.
    pub fn too_slow() -> Problem {
        Problem::new(
            "too_slow",
            "The body came in too slowly; nothing was done.",
            "Nội dung gửi đến quá chậm; chưa thực hiện gì.",
        )
    }
}

/// A body that is read as it comes in.
pub struct Upload<S> {
    payload: S,
    pace: Pace,
    begun: Instant,
    bytes: u64,
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Upload<S> {
    /// A body of which nothing was read yet.
    pub fn new(payload: S, pace: Pace) -> Self {
        Self { payload, pace, begun: Instant::now(), bytes: 0 }
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Stopped> {
        let piece = match tokio::time::timeout(self.pace.idle, self.payload.next()).await {
            Err(_) => return Err(Stopped::TooSlow),
            Ok(None) => return Ok(None),
            Ok(Some(piece)) => piece.map_err(Stopped::CutOff)?,
        };
        self.bytes += piece.len() as u64;
        let lasted = self.begun.elapsed();
        let due = u128::from(self.pace.least).saturating_mul(lasted.as_millis()) / 1000;
        if lasted > self.pace.grace && u128::from(self.bytes) < due {
            return Err(Stopped::TooSlow);
        }
        Ok(Some(piece))
    }

    /// Bytes that came in.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What was not read yet.
    pub fn into_rest(self) -> S {
        self.payload
    }
}

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// Most bytes, as a power of two, that a reader of Zstandard keeps.
const WINDOW: u32 = 23;

impl Packing {
    /// The packing that `Content-Encoding` says.
    ///
    /// # Errors
    /// 415 for another one.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(Self::None) };
        match value.to_str().unwrap_or("?").trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::None),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(Problem::new(
                "unsupported_media_type",
                "The body may be packed with gzip or zstd.",
                "Nội dung có thể được nén bằng gzip hoặc zstd.",
            )),
        }
    }

    /// The bytes as they were before they were packed; none when there are more than `limit`.
    ///
    /// # Errors
    /// When they are not packed so.
    pub fn unpack(self, bytes: &[u8], limit: usize) -> io::Result<Option<Vec<u8>>> {
        let mut unpacked = Vec::new();
        let most = limit as u64 + 1;
        match self {
            Self::None => unpacked.extend_from_slice(bytes),
            Self::Gzip => {
                flate2::read::MultiGzDecoder::new(bytes).take(most).read_to_end(&mut unpacked)?;
            }
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
                decoder.window_log_max(WINDOW)?;
                decoder.take(most).read_to_end(&mut unpacked)?;
            }
        }
        Ok((unpacked.len() <= limit).then_some(unpacked))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_packed_comes_back_within_its_limit() {
        let text = b"0123456789".repeat(100);
        let zstd = zstd::stream::encode_all(text.as_slice(), 3).unwrap();
        for (packing, packed) in [(Packing::Gzip, gzip(&text)), (Packing::Zstd, zstd)] {
            assert_eq!(packing.unpack(&packed, 1000).unwrap(), Some(text.clone()));
            assert_eq!(packing.unpack(&packed, 999).unwrap(), None, "{packing:?}");
            assert!(packing.unpack(&packed[..packed.len() / 2], 1000).is_err(), "{packing:?}");
            assert!(packing.unpack(b"{}", 1000).is_err(), "{packing:?}");
        }
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let zeros = vec![0; 64 * 1024 * 1024];
        let zstd = zstd::stream::encode_all(zeros.as_slice(), 3).unwrap();
        assert!(zstd.len() < 100_000, "{}", zstd.len());
        assert_eq!(Packing::Zstd.unpack(&zstd, 1000).unwrap(), None);
        assert_eq!(Packing::Gzip.unpack(&gzip(&zeros), 1000).unwrap(), None);
    }
}
