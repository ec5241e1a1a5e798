//! Postgres. The only module that says `sqlx`. One file a noun.
#![deny(clippy::disallowed_methods)]

pub mod account;
pub mod admission;
pub mod agent;
pub mod alert;
pub mod announcement;
pub mod allocation;
pub mod answer;
pub mod api_token;
pub mod appointment;
pub mod article;
pub mod assessment;
pub mod attempt;
pub mod beside;
pub mod audit;
pub mod backup;
pub mod blocklist;
pub mod call;
pub mod call_history;
pub mod cohort;
pub mod column_mapping;
pub mod complaint;
pub mod contact;
pub mod course;
pub mod decision;
pub mod dictionary;
pub mod door;
pub mod draft;
pub mod due;
pub mod duty_call;
pub mod enquiry;
pub mod event;
pub mod export;
pub mod fhir;
pub mod hospital_message;
pub mod import;
pub mod indicator;
pub mod interface_run;
pub mod merge;
pub mod node;
pub mod opinion;
pub mod past_follow_up;
pub mod patient;
pub mod pdca;
pub mod person;
pub mod person_rights;
pub mod plan;
pub mod policy;
pub mod prompt;
pub mod proof;
pub mod queue;
pub mod quality;
pub mod recall;
pub mod recording;
pub mod recording_hold;
pub mod ring_test;
pub mod role;
pub mod roster;
pub mod rollup;
pub mod run;
pub mod sample;
pub mod second_factor;
pub mod series;
pub mod sip_message;
pub mod source;
pub mod statistics;
pub mod stop;
pub mod task;
pub mod told;
pub mod voicemail;

use std::{path::PathBuf, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use crate::base::{Pii, UserId};

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Target {
    /// One that the hospital runs: a role that may create roles and tables.
    Url(Pii<String>),
    /// Ours, on a unix socket in this folder.
    Socket { folder: PathBuf, database: String },
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{}", told(.0))]
    Database(sqlx::Error),
    #[error("the database's migrations failed: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Somebody asked for more than one answer may cost.
    #[error("the query takes too long")]
    TooSlow,
    /// A text or number that no column can hold: U+0000, a year 12000.
    #[error("a value that cannot be kept")]
    Value,
    /// A rule that the database holds by this name.
    #[error("breaks the rule {0}")]
    Rule(String),
}

/// The class of SQLSTATE (PostgreSQL, appendix A).
const DATA_EXCEPTION: &str = "22";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(answer) = error.as_database_error() else { return Self::Database(error) };
        if let Some(rule) = answer.constraint() {
            return Self::Rule(rule.to_owned());
        }
        match answer.code() {
            Some(code) if code.starts_with(DATA_EXCEPTION) => Self::Value,
            _ => Self::Database(error),
        }
    }
}

/// The server quotes values in what it says of wrong data (classes 22 and 23): those are
/// told by their code.
fn told(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(|error| error.code());
    match code.filter(|code| code.starts_with("22") || code.starts_with("23")) {
        Some(code) => format!("wrong data (SQLSTATE {code})"),
        None => error.to_string(),
    }
}

/// Too much was asked for; that is no fault of the database.
fn slow(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some("57014") => StoreError::TooSlow,
        _ => error.into(),
    }
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// On whose behalf rows are read and written.
#[derive(Clone, Debug)]
pub enum Principal {
    /// The server itself; the reason stands in the audit.
    System(&'static str),
    Person {
        user: UserId,
        login: String,
        departments: Departments,
    },
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Departments {
    All,
    Some(Vec<Uuid>),
}

impl Principal {
    pub fn name(&self) -> &str {
        match self {
            Self::System(reason) => reason,
            Self::Person { login, .. } => login,
        }
    }

    /// Of a person; the server itself has none.
    fn login(&self) -> Option<&str> {
        match self {
            Self::System(_) => None,
            Self::Person { login, .. } => Some(login),
        }
    }

    fn departments(&self) -> String {
        match self {
            Self::System(_) | Self::Person { departments: Departments::All, .. } => "*".to_owned(),
            Self::Person { departments: Departments::Some(ids), .. } => {
                ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
            }
        }
    }
}

#[derive(Clone, Debug)]
pub struct Database {
    pool: PgPool,
}

impl Database {
    /// Brings the schema up to date as `suifang_owner`, then works as `suifang_app`.
    pub async fn open(target: &Target) -> Result<Self> {
        let mut owner = PgConnection::connect_with(&target.options(OWNER)?).await?;
        prepare_roles(&mut owner, target).await?;
        let migrated = MIGRATIONS.run(&mut owner).await;
        owner.close().await?;
        migrated?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_WAIT)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::query("set role suifang_app").execute(connection).await.map(drop)
                })
            })
            .connect_with(target.options(APP)?)
            .await?;
        Ok(Self { pool })
    }

    /// Makes a database ready for a restore: its roles. Answers whether it holds no table.
    pub async fn is_empty(target: &Target) -> Result<bool> {
        let mut owner = PgConnection::connect_with(&target.options(OWNER)?).await?;
        prepare_roles(&mut owner, target).await?;
        let tables = sqlx::query_scalar!(
            r#"select count(*) as "count!" from pg_class
             where relkind = 'r' and relnamespace = 'public'::regnamespace"#
        )
        .fetch_one(&mut owner)
        .await?;
        owner.close().await?;
        Ok(tables == 0)
    }

    /// A transaction that sees what `principal` may see. Dropped without
    /// [`Scope::commit`], it leaves nothing behind.
    pub async fn scope(&self, principal: &Principal) -> Result<Scope> {
        Self::opened(self.pool.begin().await?, principal).await
    }

    /// A transaction in which time stands still, for a backup: it only reads.
    pub async fn snapshot(&self, principal: &Principal) -> Result<Scope> {
        let begin = "begin isolation level repeatable read read only";
        Self::opened(self.pool.begin_with(begin).await?, principal).await
    }

    /// The last migration that this binary knows.
    pub fn schema_version() -> i64 {
        MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
    }

    async fn opened(
        mut tx: Transaction<'static, Postgres>,
        principal: &Principal,
    ) -> Result<Scope> {
        // Who sees own patients only is known by the record, and by the hospital's names.
        sqlx::query!(
            "select set_config('suifang.departments', $1, true) as departments,
                 set_config('suifang.login', coalesce($2, ''), true) as login,
                 set_config('suifang.own', coalesce((select concat_ws(E'\\n', login, display_name,
                     staff_no) from account where login = $2 and own_patients_only), ''), true) as own",
            principal.departments(),
            principal.login()
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(Scope { tx })
    }

    /// Can a row be written? (`/readyz`.) The write is rolled back.
    pub async fn is_writable(&self) -> bool {
        let Ok(mut scope) = self.scope(&Principal::System("health")).await else { return false };
        sqlx::query!("select txid_current() as id").fetch_one(scope.connection()).await.is_ok()
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[derive(Debug)]
pub struct Scope {
    tx: Transaction<'static, Postgres>,
}

impl Scope {
    pub async fn commit(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }

    /// Does not wait for the disk. It is there before anything that is committed after it, and
    /// within a second; until then a crash of the database (none of ours) undoes it. For what
    /// promises nothing by itself.
    pub async fn commit_soon(mut self) -> Result<()> {
        sqlx::query!("set local synchronous_commit to off").execute(self.connection()).await?;
        self.commit().await
    }

    fn connection(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}

impl Target {
    fn options(&self, role: &str) -> Result<PgConnectOptions> {
        let options = match self {
            Self::Url(url) => PgConnectOptions::from_str(url.reveal())?,
            Self::Socket { folder, database } => PgConnectOptions::new_without_pgpass()
                .socket(folder)
                .username(role)
                .database(database),
        };
        // Compiling a short query costs a hundred times what it takes.
        let options = options.options([("jit", "off")]);
        // A statement's text in a log is noise; its values must never be there.
        Ok(options.application_name("suifang").disable_statement_logging())
    }
}

/// A hospital's own database has one role for us; it must be able to become the other.
async fn prepare_roles(owner: &mut PgConnection, target: &Target) -> Result<()> {
    if matches!(target, Target::Socket { .. }) {
        return Ok(());
    }
    sqlx::raw_sql(
        "do $$ begin
             create role suifang_app nologin;
         exception when duplicate_object or unique_violation then null; end $$;
         do $$ begin
             execute format('grant suifang_app to %I', current_user);
         exception when others then null; end $$;",
    )
    .execute(owner)
    .await?;
    Ok(())
}

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

const OWNER: &str = "suifang_owner";
const APP: &str = "suifang_app";

/// Each live call holds none for longer than one short write; the page needs a few.
const CONNECTIONS_MAX: u32 = 20;

/// A write that waits longer tells of a database in trouble; calls then end politely.
const ACQUIRE_WAIT: Duration = Duration::from_secs(10);
