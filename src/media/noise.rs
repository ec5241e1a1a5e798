//! Repeatable noise and something like a voice, for tests.

pub(super) struct Noise(u64);

impl Noise {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) const fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) const fn below(&mut self, limit: u64) -> u64 {
        (self.bits() >> 11) % limit
    }

    /// Even between −1 and 1.
    pub(super) const fn next(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

/// A glottal pulse through three wandering formants, in syllables with breath between.
pub(super) fn speech(seed: u64, seconds: usize) -> Vec<i16> {
    let mut noise = Noise::new(seed);
    let mut samples = Vec::with_capacity(seconds * 8000);
    let mut pulse = 0.0;
    let mut memory = [[0.0_f32; 2]; 3];
    while samples.len() < seconds * 8000 {
        let length = 800 + noise.below(2400) as usize;
        let pitch = 90.0 + noise.below(200) as f32;
        let glide = noise.next() * 40.0;
        let is_voiced = noise.below(5) > 0;
        let loudness = if noise.below(6) == 0 { 0.0 } else { 600.0 + noise.below(2500) as f32 };
        let formants = [
            250.0 + noise.below(700) as f32,
            800.0 + noise.below(1600) as f32,
            2300.0 + noise.below(1000) as f32,
        ];
        for n in 0..length {
            let part = n as f32 / length as f32;
            pulse += (pitch + glide * part) / 8000.0;
            let mut source = 0.1 * noise.next();
            if pulse >= 1.0 {
                pulse -= 1.0;
                source += if is_voiced { 4.0 } else { 0.0 };
            }
            if !is_voiced {
                source += noise.next();
            }
            let mut sum = 0.0;
            for (formant, [last, before]) in formants.iter().zip(&mut memory) {
                let radius = 0.97;
                let turn = 2.0 * radius * (std::f32::consts::TAU * formant / 8000.0).cos();
                let out = source + turn * *last - radius * radius * *before;
                (*last, *before) = (out, *last);
                sum += out;
            }
            let envelope = (std::f32::consts::PI * part).sin();
            samples.push((sum * loudness * envelope * 0.2).clamp(-32_000.0, 32_000.0) as i16);
        }
    }
    samples
}
