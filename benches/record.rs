//! Discharges into the record, and due tasks out of it, against bare transactions of the
//! same database: a private one, in a folder of its own, with fsync on.
#![expect(clippy::unwrap_used, reason = "what a bench needs and does not get ends it")]

use std::path::Path;

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use suifang::{
    app::{App, Dialler, Hub, RunAction},
    base::UserId,
    config::Config,
    domain::{Calendar, CallingPolicy},
    engine::{Clock, SystemClock, load_library, new_run, open_database},
    store::{Departments, Principal},
};

#[tokio::main]
async fn main() {
    let folder = std::env::temp_dir().join(format!("suifang-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut config = Config::parse("", "bench").unwrap();
    config.paths.data = folder.join("data");
    config.hospital.training = true;
    let (postgres, database) = open_database(&config).await.unwrap();
    let app = App::new(database, Hub::default());
    let commit_s = bare_transactions(&config.paths.data).await;
    println!("{:<44} {:>12.0} transactions/s", "a bare insert, committed", 1.0 / commit_s);
    measure(&app, &config, commit_s).await;
    app.database().close().await;
    if let Some(postgres) = postgres {
        postgres.stop().await;
    }
    let _ = std::fs::remove_dir_all(&folder);
}

async fn measure(app: &App, config: &Config, commit_s: f64) {
    let clock = SystemClock;
    let by = Principal::Person {
        user: UserId::from_uuid(uuid::Uuid::nil()),
        login: "bench".to_owned(),
        departments: Departments::All,
    };
    let at = clock.wall();
    let calendar = Calendar::always(config.hospital.timezone);
    let began = clock.instant();
    let done =
        app.import_csv(&by, "bench.csv", csv().as_bytes(), &calendar, "0592", at).await.unwrap();
    let import_s = (clock.instant() - began).as_secs_f64() / f64::from(ROWS);
    tell("import, checked and stored", 1.0 / import_s, "rows/s", import_s / commit_s);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = load_library(&root.join("dialplans")).unwrap();
    let new = new_run(&library, true, "bench", "rate", None, None, Some(done.import)).unwrap();
    let (run, tasks) = app.create_run(&by, &new, at).await.unwrap();
    app.change_run(&by, run, RunAction::Start, None, at).await.unwrap();
    let dialler = Dialler {
        node: "bench".to_owned(),
        epoch: app.begin_epoch("bench", at).await.unwrap(),
        policy: CallingPolicy::default(),
        calendar: Calendar::always(config.hospital.timezone),
        allow: None,
    };
    for at_once in [1, 20] {
        let (mut claimed, began) = (0, clock.instant());
        while claimed < tasks as usize / 4 {
            let claims = app.claim_due(&dialler, run, "sim", at_once, clock.wall()).await.unwrap();
            assert!(!claims.is_empty(), "nothing is due any more");
            claimed += claims.len();
        }
        let claim_s = (clock.instant() - began).as_secs_f64() / claimed as f64;
        let what = format!("claim of due tasks, {at_once} at once");
        tell(&what, 1.0 / claim_s, "claims/s", claim_s / commit_s);
    }
}

fn tell(what: &str, rate: f64, unit: &str, ratio: f64) {
    println!("{what:<44} {rate:>12.0} {unit:<12} {ratio:>7.2} × a bare insert");
}

/// Seconds for one row in one transaction, committed to the disk.
async fn bare_transactions(data: &Path) -> f64 {
    let pid = std::fs::read_to_string(data.join("postgres/postmaster.pid")).unwrap();
    let options = PgConnectOptions::new_without_pgpass().socket(pid.lines().nth(4).unwrap());
    let options = options.username("suifang_owner").database("suifang");
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("create table yardstick (n bigint primary key, text text not null)")
        .execute(&mut connection)
        .await
        .unwrap();
    let clock = SystemClock;
    let began = clock.instant();
    for n in 0..ROWS {
        sqlx::query("insert into yardstick values ($1, $2)")
            .bind(i64::from(n))
            .bind("a row as wide as a name and a number")
            .execute(&mut connection)
            .await
            .unwrap();
    }
    (clock.instant() - began).as_secs_f64() / f64::from(ROWS)
}

fn csv() -> String {
    let mut csv = "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话\n".to_owned();
    for n in 0..ROWS {
        csv += &format!("张{n},女,1952-08-15,B{n:06},心内科,2026-01-05,138{n:08}\n");
    }
    csv
}

const ROWS: u32 = 2000;
