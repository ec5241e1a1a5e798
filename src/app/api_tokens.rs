//! Tokens of the hospital's systems: made, shown once, taken back.

use chrono::{DateTime, Utc};
use rand::RngCore;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{App, AppError, Change, Result, note};
use crate::{
    base::{ImportId, Pii},
    store::{Principal, Scope, api_token, door},
};

/// What a token lets its holder do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenUse<'a> {
    /// Bring discharges to this door.
    Door(&'a str),
    /// Read follow-ups of any patient.
    Read,
}

/// Whoever showed a good token.
#[derive(Clone, Debug)]
pub struct TokenHolder {
    pub token: Uuid,
    pub name: String,
}

impl App {
    /// The token itself; it is shown this once.
    ///
    /// # Errors
    /// When there is no such door, or no name.
    pub async fn make_token(
        &self,
        by: &Principal,
        name: &str,
        wanted: TokenUse<'_>,
        at: DateTime<Utc>,
    ) -> Result<(Uuid, Pii<String>)> {
        let mut secret = [0_u8; 32];
        rand::rng().fill_bytes(&mut secret);
        let token = secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let id = *ImportId::new(at).as_uuid();
        let (scope_word, door) = match wanted {
            TokenUse::Door(door) => ("door", Some(door)),
            TokenUse::Read => ("read", None),
        };
        let mut scope = self.scope(by).await?;
        if let Some(door) = door {
            door::find(&mut scope, door).await?.ok_or(AppError::NotFound("door"))?;
        }
        let new =
            api_token::New { id, name, scope: scope_word, door, token_sha256: &hashed(&token) };
        api_token::insert(&mut scope, &new, by.name(), at).await?;
        note_token(&mut scope, by, "made", id, at).await?;
        self.commit(scope).await?;
        Ok((id, Pii::new(token)))
    }

    /// # Errors
    /// When there is no such token that is good.
    pub async fn revoke_token(&self, by: &Principal, id: Uuid, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if !api_token::revoke(&mut scope, id, by.name(), at).await? {
            return Err(AppError::NotFound("token"));
        }
        note_token(&mut scope, by, "revoked", id, at).await?;
        self.commit(scope).await
    }

    /// Who shows this token for this use; `None`: nobody that may.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn token_holder(
        &self,
        token: &str,
        wanted: TokenUse<'_>,
        at: DateTime<Utc>,
    ) -> Result<Option<TokenHolder>> {
        let mut scope = self.scope(&Principal::System("token")).await?;
        let known = api_token::used(&mut scope, &hashed(token), at).await?;
        let fits = |known: &api_token::Known| match (known.scope.as_str(), known.door.as_deref()) {
            ("door", Some(door)) => wanted == TokenUse::Door(door),
            ("read", None) => wanted == TokenUse::Read,
            _ => false,
        };
        let Some(known) = known.filter(fits) else { return Ok(None) };
        self.commit(scope).await?;
        Ok(Some(TokenHolder { token: known.token_id, name: known.name }))
    }
}

async fn note_token(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "api_token",
        subject_id: id.to_string(),
        reason: None,
        department: None,
        body: json!({ "token_id": id }),
    };
    note(scope, by, &change, at).await
}

/// 256 bits of chance need no salt and no slow hash.
fn hashed(token: &str) -> String {
    format!("{:x}", Sha256::digest(token))
}
