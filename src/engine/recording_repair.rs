//! Mends a recording whose writer was killed: the sizes in its header are those of the
//! last flush, what lies behind is sound too.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::media::RATE;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Repaired {
    /// It was whole.
    Whole {
        duration_ms: u64,
    },
    Mended {
        duration_ms: u64,
    },
    /// It held nothing, and is gone.
    Removed,
}

#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    #[error("not a recording of ours")]
    Foreign,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// For a file that nobody writes to.
pub fn repair(path: &Path) -> Result<Repaired, RepairError> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let mut header = [0; HEADER_MAX];
    let read = read_up_to(&mut file, &mut header)?;
    let header = &header[..read];
    let Some(start) = data_start(header)? else { return remove(path) };
    let whole = (length - start as u64) / BLOCK * BLOCK;
    if whole == 0 {
        return remove(path);
    }
    let duration_ms = whole / BLOCK * 1000 / u64::from(RATE);
    let riff = u32::try_from(start as u64 + whole - 8).unwrap_or(u32::MAX).to_le_bytes();
    let data = u32::try_from(whole).unwrap_or(u32::MAX).to_le_bytes();
    let is_whole =
        header[4..8] == riff && header[start - 4..start] == data && length == start as u64 + whole;
    if is_whole {
        return Ok(Repaired::Whole { duration_ms });
    }
    file.set_len(start as u64 + whole)?;
    file.seek(SeekFrom::Start(4))?;
    file.write_all(&riff)?;
    file.seek(SeekFrom::Start(start as u64 - 4))?;
    file.write_all(&data)?;
    file.sync_all()?;
    Ok(Repaired::Mended { duration_ms })
}

/// Of the whole file, read piece by piece: a recording may be larger than memory.
pub(super) fn file_sha256(path: &Path) -> io::Result<String> {
    let (mut file, mut sum) = (File::open(path)?, Sha256::new());
    io::copy(&mut file, &mut sum)?;
    Ok(format!("{:x}", sum.finalize()))
}

/// Where the samples begin; `None` if the file ends before they do.
fn data_start(header: &[u8]) -> Result<Option<usize>, RepairError> {
    let has = |at: usize, tag: &[u8]| header.len() < at + tag.len() || &header[at..at + 4] == tag;
    if !has(0, b"RIFF") || !has(8, b"WAVE") {
        return Err(RepairError::Foreign);
    }
    let mut at = 12;
    while let Some(&[a, b, c, d, s0, s1, s2, s3]) =
        header.get(at..).and_then(|rest| rest.first_chunk::<8>())
    {
        if [a, b, c, d] == *b"data" {
            return Ok(Some(at + 8));
        }
        let size = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
        at = at.saturating_add(8).saturating_add(size);
    }
    if header.len() == HEADER_MAX { Err(RepairError::Foreign) } else { Ok(None) }
}

fn remove(path: &Path) -> Result<Repaired, RepairError> {
    fs::remove_file(path)?;
    Ok(Repaired::Removed)
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read(&mut buffer[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

/// hound writes 44 or 68 bytes of header.
const HEADER_MAX: usize = 256;
/// Two channels of 16 bits.
const BLOCK: u64 = 4;
