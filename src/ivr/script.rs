//! A dialplan run offline against typed keys and silences.

#[derive(Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ScriptError {
    pub line: usize,
    pub what: String,
}

pub fn run_script() -> Result<String, ScriptError> {
    Ok(String::new())
}
