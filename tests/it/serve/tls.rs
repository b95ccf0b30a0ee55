//! TLS with clients and with the cluster.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use firstseen_tests::cluster::{Act, Cluster};
use firstseen_tests::proxy::Proxy;
use firstseen_tests::running::wait_for;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::{ALERTS, INDEX, bulk, install};

/// Who signs, and the folder of what was signed.
struct Signer {
    folder: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Signer {
    fn new(folder: &Path) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        fs::write(folder.join("ca.pem"), issuer.pem())?;
        Ok(Self { folder: folder.to_owned(), issuer })
    }

    /// Signs, and writes `<name>.pem` and `<name>.key`.
    fn sign(&self, name: &str, host: &str) -> Result<()> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new([host.to_owned()])?.signed_by(&key, &self.issuer)?;
        fs::write(self.folder.join(name).with_extension("pem"), certificate.pem())?;
        fs::write(self.folder.join(name).with_extension("key"), key.serialize_pem())?;
        Ok(())
    }

    fn path(&self, file: &str) -> String {
        self.folder.join(file).display().to_string()
    }

    /// What a client shows, and whom it believes.
    fn client(&self, shows: Option<&str>) -> Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.folder.join("ca.pem"))?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let builder = builder.with_root_certificates(roots);
        let Some(name) = shows else { return Ok(builder.with_no_client_auth()) };
        let chain = CertificateDer::pem_file_iter(self.folder.join(name).with_extension("pem"))?;
        let key = PrivateKeyDer::from_pem_file(self.folder.join(name).with_extension("key"))?;
        Ok(builder.with_client_auth_cert(chain.collect::<Result<_, _>>()?, key)?)
    }
}

/// Sends a bulk. Answers with the answer, and the certificate that was shown.
fn send(address: &str, config: ClientConfig, body: &[u8]) -> Result<(String, Vec<u8>)> {
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from("127.0.0.1")?)?;
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    let head = format!(
        "POST /{INDEX}/_bulk HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let shown = stream.conn.peer_certificates().and_then(|chain| chain.first()).context("no certificate")?;
    Ok((answer, shown.to_vec()))
}

#[test]
fn clients_and_the_cluster_speak_tls() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let signer = Signer::new(folder.path())?;
    signer.sign("server", "127.0.0.1")?;
    signer.sign("client", "client.example")?;
    let cluster = Cluster::start(|_| Act::Answer)?;
    let (certificate, key, ca) = (signer.path("server.pem"), signer.path("server.key"), signer.path("ca.pem"));
    let tls = ["--tls-certificate", &certificate, "--tls-key", &key];
    // What speaks TLS as a cluster would is another proxy.
    let behind = Proxy::start(&cluster.url(), &folder.path().join("behind"), &tls)?;
    let arguments = [&tls[..], &["--upstream-ca", &ca, "--tls-client-ca", &ca]].concat();
    let url = format!("https://{}", behind.address);
    let proxy = Proxy::start(&url, &folder.path().join("state"), &arguments)?;

    let (answer, first) = send(&proxy.address, signer.client(Some("client"))?, &bulk([install(1)]))?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    wait_for(|| Ok(!cluster.documents(ALERTS).is_empty()))?;
    let stranger = send(&proxy.address, signer.client(None)?, &bulk([install(2)]));
    ensure!(stranger.is_err(), "it came in without a certificate");
    let plain = TcpStream::connect(&proxy.address).and_then(|mut stream| {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map(|_| answer)
    });
    ensure!(!plain.is_ok_and(|answer| answer.starts_with(b"HTTP")), "it came in without TLS");

    // Another certificate is shown once it is told to read it.
    signer.sign("server", "127.0.0.1")?;
    proxy.running().signal("HUP")?;
    proxy.running().wait_for_stderr(|said| said.contains("the certificates were read again"))?;
    let (_, second) = send(&proxy.address, signer.client(Some("client"))?, &bulk([install(3)]))?;
    ensure!(first != second, "the certificate is the one of before");
    // One that cannot be used changes nothing.
    fs::write(folder.path().join("server.pem"), "no certificate")?;
    proxy.running().signal("HUP")?;
    proxy.running().wait_for_stderr(|said| said.contains("the certificates stay as they were"))?;
    let (_, third) = send(&proxy.address, signer.client(Some("client"))?, &bulk([install(4)]))?;
    ensure!(third == second, "the certificate is another one");
    ensure!(cluster.documents(INDEX).len() == 3, "{:?}", cluster.documents(INDEX));
    proxy.stop()?.expect_code(0)?;
    behind.stop()?.expect_code(0)?;
    Ok(())
}

#[test]
fn a_cluster_that_others_signed_is_not_believed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (signer, others) = (Signer::new(folder.path())?, folder.path().join("others"));
    fs::create_dir(&others)?;
    let others = Signer::new(&others)?;
    signer.sign("server", "127.0.0.1")?;
    let cluster = Cluster::start(|_| Act::Answer)?;
    let (certificate, key) = (signer.path("server.pem"), signer.path("server.key"));
    let tls = ["--tls-certificate", &certificate, "--tls-key", &key];
    let behind = Proxy::start(&cluster.url(), &folder.path().join("behind"), &tls)?;
    let file = folder.path().join("alerts.ndjson").display().to_string();
    let arguments = ["--upstream-ca", &others.path("ca.pem"), "--alerts", &file];
    let proxy = Proxy::start(&format!("https://{}", behind.address), &folder.path().join("state"), &arguments)?;
    let answer = proxy.bulk(&format!("/{INDEX}/_bulk"), &bulk([install(1)]))?;
    ensure!(answer.status == 502, "{answer:?}");
    ensure!(answer.text()?.contains("certificate"), "{}", answer.text()?);
    ensure!(cluster.documents(INDEX).is_empty(), "it was sent all the same");
    Ok(())
}
