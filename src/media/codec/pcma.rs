//! A-law (ITU-T G.711 table 1a): 13 bits in, 8 out, even bits inverted.

pub(super) const fn encode(sample: i16) -> u8 {
    // The lowest four bits never matter: 4096 rows do for 65 536 samples.
    ENCODED[((sample >> 4) + 2048) as usize]
}

pub(super) const fn decode(octet: u8) -> i16 {
    DECODED[octet as usize]
}

const fn compress(row: usize) -> u8 {
    let value = row as i16 - 2048;
    let (sign, magnitude) = if value < 0 { (0x00, !value) } else { (0x80, value) };
    let segment = if magnitude < 16 { 0 } else { 12 - (magnitude as u16).leading_zeros() as i16 };
    let code = if segment == 0 {
        magnitude
    } else {
        (segment << 4) | ((magnitude >> (segment - 1)) & 0x0F)
    };
    (code as u8 | sign) ^ EVEN_BITS
}

const fn expand(octet: u8) -> i16 {
    let code = octet ^ EVEN_BITS;
    let (segment, step) = ((code >> 4) & 7, (code & 0x0F) as i16);
    let magnitude = match segment {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (segment - 1),
    };
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

static ENCODED: [u8; 4096] = {
    let mut table = [0; 4096];
    let mut row = 0;
    while row < 4096 {
        table[row] = compress(row);
        row += 1;
    }
    table
};

static DECODED: [i16; 256] = {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = expand(octet as u8);
        octet += 1;
    }
    table
};

const EVEN_BITS: u8 = 0x55;

#[cfg(test)]
mod tests {
    use super::*;

    /// The algorithm as published by Sun Microsystems in g711.c: search the segment
    /// whose end is not below the value.
    fn reference(sample: i16) -> u8 {
        let mut value = sample >> 3;
        let mask = if value >= 0 { 0xD5 } else { 0x55 };
        if value < 0 {
            value = -value - 1;
        }
        let ends = [0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF];
        let segment = ends.iter().position(|end| value <= *end).unwrap();
        let shift = if segment < 2 { 1 } else { segment };
        ((segment as u8) << 4 | ((value >> shift) as u8 & 0x0F)) ^ mask
    }

    #[test]
    fn every_sample_encodes_as_the_reference_does() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(encode(sample), reference(sample), "{sample}");
        }
    }

    #[test]
    fn every_octet_decodes_to_the_middle_of_what_encodes_to_it() {
        for octet in 0..=255 {
            let all = (i16::MIN..=i16::MAX).filter(|sample| reference(*sample) == octet);
            let (low, high) = all.fold((i32::MAX, i32::MIN), |(low, high), sample| {
                (low.min(sample.into()), high.max(sample.into()))
            });
            assert!((2 * i32::from(decode(octet)) - low - high).abs() <= 1, "{octet}");
        }
    }
}
