//! The bytes of a file, row after row, in constant memory: gzip is seen by its first bytes, a byte order mark is
//! left out, and no row is ever longer in memory than [`MOST_ROW_BYTES`].

use std::{
    io::{self, BufRead, BufReader, Cursor, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;

use super::quotes::{Quotes, ends_line};

/// Longest row, in bytes. What is longer is skipped and rejected as one row.
pub const MOST_ROW_BYTES: usize = 1024 * 1024;

/// Most columns of a row.
const MOST_COLUMNS: usize = 4096;

/// Bytes that a packed file may unpack to, however small it is ...
const MOST_UNPACKED: u64 = 64 * 1024 * 1024;
/// ... and beyond it for each of its own.
const MOST_RATIO: u64 = 100;
/// Most bytes, as a power of two, that a reader of Zstandard keeps.
const WINDOW: u32 = 27;

const BUFFER: usize = 64 * 1024;

/// Bytes that are read again at once: a row that has too many columns is seen soon, however much is held.
const STEP: usize = 1024;

/// A stream of bytes that may be read from another thread.
pub type Bytes = BufReader<Box<dyn Read + Send>>;

/// How the bytes of a file stand for text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, as far as the first bytes say.
    Utf8,
    /// UTF-16, by its byte order mark.
    Utf16,
}

/// Counts what is read of a file, for those who watch.
struct Counting<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Refuses what unpacks to far more than any table does.
struct Bounded<R> {
    inner: R,
    /// Packed bytes that were read.
    packed: Arc<AtomicU64>,
    unpacked: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.unpacked += n as u64;
        let most =
            MOST_UNPACKED.saturating_add(self.packed.load(Ordering::Relaxed).saturating_mul(MOST_RATIO));
        if self.unpacked > most {
            return Err(io::Error::other("it unpacks to far more than any table does"));
        }
        Ok(n)
    }
}

/// The first bytes of a stream, and the stream with them.
fn peek(mut stream: impl Read + Send + 'static, count: usize) -> io::Result<(Vec<u8>, impl Read + Send)> {
    let mut first = Vec::with_capacity(count);
    stream.by_ref().take(count as u64).read_to_end(&mut first)?;
    Ok((first.clone(), Cursor::new(first).chain(stream)))
}

/// Opens a file: its text without a byte order mark, unpacked where it is packed, and the first byte of the text.
///
/// # Errors
/// Those of reading, also of unpacking.
pub fn open(
    file: impl Read + Send + 'static,
    read: Arc<AtomicU64>,
) -> io::Result<(Bytes, Encoding, Option<u8>)> {
    let packed = read.clone();
    let (magic, file) = peek(Counting { inner: BufReader::with_capacity(BUFFER, file), read }, 4)?;
    let text: Box<dyn Read + Send> = match magic.as_slice() {
        [0x1f, 0x8b, ..] => {
            let inner = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file));
            Box::new(Bounded { inner, packed, unpacked: 0 })
        }
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let mut inner = zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(BUFFER, file))?;
            inner.window_log_max(WINDOW)?;
            Box::new(Bounded { inner, packed, unpacked: 0 })
        }
        _ => Box::new(file),
    };
    let (mark, text) = peek(text, 3)?;
    let mut text: Bytes = BufReader::with_capacity(BUFFER, Box::new(text));
    let encoding = match mark.as_slice() {
        [0xef, 0xbb, 0xbf] => {
            text.read_exact(&mut [0; 3])?;
            Encoding::Utf8
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Encoding::Utf16,
        _ => Encoding::Utf8,
    };
    let first = text.fill_buf()?.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    Ok((text, encoding, first))
}

/// What is read at once: a row, or one that is too long to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// A row.
    Whole,
    /// More bytes or columns than a row may have; they are skipped.
    TooLong,
    /// The first line of a row whose quote is not closed as it should be; the line after it is read next.
    Unclosed,
    /// A row with text behind a quote that closes.
    Stray,
}

/// Records of a CSV file.
///
/// A quote that is never closed takes in line after line. So the lines of a record after its first are held, and read
/// again, each as a record of its own, where the record turns out to be none.
pub struct Records {
    core: csv_core::Reader,
    delimiter: u8,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    columns: usize,
    quotes: Quotes,
    /// How many columns a record has, once that is known.
    width: Option<usize>,
    /// What comes before the rest of the input, read up to `at`.
    held: Vec<u8>,
    at: usize,
    /// Where the second line of the record begins in `held`; none of a record of one line.
    second: Option<usize>,
    /// Whether the end of the last line was told.
    ended: bool,
}

impl Records {
    /// Records whose columns stand apart by a delimiter.
    pub fn new(delimiter: u8) -> Self {
        let core = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        Self {
            core,
            delimiter,
            bytes: vec![0; 1024],
            ends: vec![0; 64],
            columns: 0,
            quotes: Quotes::default(),
            width: None,
            held: Vec::new(),
            at: 0,
            second: None,
            ended: false,
        }
    }

    /// Says how many columns a record has.
    pub fn set_width(&mut self, width: usize) {
        self.width = Some(width);
    }

    /// Reads the next record; none at the end.
    ///
    /// # Errors
    /// Those of reading.
    pub fn read(&mut self, input: &mut Bytes) -> io::Result<Option<Extent>> {
        use csv_core::ReadRecordResult::{End, InputEmpty, OutputEndsFull, OutputFull, Record};
        let (mut extent, mut filled, mut begun) = (Extent::Whole, 0, false);
        self.columns = 0;
        self.quotes = Quotes::default();
        self.second = None;
        loop {
            let again = self.at < self.held.len();
            let step = self.held.len().min(self.at + STEP);
            let mut chunk = if again { &self.held[self.at..step] } else { input.fill_buf()? };
            // Behind the last line comes the end of a line first, and only then the end: what has not ended by then is
            // within quotes.
            let last = chunk.is_empty() && !self.ended;
            let unclosed = chunk.is_empty() && self.ended;
            if last {
                (chunk, self.ended) = (b"\n", true);
            }
            let (result, read, written, ended) =
                self.core.read_record(chunk, &mut self.bytes[filled..], &mut self.ends[self.columns..]);
            self.quotes.read(&chunk[..read], self.delimiter);
            let line_end = inner_line_end(&chunk[..read], &mut begun, result == Record);
            if last {
                // Nothing of the file.
            } else if again {
                self.second = self.second.or(line_end.map(|place| self.at + place + 1));
                self.at += read;
            } else if read > 0 {
                self.hold(&input.fill_buf()?[..read], line_end);
                input.consume(read);
            }
            filled += written;
            self.columns += ended;
            if self.second.is_some() && extent == Extent::TooLong {
                return Ok(Some(self.break_off(extent)));
            }
            match result {
                InputEmpty if self.is_beyond() => return Ok(Some(self.break_off(Extent::Unclosed))),
                InputEmpty => {}
                OutputFull if self.bytes.len() < MOST_ROW_BYTES => self.bytes.resize(self.bytes.len() * 2, 0),
                OutputEndsFull if self.ends.len() < MOST_COLUMNS => self.ends.resize(self.ends.len() * 2, 0),
                OutputFull | OutputEndsFull if self.second.is_some() => {
                    return Ok(Some(self.break_off(Extent::Unclosed)));
                }
                OutputFull => (extent, filled) = (Extent::TooLong, 0),
                OutputEndsFull => (extent, self.columns) = (Extent::TooLong, 0),
                Record if extent == Extent::Whole && (unclosed || self.is_no_row()) => {
                    return Ok(Some(self.break_off(Extent::Unclosed)));
                }
                Record => {
                    if extent == Extent::Whole && self.quotes.has_stray {
                        extent = Extent::Stray;
                    } else if extent == Extent::Whole && self.second.is_some() {
                        self.end_lines_alike();
                    }
                    return Ok(Some(extent));
                }
                End => return Ok(None),
            }
        }
    }

    /// Keeps what was read of the input, as far as it is behind the record's first line.
    fn hold(&mut self, read: &[u8], line_end: Option<usize>) {
        let from = match (self.second, line_end) {
            (Some(second), _) => {
                self.held.drain(..second);
                0
            }
            (None, Some(place)) => {
                self.held.clear();
                place + 1
            }
            (None, None) => return,
        };
        self.second = Some(0);
        self.held.extend_from_slice(read.get(from..).unwrap_or_default());
        self.at = self.held.len();
    }

    /// Ends the record with its first line: what was read beyond it is read again.
    fn break_off(&mut self, extent: Extent) -> Extent {
        self.at = self.second.take().unwrap_or(self.at);
        self.ended = false;
        self.core.reset();
        extent
    }

    /// Whether the record, which has not ended yet, has lines and more in them than a row may have.
    fn is_beyond(&self) -> bool {
        self.second.is_some_and(|second| {
            self.at - second > MOST_ROW_BYTES || self.width.is_some_and(|width| self.columns > width)
        })
    }

    /// Whether the lines that the record has make up no row.
    fn is_no_row(&self) -> bool {
        let is_uneven = || self.width.is_some_and(|width| self.columns != width);
        self.second.is_some() && (self.quotes.has_stray_below || is_uneven())
    }

    /// Ends the lines within columns with a line feed alone: files of Windows have a carriage return before it.
    fn end_lines_alike(&mut self) {
        let (mut from, mut to) = (0, 0);
        for end in self.ends.iter_mut().take(self.columns) {
            while from < *end {
                let is_first_of_two = from + 1 < *end && self.bytes[from..].starts_with(b"\r\n");
                if !is_first_of_two {
                    self.bytes[to] = self.bytes[from];
                    to += 1;
                }
                from += 1;
            }
            *end = to;
        }
    }

    /// How many columns the record has.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The columns of the record.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(self.ends.iter().copied())
            .take(self.columns)
            .map(|(start, end)| self.bytes.get(start..end).unwrap_or_default())
    }
}

/// The first end of a line within a record: neither before it, where lines are empty, nor the one that ends it.
fn inner_line_end(read: &[u8], begun: &mut bool, ended: bool) -> Option<usize> {
    let first = read.iter().position(|byte| *begun || !ends_line(*byte))?;
    *begun = true;
    let inner = read.get(first..read.len() - usize::from(ended))?;
    inner.iter().position(|byte| ends_line(*byte)).map(|place| first + place)
}

/// Reads the next line into `line`, without its end; none at the end of the file.
///
/// # Errors
/// Those of reading.
pub fn read_line(input: &mut Bytes, line: &mut Vec<u8>) -> io::Result<Option<Extent>> {
    let most = MOST_ROW_BYTES as u64;
    line.clear();
    if input.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    let mut extent = Extent::Whole;
    while line.last() != Some(&b'\n') && line.len() == MOST_ROW_BYTES {
        extent = Extent::TooLong;
        line.clear();
        input.by_ref().take(most).read_until(b'\n', line)?;
    }
    Ok(Some(extent))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    fn opened(bytes: Vec<u8>) -> (Bytes, Encoding, Option<u8>) {
        open(Cursor::new(bytes), Arc::default()).unwrap()
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn records(bytes: Vec<u8>) -> Vec<Vec<String>> {
        let (mut input, ..) = opened(bytes);
        let mut records = Records::new(b',');
        let mut read = Vec::new();
        while let Some(extent) = records.read(&mut input).unwrap() {
            let row: Vec<String> = match extent {
                Extent::Whole => records.fields().map(|f| String::from_utf8_lossy(f).into_owned()).collect(),
                Extent::TooLong => vec!["too long".to_owned()],
                Extent::Unclosed => vec!["unclosed".to_owned()],
                Extent::Stray => vec!["stray".to_owned()],
            };
            read.push(row);
            records.set_width(read[0].len());
        }
        read
    }

    #[test]
    fn marks_packing_and_ends_of_lines_make_no_difference() {
        let plain = b"code,field\r\nA,\"x, \"\"y\"\"\nz\"\r\n\r\nB,\r\n".to_vec();
        let want = vec![vec!["code", "field"], vec!["A", "x, \"y\"\nz"], vec!["B", ""]];
        let marked = [b"\xef\xbb\xbf".to_vec(), plain.clone()].concat();
        let twice = [packed(&plain[..12]), packed(&plain[12..])].concat();
        for bytes in [plain.clone(), marked.clone(), packed(&plain), packed(&marked), twice] {
            assert_eq!(records(bytes), want);
        }
    }

    #[test]
    fn lines_within_a_column_end_alike() {
        let file = b"a,b,c\r\n1,\"x\r\ny\r\n\",\"\r\n\"\r\n\"\r\n2\",\"\r\r\n\",\"z\r\"\r\n".to_vec();
        let want = [["a", "b", "c"], ["1", "x\ny\n", "\n"], ["\n2", "\r\n", "z\r"]];
        assert_eq!(records(file), want);
    }

    #[test]
    fn text_behind_a_quote_costs_its_own_row_alone() {
        let file = b"a,b\n\"1\"x,y\n2,\"x\" y\n\"3\"x,\"y\nz\"\n4,y\n5,\"x\n6,\" y\"\n".to_vec();
        let want: [&[&str]; 7] =
            [&["a", "b"], &["stray"], &["stray"], &["stray"], &["4", "y"], &["unclosed"], &["6", " y"]];
        assert_eq!(records(file), want);
    }

    #[test]
    fn a_quote_that_is_not_closed_costs_its_own_line_alone() {
        let bad = || vec!["unclosed".to_owned()];
        let good = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let (head, whole) = (good("a", "b"), good("1", "x\n\"y\",\nz"));
        let well = "1,\"x\n\"\"y\"\",\nz\"\n";
        for (end, rows) in [
            // At the end of the file, with an end of its line and without; as the last column and before it.
            ("2,\"x\n3,y\n", vec![bad(), good("3", "y")]),
            ("2,\"x\r\n3,y\r\n\r\n4,z", vec![bad(), good("3", "y"), good("4", "z")]),
            ("3,y\n2,\"x", vec![good("3", "y"), bad()]),
            ("3,y\n\"2,x\n", vec![good("3", "y"), bad()]),
            // What closes it is the next quote, of whatever line.
            ("2,\"x\n3,y\n4,\"z\"\n", vec![bad(), good("3", "y"), good("4", "z")]),
            ("\"2,x\n3,y\n\"4,z\n5,v\n", vec![bad(), good("3", "y"), bad(), good("5", "v")]),
            ("2,\"x\n3,y\n1,\"x\n\"\"y\"\",\nz\"\n", vec![bad(), good("3", "y"), whole.clone()]),
        ] {
            let want = [vec![head.clone(), whole.clone()], rows].concat();
            assert_eq!(records(format!("a,b\n{well}{end}").into_bytes()), want, "{end:?}");
        }
    }

    #[test]
    fn no_more_is_held_than_a_row_may_have() {
        let lines: String = (0..400_000).map(|n| format!("{n},y\n")).collect();
        let csv = format!("a,b\n1,\"x\n{lines}2,\"x\n{lines}");
        assert!(lines.len() > 3 * MOST_ROW_BYTES);
        let (mut input, ..) = opened(csv.into_bytes());
        let mut records = Records::new(b',');
        let (mut whole, mut unclosed) = (0, Vec::new());
        while let Some(extent) = records.read(&mut input).unwrap() {
            records.set_width(2);
            match extent {
                Extent::Whole => whole += 1,
                _ => unclosed.push((extent, whole)),
            }
            assert!(records.held.len() <= MOST_ROW_BYTES + 2 * BUFFER, "{}", records.held.len());
        }
        assert_eq!((whole, unclosed), (800_001, vec![(Extent::Unclosed, 1), (Extent::Unclosed, 400_001)]));
    }

    #[test]
    fn utf_16_is_seen_and_an_empty_file_has_no_first_byte() {
        assert_eq!(opened(b"\xff\xfec\0".to_vec()).1, Encoding::Utf16);
        assert_eq!(opened(b"\xef\xbb\xbf".to_vec()).2, None);
        assert_eq!(opened(b"\n {".to_vec()).2, Some(b'{'));
    }

    #[test]
    fn what_is_too_long_is_skipped_and_the_next_row_is_whole() {
        let huge = "x".repeat(MOST_ROW_BYTES * 3);
        let wide = ",".repeat(MOST_COLUMNS * 2);
        let csv = format!("a\n{huge}\nb\n{wide}\nc\n");
        assert_eq!(records(csv.into_bytes()), [["a"], ["too long"], ["b"], ["too long"], ["c"]]);
        let (mut input, ..) = opened(format!("a\n{huge}\nb").into_bytes());
        let mut line = Vec::new();
        let mut read = Vec::new();
        while let Some(extent) = read_line(&mut input, &mut line).unwrap() {
            read.push((extent, line.len()));
        }
        assert_eq!((read[0], read[2]), ((Extent::Whole, 2), (Extent::Whole, 1)));
        assert_eq!((read[1].0, read.len()), (Extent::TooLong, 3));
    }

    #[test]
    fn a_file_cut_off_in_its_packing_is_an_error() {
        let mut bytes = packed("code\n".repeat(100_000).as_bytes());
        bytes.truncate(bytes.len() / 2);
        let (mut input, ..) = opened(bytes);
        let mut records = Records::new(b',');
        let end = loop {
            match records.read(&mut input) {
                Ok(Some(_)) => {}
                other => break other,
            }
        };
        assert!(end.is_err());
    }
}
