//! An enum and the words it is stored and sent as: one table, both ways.

macro_rules! words {
    ($kind:ident, $what:literal, $($variant:ident = $word:literal,)+) => {
        impl $kind {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $kind {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!(concat!("{:?} is not ", $what), text)),
                }
            }
        }
    };
}
pub(crate) use words;
