//! `carrier` and `demo`: a telephone world of our own.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use suifang::{
    app::{NewUser, RunAction},
    base::Pii,
    config::{Config, Log},
    domain::Calendar,
    engine::{Clock, Core, Server, SystemClock, new_run, serve_control},
    sim::{Carrier, Hospital, Mix, Truth, compare},
    store::Principal,
};

use super::{
    Failure, args,
    content::person,
    serve::start_log,
    setting::{self, Record},
};

pub(super) fn carrier(config: Option<&Path>, command: args::Carrier) -> Result<(), Failure> {
    match command {
        args::Carrier::Run { truth } => {
            start_log(&Log::default())?;
            let truth = read_truth(&truth)?;
            let (listen, patients) = (truth.listen, truth.patients.len());
            setting::runtime()?.block_on(async {
                let carrier = Carrier::start(truth, Arc::new(SystemClock)).await;
                let carrier = carrier.map_err(Failure::usage)?;
                println!("{patients} patients behind a carrier on {listen}; Ctrl-C ends it");
                let _ = tokio::signal::ctrl_c().await;
                drop(carrier);
                Ok(())
            })
        }
        args::Carrier::Generate { truth, csv, patients, seed, listen } => {
            let today = SystemClock.wall().date_naive();
            let made = Hospital::generate(seed, patients, &Mix::default(), today, listen);
            write(&truth, &to_toml(&made.truth)?)?;
            write(&csv, &made.csv)?;
            println!("{} and {} hold {patients} patients", truth.display(), csv.display());
            Ok(())
        }
        args::Carrier::Compare { truth } => compare_with(config, &truth),
    }
}

fn compare_with(config: Option<&Path>, truth: &Path) -> Result<(), Failure> {
    let (config, _) = setting::load(config)?;
    let truth = read_truth(truth)?;
    setting::runtime()?.block_on(async {
        let record = Record::open(&config).await?;
        let result = compare(record.app.database(), &truth).await;
        record.close().await;
        let result = result.map_err(Failure::other)?;
        for difference in &result.differences {
            println!("{difference}");
        }
        println!(
            "{} compared, {} differences, {} not dialled to an end",
            result.compared,
            result.differences.len(),
            result.not_dialled
        );
        if result.differences.is_empty() { Ok(()) } else { Err(Failure::other("not equal")) }
    })
}

fn read_truth(path: &Path) -> Result<Truth, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    Truth::parse(&text, &path.display().to_string()).map_err(Failure::usage)
}

fn to_toml(truth: &Truth) -> Result<String, Failure> {
    toml::to_string(truth).map_err(Failure::other)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

/// The demo hospital in its folder. Started again, it goes on where it was.
pub(super) fn demo(dir: &Path, patients: usize) -> Result<(), Failure> {
    fs::create_dir_all(dir)
        .map_err(|error| Failure::usage(format!("{}: {error}", dir.display())))?;
    let path = dir.join("suifang.toml");
    if !path.is_file() {
        write(&path, &demo_config(&dialplans()?))?;
        let today = SystemClock.wall().date_naive();
        let listen = SocketAddr::from(([127, 0, 0, 1], CARRIER_PORT));
        let mut made = Hospital::generate(DEMO_SEED, patients, &Mix::default(), today, listen);
        made.truth.log = Some(dir.join("carrier-log.jsonl"));
        write(&dir.join("carrier.toml"), &to_toml(&made.truth)?)?;
        write(&dir.join("discharges.csv"), &made.csv)?;
    }
    let (config, _) = setting::load(Some(&path))?;
    start_log(&config.log)?;
    setting::runtime()?.block_on(run_demo(dir, path, config))
}

async fn run_demo(dir: &Path, path: PathBuf, config: Arc<Config>) -> Result<(), Failure> {
    let page = suifang::web::bind(&config).await.map_err(Failure::usage)?;
    let truth = read_truth(&dir.join("carrier.toml"))?;
    let carrier = Carrier::start(truth, Arc::new(SystemClock)).await.map_err(Failure::usage)?;
    let server = Server::start(config).await.map_err(Failure::usage)?;
    serve_control(&server.core, Some(path.clone())).map_err(Failure::usage)?;
    let web = suifang::web::serve(page, &server.core).map_err(Failure::usage)?;
    let password = demo_account(&server.core, &dir.join("password.txt")).await?;
    demo_run(&server.core, &dir.join("discharges.csv")).await?;
    let phones = tokio::spawn(super::seats::demo_seats(Arc::clone(&server.core), password.clone()));
    println!("The demo hospital is being called. Ctrl-C ends it.");
    println!("Page:     http://{}/", web.address());
    println!("Login:    demo");
    println!("Password: {password}");
    super::serve::wait_for_the_end(&server, Some(&path)).await;
    server.drain().await;
    phones.abort();
    drop(carrier);
    Ok(())
}

/// The first start makes the account; its password stays in the folder.
async fn demo_account(core: &Arc<Core>, file: &Path) -> Result<String, Failure> {
    if let Ok(known) = fs::read_to_string(file) {
        return Ok(known.trim().to_owned());
    }
    let password: String =
        (0..12).map(|_| char::from(b'a' + rand::random_range(0..26_u8))).collect();
    let at = core.clock.wall();
    for (login, name) in [("demo", "演示用户"), ("demo2", "另一位班长")] {
        let new = NewUser {
            login: login.to_owned(),
            display_name: name.to_owned(),
            password: Pii::new(password.clone()),
            role: "sys_admin".to_owned(),
            may_stop_all: true,
            whole_hospital: true,
        };
        core.app.create_user(&person("demo"), &new, at).await.map_err(Failure::other)?;
    }
    write(file, &format!("{password}\n"))?;
    Ok(password)
}

async fn demo_run(core: &Arc<Core>, csv: &Path) -> Result<(), Failure> {
    let at = core.clock.wall();
    let config = core.config();
    let calendar = Calendar::always(config.hospital.timezone);
    let bytes = fs::read(csv).map_err(Failure::usage)?;
    let by = Principal::System("demo");
    let area = &config.hospital.area_code;
    let import = core.app.import_csv(&by, "discharges.csv", &bytes, &calendar, area, at).await;
    let import = import.map_err(Failure::usage)?;
    if import.counts.rows_stored == 0 {
        return Ok(());
    }
    let library = core.library();
    let run = new_run(&library, true, "出院随访 演示", "followup", None, None, Some(import.import));
    let run = run.map_err(Failure::usage)?;
    let (id, _) = core.app.create_run(&by, &run, at).await.map_err(Failure::usage)?;
    let started = core.app.change_run(&by, id, RunAction::Start, None, at).await;
    started.map(drop).map_err(Failure::usage)
}

/// Beside the sources, beside the binary's installation, or nowhere.
fn dialplans() -> Result<PathBuf, Failure> {
    let places = [PathBuf::from("dialplans"), PathBuf::from("/usr/share/suifang/dialplans")];
    let found = places.into_iter().find(|place| place.join("texts.toml").is_file());
    let found = found.and_then(|place| std::path::absolute(place).ok());
    found.ok_or_else(|| {
        Failure::usage("no dialplans: neither ./dialplans nor /usr/share/suifang/dialplans")
    })
}

fn demo_config(dialplans: &Path) -> String {
    format!(
        "# The demo hospital: a simulated carrier on loopback, no real telephone.\n\
         [hospital]\nname = \"市第三医院\"\ntraining = true\n\n\
         [paths]\ndata = \"data\"\nrecordings = \"recordings\"\ndialplans = \"{}\"\n\n\
         [dialer]\n# The demo calls at any hour.\nignore_window = true\n\n\
         [[interface]]\nname = \"loopback\"\nbind = \"127.0.0.1\"\nport = 5060\nregistrar = true\n\n\
         [[trunk]]\nname = \"demo\"\npeer = \"127.0.0.1:{CARRIER_PORT}\"\n\
         caller_number = \"05925027064\"\nlines = 40\ncalls_per_s = 4.0\n\n\
         [log]\nfilter = \"warn\"\n",
        dialplans.display()
    )
}

const CARRIER_PORT: u16 = 5080;
const DEMO_SEED: u64 = 20_261_123;
