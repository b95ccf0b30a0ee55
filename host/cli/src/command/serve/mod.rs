//! `firstseen serve`.

mod alert_target;
mod limits;
mod log;
mod source;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use firstseen::Learn;
use firstseen::ledger::OutboxMax;
use firstseen_serve::{OnDetectionError, Server, ServerTls, Settings, Upstream};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;

use self::alert_target::AlertPlace;
use self::limits::LimitArgs;
use self::log::LogFormat;
use self::source::Source;
use crate::EXIT_ERROR;
use crate::args::{self, AlertArgs, ModuleArgs, RuleArgs};
use crate::door::Door;

/// Detect in front of Elasticsearch: a proxy that documents pass, with alerts
/// beside them.
///
/// Point shippers at it instead of the cluster, and change nothing else. What they
/// send arrives at the cluster byte for byte, and what it answers arrives at them.
/// Documents of _bulk requests, and single ones, are given to the rules on their
/// way. Alerts are stored in the cluster too, under the alias
/// firstseen-alerts-default, and name the documents that they are about.
///
/// With a state nothing is lost that was said to be stored: sightings and alerts
/// are on disk before a client has its answer, and alerts that wait are handed over
/// after a restart. Without --state both are gone with the process.
///
/// A rule that the state does not know learns for its own history window, since what
/// it has not seen is not new: it says so at the start, and --learn 0s has it alert at
/// once. A rule without history, such as a query, does so anyway.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Read settings from this file: `firstseen config example` prints one. Flags and the
    /// environment win over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where clients come in.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9280")]
    listen: SocketAddr,
    /// A node of the cluster: http://host:9200 or https://host:9200. Can be given more
    /// than once; they are asked in turn.
    #[arg(long, value_name = "URL", required = true)]
    upstream: Vec<String>,
    /// Certificates of those that may sign for the nodes (PEM), instead of the
    /// system's.
    #[arg(long, value_name = "FILE")]
    upstream_ca: Option<PathBuf>,
    /// Where the operator comes in: a page, /healthz, /readyz and /metrics; `none` for
    /// nowhere.
    #[arg(long, value_name = "ADDRESS", value_parser = admin_address, default_value = "127.0.0.1:9281")]
    admin: Admin,
    /// What stands before the path of clients' requests, such as /es. It is passed on.
    #[arg(long, value_name = "PATH", value_parser = path_prefix, default_value = "")]
    path_prefix: String,
    /// Keep what was seen, and alerts that wait, in this directory, made if it is
    /// not there. One process uses it at a time, and `firstseen state` through it.
    /// Without it, they are gone at the end.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Do not start without a state that is there: none is made.
    #[arg(long, requires = "state")]
    require_state: bool,
    /// Where alerts go: `elasticsearch`, with `:TARGET` an index, alias or data stream
    /// of yours, a file, or `-` for standard output.
    #[arg(long, value_name = "PLACE", value_parser = alert_target::place, default_value = "elasticsearch")]
    alerts: AlertPlace,
    /// Where alerts are kept that the cluster refuses for good. By default a file
    /// beside the state.
    #[arg(long, value_name = "FILE")]
    dead_letters: Option<PathBuf>,
    /// How much may wait to be handed over: a number of alerts, a size, or both. Beyond
    /// it detection has failed: see --on-detection-error.
    #[arg(long, value_name = "MAX", value_parser = args::outbox_max, default_value = "100000,256MiB")]
    outbox_max: OutboxMax,
    /// Give a document that is to be created (`create`) without an _id one that is made of
    /// its target and its bytes. What a client sends twice is stored once, and it hears
    /// 409 then; but equal documents of two requests become one. A time series, which
    /// refuses an _id, is left alone.
    #[arg(long)]
    assign_ids: bool,
    /// For this long after the state first meets a rule, record what is seen but
    /// hold its alerts back: 1d, 12h, 0s; `window`: each rule for its own history
    /// window.
    #[arg(long, value_name = "DURATION", value_parser = learn, default_value = "window")]
    learn: LearnArg,
    /// What becomes of documents while detection fails.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    on_detection_error: OnDetectionErrorArg,
    /// The proxy's certificate, with those behind it (PEM): clients speak TLS then.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Its private key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Certificates of those that may sign for clients (PEM): each client shows one
    /// then.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_client_ca: Option<PathBuf>,
    /// Listen without TLS where others than this machine can come in.
    #[arg(long)]
    allow_plain: bool,
    /// Workers that evaluate documents side by side. One for each core by default.
    #[arg(short, long, value_name = "N", value_parser = args::workers)]
    jobs: Option<NonZeroUsize>,
    /// Greatest length of a document; a longer one is not judged.
    #[arg(long = "max-line", value_name = "BYTES", value_parser = args::bytes, default_value = "1MiB")]
    line_bytes_max: usize,
    /// Form of the log, on standard error.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    log_format: LogFormat,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    alert: AlertArgs,
    #[command(flatten)]
    module: ModuleArgs,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen serve --upstream http://localhost:9200 --state /var/lib/firstseen/state
  firstseen serve --upstream http://localhost:9200 --rules detection-rules/rules --state seen --learn 0s
  curl -H 'Content-Type: application/x-ndjson' --data-binary @bulk.ndjson localhost:9280/_bulk

Environment:
  FIRSTSEEN_SERVE_LISTEN …   each flag, in capitals; lists with commas
  FIRSTSEEN_ALERTS_API_KEY   the API key with which alerts are stored, and the cluster is
                             asked for --assign-ids, else
  FIRSTSEEN_ALERTS_BASIC     user:password; clients' own credentials are passed on

Signals:
  TERM, INT  accept nothing more, finish what is under way, hand over, then end
  HUP        read rules, exceptions and certificates again, open the alerts' file anew

Exit status:
  0  it was ended by a signal, and nothing was left undone
  2  an error";

/// Whether and where the operator comes in.
#[derive(Clone, Copy, Debug)]
struct Admin(Option<SocketAddr>);

/// The value of `--learn`.
#[derive(Clone, Copy, Debug)]
struct LearnArg(Learn);

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum OnDetectionErrorArg {
    /// They pass, unjudged; it is said and counted, and /readyz fails.
    #[default]
    Pass,
    /// Clients get status 503, and try again. Nothing goes to the cluster before it
    /// is judged.
    Refuse,
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        log::start(self.log_format);
        if let Some(config) = &self.config {
            tracing::info!("settings are those of {}", config.display());
        }
        let settings = self.settings()?;
        let alerts = self.alerts.target(self.state.as_deref(), self.dead_letters.as_deref());
        let door = Arc::new(Door::default());
        let source = Box::new(Source::new(&self, Arc::clone(&door)));
        let runtime = Runtime::new().context("cannot start")?;
        runtime.block_on(async {
            let mut ends = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
            let mut hang_ups = signal(SignalKind::hangup())?;
            let server = Server::start(settings, alerts, source).await?;
            let admin = server.admin_address().map_or_else(|| "none".to_owned(), |address| address.to_string());
            tracing::info!(listen = %server.address(), admin, rules = server.rules().len(), "ready");
            let [terminate, interrupt] = &mut ends;
            loop {
                tokio::select! {
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    _ = hang_ups.recv() => server.reload(),
                }
            }
            tracing::info!("ending: what is under way is finished");
            let stop = async {
                // It is gone before the state is free, or others take it for that of the next.
                let (_, left) = tokio::join!(spawn_blocking(move || door.close()), server.stop());
                left
            };
            let left = tokio::select! {
                left = stop => left,
                // Who asks twice does not want to wait.
                _ = terminate.recv() => std::process::exit(EXIT_ERROR.into()),
                _ = interrupt.recv() => std::process::exit(EXIT_ERROR.into()),
            };
            left.iter().for_each(|left| tracing::error!("{left}"));
            tracing::info!("ended");
            Ok(if left.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_ERROR) })
        })
    }

    fn settings(&self) -> Result<Settings> {
        let tls = self.tls_certificate.as_deref().zip(self.tls_key.as_deref()).map(|(certificate, key)| ServerTls {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            client_ca: self.tls_client_ca.clone(),
        });
        ensure!(
            tls.is_some() || self.allow_plain || self.listen.ip().is_loopback(),
            "{} can be reached by others, and nothing is encrypted: give --tls-certificate and --tls-key, or \
             --allow-plain if that is meant",
            self.listen
        );
        let mut upstream = Upstream::of(self.upstream.clone());
        upstream.ca.clone_from(&self.upstream_ca);
        upstream.answer_timeout = self.limits.upstream_timeout;
        Ok(Settings {
            listen: self.listen,
            tls,
            admin: self.admin.0,
            path_prefix: self.path_prefix.clone(),
            upstream,
            authorization: args::authorization("FIRSTSEEN_ALERTS")?,
            assign_ids: self.assign_ids,
            on_detection_error: match self.on_detection_error {
                OnDetectionErrorArg::Pass => OnDetectionError::Pass,
                OnDetectionErrorArg::Refuse => OnDetectionError::Refuse,
            },
            limits: self.limits.limits(),
            workers: self.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN),
            outbox_max: self.outbox_max,
            link_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(30),
        })
    }
}

fn admin_address(text: &str) -> Result<Admin> {
    match text {
        "none" => Ok(Admin(None)),
        address => Ok(Admin(Some(address.parse().context("write an address such as 127.0.0.1:9281, or none")?))),
    }
}

fn path_prefix(text: &str) -> Result<String> {
    let prefix = text.trim_end_matches('/');
    ensure!(prefix.is_empty() || prefix.starts_with('/'), "write a path such as /es");
    Ok(prefix.to_owned())
}

fn learn(text: &str) -> Result<LearnArg> {
    match text {
        "window" => Ok(LearnArg(Learn::HistoryWindow)),
        time => Ok(LearnArg(Learn::For(args::duration(time)?))),
    }
}

/// A name beside a state's directory.
fn beside(state: &Path, suffix: &str) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
