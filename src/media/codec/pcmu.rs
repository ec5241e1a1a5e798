//! µ-law (ITU-T G.711 table 2a): 14 bits in, 8 out, all bits inverted.

pub(super) const fn encode(sample: i16) -> u8 {
    // The lowest two bits never matter.
    ENCODED[((sample >> 2) as i32 + 8192) as usize]
}

pub(super) const fn decode(octet: u8) -> i16 {
    DECODED[octet as usize]
}

const fn compress(row: usize) -> u8 {
    let value = row as i16 - 8192;
    let (sign, magnitude) = if value < 0 { (0x7F, -value) } else { (0xFF, value) };
    // With its bias of 33 the largest just fits into 13 bits.
    let clipped = if magnitude > 8158 { 8158 } else { magnitude };
    let biased = (clipped + 33) as u16;
    let segment = 10 - biased.leading_zeros() as u16;
    let code = (segment << 4) | ((biased >> (segment + 1)) & 0x0F);
    code as u8 ^ sign
}

const fn expand(octet: u8) -> i16 {
    let code = !octet;
    let (segment, step) = ((code >> 4) & 7, (code & 0x0F) as i16);
    let magnitude = (((step << 3) + 0x84) << segment) - 0x84;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

static ENCODED: [u8; 16_384] = {
    let mut table = [0; 16_384];
    let mut row = 0;
    while row < 16_384 {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The algorithm as published by Sun Microsystems in g711.c.
    fn reference(sample: i16) -> u8 {
        let mut value = sample >> 2;
        let mask = if value < 0 { 0x7F } else { 0xFF };
        value = value.abs().min(8159) + (0x84 >> 2);
        let ends = [0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF, 0x1FFF];
        let Some(segment) = ends.iter().position(|end| value <= *end) else { return 0x7F ^ mask };
        ((segment as u8) << 4 | ((value >> (segment + 1)) as u8 & 0x0F)) ^ mask
    }

    #[test]
    fn every_sample_encodes_as_the_reference_does() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(encode(sample), reference(sample), "{sample}");
        }
    }

    #[test]
    fn octets_decode_to_the_values_of_the_table() {
        for (octet, expected) in [
            (0x00, -32_124),
            (0x80, 32_124),
            (0xFF, 0),
            (0x7F, 0),
            (0xFE, 8),
            (0xF0, 120),
            (0xEF, 132),
            (0x8F, 16_764),
        ] {
            assert_eq!(decode(octet), expected, "{octet:#04x}");
        }
    }
}
