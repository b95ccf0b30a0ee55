//! nginx as a proxy, as somebody who runs it for bulk requests sets it up.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use firstseen_tests::running::Running;

/// What takes longer hangs.
const HANG: Duration = Duration::from_secs(20);

/// One that is running. Dropping it kills it.
pub(crate) struct Nginx {
    running: Running,
    pub(crate) address: SocketAddr,
}

/// Its name and version; an error if it is not there.
pub(crate) fn version(binary: &Path) -> Result<String> {
    let output = Command::new(binary).arg("-v").output();
    let output = output.with_context(|| format!("{}: apt-get install nginx-light", binary.display()))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let version = text.rsplit('/').next().unwrap_or_default();
    Ok(format!("nginx {}", version.split_ascii_whitespace().next().unwrap_or("of an unknown version")))
}

impl Nginx {
    /// Starts one in a folder of its own.
    pub(crate) fn start(binary: &Path, upstream: SocketAddr, folder: &Path) -> Result<Self> {
        fs::create_dir(folder)?;
        // It cannot say which port it got.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let path = folder.join("nginx.conf");
        fs::write(&path, configuration(address, upstream))?;
        let mut command = Command::new(binary);
        command.arg("-p").arg(folder).arg("-c").arg(&path).args(["-e", "stderr"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut nginx = Self { running: Running::new(child), address };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(!nginx.running.has_ended()? && began.elapsed() < HANG, "nginx does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(nginx)
    }

    pub(crate) fn id(&self) -> u32 {
        self.running.id()
    }
}

/// A process that does all by itself: a worker without a master. Bodies go on as they come,
/// instead of by way of a file, and connections are kept.
fn configuration(address: SocketAddr, upstream: SocketAddr) -> String {
    format!(
        "daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    scgi_temp_path scgi;
    uwsgi_temp_path uwsgi;
    keepalive_requests 1000000000;
    upstream cluster {{
        server {upstream};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address};
        client_max_body_size 100m;
        client_body_buffer_size 256k;
        location / {{
            proxy_pass http://cluster;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_request_buffering off;
            proxy_buffers 8 64k;
        }}
    }}
}}
"
    )
}
