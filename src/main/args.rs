//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "suifang",
    version,
    about = "Suifang (随访): hospital follow-up calls by telephone"
)]
pub(super) struct Args {
    /// The configuration; absent: ./suifang.toml, then /etc/suifang/suifang.toml.
    #[arg(long, short, global = true)]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the server until SIGTERM.
    #[command(after_help = "Example: suifang serve --config /etc/suifang/suifang.toml")]
    Serve,
    /// Find mistakes in the configuration, the dialplans and the questionnaires.
    #[command(after_help = "Example: suifang check --dialplans dialplans")]
    Check {
        /// The folder; absent: the one the configuration names.
        #[arg(long)]
        dialplans: Option<PathBuf>,
    },
    /// Run a dialplan offline against typed keys and silences, and print its path.
    #[command(
        after_help = "Example: suifang script dialplans/followup.toml dialplans/scripts/followup.txt"
    )]
    Script { dialplan: PathBuf, script: PathBuf },
    /// Import discharges from a CSV file; bad rows are reported by row and column.
    #[command(after_help = "Example: suifang import discharges.csv --run followup")]
    Import {
        file: PathBuf,
        /// Start a run with this dialplan for those that were imported.
        #[arg(long)]
        run: Option<String>,
        /// Who imports, for the audit.
        #[arg(long, default_value = "import command")]
        by: String,
    },
    /// Place a test call through the running server and wait for its end.
    #[command(
        after_help = "Example: suifang call 0592-5027064\n         suifang call sip:me@127.0.0.1:5080"
    )]
    Call {
        to: String,
        #[arg(long)]
        trunk: Option<String>,
        #[arg(long, default_value = "ring_test")]
        dialplan: String,
    },
    /// Is a trunk registered, does it answer; with a number, what a colleague hears, keys and
    /// sees who is called over it. Each finding says what to ask the carrier for.
    #[command(
        subcommand,
        after_help = "Example: suifang trunk test telecom\n         suifang trunk test telecom 13800138000"
    )]
    Trunk(Trunk),
    /// Accounts of the page, and phones that register.
    #[command(subcommand)]
    User(User),
    /// What is stored about one person: a copy of it, no further use of it, its erasure.
    #[command(subcommand)]
    Person(Person),
    /// Stop all calls, now and after a restart, until another person resumes.
    #[command(
        after_help = "Example: suifang stop-all --reason \"wrong questionnaire\" --apologise"
    )]
    StopAll {
        #[arg(long)]
        reason: String,
        /// Live conversations hear an apology and end; otherwise they finish.
        #[arg(long)]
        apologise: bool,
        #[arg(long, default_value = "stop-all command")]
        by: String,
    },
    /// A simulated carrier with patients, for practice and tests (docs/CARRIER.md).
    #[command(subcommand)]
    Carrier(Carrier),
    /// A hospital in virtual time: what the calling rules come to over a year.
    #[command(subcommand)]
    Simulate(Simulate),
    /// A hospital with a simulated carrier that is being called, in a folder of its own.
    #[command(after_help = "Example: suifang demo --dir demo")]
    Demo {
        #[arg(long, default_value = "demo")]
        dir: PathBuf,
        #[arg(long, default_value_t = 200)]
        patients: usize,
    },
    /// Allow calls again; not by whoever stopped them.
    #[command(after_help = "Example: suifang resume-all --by li")]
    ResumeAll {
        #[arg(long)]
        by: String,
    },
    /// Read trunks, carrier profiles and the pilot list again; a wrong file changes nothing.
    #[command(after_help = "Example: suifang reload")]
    Reload,
    /// Try ports, database, disk, clock, voice, trunks and a call to ourselves with sound
    /// both ways; say what to do.
    #[command(after_help = "Example: suifang doctor --english")]
    Doctor {
        #[arg(long)]
        english: bool,
    },
    /// What passed between us and the peers in one call, and why it came to what it came to.
    #[command(after_help = "Example: suifang trace 019aabcd-0000-7000-8000-000000000001 --english")]
    Trace(TraceAsk),
    /// What the running server is doing.
    #[command(after_help = "Example: suifang status")]
    Status,
    /// Walk the sealed audit and every recording; name the first that was altered.
    #[command(after_help = "Example: suifang verify")]
    Verify,
    /// Record, recordings, clips and dialplans into an empty folder, while calls run.
    #[command(after_help = "Example: suifang backup /mnt/backup/2026-11-26")]
    Backup { folder: PathBuf },
    /// Fill an empty data folder from a backup, compare it with the manifest, and verify it.
    #[command(after_help = "Example: suifang --config new.toml restore /mnt/backup/2026-11-26")]
    Restore {
        folder: PathBuf,
        /// The configuration lacks secrets that the backup's server had: go on all the same.
        #[arg(long)]
        without_secrets: bool,
    },
    /// Prompts read by a nurse instead of the machine.
    #[command(subcommand)]
    Prompts(Prompts),
    /// What carriers say before the answer, known again by its sound (docs/EARS.md).
    #[command(subcommand)]
    Announcements(Announcements),
}

#[derive(Debug, Subcommand)]
pub(super) enum Announcements {
    /// From at least three recordings of one announcement (WAV, 16 bits; of two channels the
    /// left). Another voice or carrier is learnt by itself.
    #[command(after_help = "Example: suifang announcements learn vacant_number a.wav b.wav c.wav")]
    Learn {
        /// vacant_number, suspended, powered_off, no_coverage, in_call, no_answer, barred,
        /// network_busy or voicemail.
        class: String,
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Who says so, for the audit.
        #[arg(long, default_value = "announcements command")]
        by: String,
    },
    /// What was learnt.
    #[command(after_help = "Example: suifang announcements list")]
    List,
    /// Recordings from before the answer of which nothing was recognised: to be listened to
    /// and learnt.
    #[command(after_help = "Example: suifang announcements unknown")]
    Unknown,
    /// What these recordings would be taken for.
    #[command(after_help = "Example: suifang announcements test early.wav")]
    Test {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// One of the list is listened for no more.
    #[command(
        after_help = "Example: suifang announcements forget 0190f3c0-0000-7000-8000-000000000000"
    )]
    Forget {
        id: String,
        #[arg(long, default_value = "announcements command")]
        by: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct TraceAsk {
    /// As in the address of its page.
    pub(super) call: String,
    /// Words in English.
    #[arg(long)]
    pub(super) english: bool,
    /// Write a capture file instead, for Wireshark and the like; needs --in-clear.
    #[arg(long, value_name = "FILE")]
    pub(super) pcap: Option<PathBuf>,
    /// Whole numbers, names and keys; needs --reason.
    #[arg(long)]
    pub(super) in_clear: bool,
    /// Why they are needed; stands in the audit.
    #[arg(long)]
    pub(super) reason: Option<String>,
    /// Who looks, for the audit.
    #[arg(long, default_value = "trace command")]
    pub(super) by: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum Prompts {
    /// Call a phone, and record the sentences that nobody has read yet.
    #[command(after_help = "Example: suifang prompts record --phone 8001")]
    Record {
        /// A phone registered with us, or a number over a trunk.
        #[arg(long)]
        phone: String,
        #[arg(long, default_value = "zh-CN")]
        language: String,
        /// Who reads, for the audit.
        #[arg(long, default_value = "prompts command")]
        by: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// A new account; its password is read from the first line of standard input.
    #[command(after_help = "Example: echo 'a long password' | suifang user add zhang --role nurse")]
    Add {
        login: String,
        #[arg(long, default_value = "nurse")]
        role: String,
        #[arg(long)]
        name: Option<String>,
        /// May press the red button.
        #[arg(long)]
        may_stop_all: bool,
        /// Sees every department.
        #[arg(long)]
        whole_hospital: bool,
    },
    /// Another password, read from standard input.
    #[command(after_help = "Example: echo 'another password' | suifang user password zhang")]
    Password { login: String },
    /// A phone that may register; its password is read from standard input.
    #[command(after_help = "Example: echo secret-of-8001 | suifang user phone 8001")]
    Phone { phone: String },
}

#[derive(Debug, Subcommand)]
pub(super) enum Trunk {
    /// Through the running server; the colleague answers three questions by keys.
    Test {
        /// As the configuration calls it.
        name: String,
        /// A colleague's telephone.
        number: Option<String>,
        #[arg(long)]
        english: bool,
    },
}

/// The person is named by id or by record number (病案号).
#[derive(Debug, Subcommand)]
pub(super) enum Person {
    /// All of it as one JSON, to standard output; who took it stands in the audit first.
    #[command(after_help = "Example: suifang person export 00123456 --by li > person.json")]
    Export {
        person: String,
        #[arg(long)]
        by: String,
    },
    /// No further call and no further use, until `lift`.
    #[command(
        after_help = "Example: suifang person restrict 00123456 --by li --reason \"letter of 2 May\""
    )]
    Restrict {
        person: String,
        #[arg(long)]
        by: String,
        #[arg(long)]
        reason: String,
    },
    /// Calls and use are allowed again; what ended for the restriction goes on.
    #[command(
        after_help = "Example: suifang person lift 00123456 --by li --reason \"asked by phone\""
    )]
    Lift {
        person: String,
        #[arg(long)]
        by: String,
        #[arg(long)]
        reason: String,
    },
    /// Asked for by one person (--reason), done by another (--confirm).
    #[command(
        after_help = "Example: suifang person erase 00123456 --by li --reason \"letter of 2 May\"\n         \
                      suifang person erase 00123456 --by zhao --confirm"
    )]
    Erase {
        person: String,
        #[arg(long)]
        by: String,
        #[arg(long, required_unless_present_any = ["confirm", "withdraw"])]
        reason: Option<String>,
        #[arg(long, conflicts_with_all = ["reason", "withdraw"])]
        confirm: bool,
        /// The request is taken back.
        #[arg(long, conflicts_with = "reason")]
        withdraw: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Simulate {
    /// Rows in memory, the server's own decisions; the same seed gives the same year.
    #[command(after_help = "Example: suifang simulate year --seed 1..20 --sensitivity")]
    Year(SimulateYear),
    /// Real calls: a database, SIP, sound and recordings of its own, over loopback; only time
    /// is virtual.
    #[command(after_help = "Example: suifang simulate month --seed 7\n         \
                      suifang simulate month --beds 10 --days 3 --keep month")]
    Month(SimulateMonth),
}

#[derive(Debug, clap::Args)]
pub(super) struct SimulateMonth {
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Nurses are as many for each bed as in the hospital file.
    #[arg(long, default_value_t = 100)]
    pub(super) beds: u32,
    #[arg(long, default_value_t = 30)]
    pub(super) days: u64,
    /// Virtual seconds a second while somebody is on the line; the rest is jumped over. A
    /// slower machine takes longer, and finds the same.
    #[arg(long, default_value_t = 40.0)]
    pub(super) speed: f64,
    /// Other parameters than the shipped ones (src/sim/hospital.toml).
    #[arg(long)]
    pub(super) hospital: Option<PathBuf>,
    #[arg(long, default_value = "dialplans")]
    pub(super) dialplans: PathBuf,
    /// An empty folder in which database, recordings and the carrier's log stay; absent: a
    /// temporary one that is removed.
    #[arg(long)]
    pub(super) keep: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct SimulateYear {
    /// One seed, or a range of them: 7 or 1..20.
    #[arg(long, default_value = "1")]
    seed: String,
    /// Other parameters than the shipped ones (src/sim/hospital.toml).
    #[arg(long)]
    pub(super) hospital: Option<PathBuf>,
    /// Other calling rules than the shipped ones: JSON, as the page's policy `calling`.
    #[arg(long)]
    pub(super) policy: Option<PathBuf>,
    #[arg(long, default_value_t = 365)]
    pub(super) days: u64,
    /// Each assumed parameter at 0.7 and 1.3 of its value.
    #[arg(long)]
    pub(super) sensitivity: bool,
    #[arg(long, default_value = "dialplans")]
    pub(super) dialplans: PathBuf,
}

impl SimulateYear {
    pub(super) fn seeds(&self) -> Result<std::ops::RangeInclusive<u64>, String> {
        let (from, to) = self.seed.split_once("..").unwrap_or((&self.seed, &self.seed));
        let read = |text: &str| text.parse::<u64>().ok();
        match (read(from), read(to)) {
            (Some(from), Some(to)) if from <= to && to - from < SEEDS_MAX => Ok(from..=to),
            _ => Err(format!("--seed {:?}: a number, or a range such as 1..20", self.seed)),
        }
    }
}

/// An hour of simulation.
const SEEDS_MAX: u64 = 1000;

#[derive(Debug, Subcommand)]
pub(super) enum Carrier {
    /// Answer calls as the truth file says, until stopped.
    #[command(after_help = "Example: suifang carrier run carrier.toml")]
    Run { truth: PathBuf },
    /// Write a truth file and the discharges that belong to it.
    #[command(
        after_help = "Example: suifang carrier generate --patients 1000 --seed 7 carrier.toml discharges.csv"
    )]
    Generate {
        truth: PathBuf,
        csv: PathBuf,
        #[arg(long, default_value_t = 200)]
        patients: usize,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        #[arg(long, default_value = "127.0.0.1:5080")]
        listen: std::net::SocketAddr,
    },
    /// Compare the record with the truth file, patient by patient.
    #[command(after_help = "Example: suifang carrier compare carrier.toml")]
    Compare { truth: PathBuf },
}
