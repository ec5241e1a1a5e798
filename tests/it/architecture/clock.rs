//! Time is an argument, for SQL too: a string in the source that asks the database's clock
//! would run past the manual clock of a test and past the simulator's.

use proc_macro2::{Literal, TokenStream, TokenTree};

use super::Source;

pub(super) fn sql_asks_no_clock(source: &Source) -> Vec<(usize, String)> {
    let tokens: TokenStream = source.text.parse().expect("syn has parsed it before");
    let mut strings = Vec::new();
    collect(tokens, &mut strings);
    strings.iter().filter_map(breach).collect()
}

fn collect(tokens: TokenStream, strings: &mut Vec<Literal>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), strings),
            TokenTree::Literal(literal) => strings.push(literal),
            _ => {}
        }
    }
}

fn breach(literal: &Literal) -> Option<(usize, String)> {
    let text = literal.to_string().to_ascii_lowercase();
    if !text.contains('"') || !SQL_VERBS.iter().any(|verb| text.contains(verb)) {
        return None;
    }
    let (line, clock) = text.lines().enumerate().find_map(|(line, text)| {
        let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        let clock = CLOCKS.iter().find(|clock| text.contains(*clock))?;
        Some((line, *clock))
    })?;
    Some((literal.span().start().line + line, format!("SQL reads the clock by `{clock}`")))
}

const SQL_VERBS: &[&str] = &["select", "insert", "update", "delete", "values"];

const CLOCKS: &[&str] = &[
    "now(",
    "clock_timestamp(",
    "statement_timestamp(",
    "transaction_timestamp(",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtimestamp",
];
