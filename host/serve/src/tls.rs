//! The proxy's own certificate.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::upstream::{TlsError, certificates};

/// What a listener shows to its clients, and asks of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// Its certificate, and those that stand behind it, PEM.
    pub certificate: PathBuf,
    /// The private key of the first one, PEM.
    pub key: PathBuf,
    /// Certificates of those that may sign for clients, PEM: then each client shows
    /// one.
    pub client_ca: Option<PathBuf>,
}

/// Speaks TLS with clients. Its certificates can be read again.
#[derive(Clone)]
pub(crate) struct Acceptor {
    files: Arc<ServerTls>,
    config: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Acceptor {
    pub(crate) fn new(files: ServerTls) -> Result<Self, TlsError> {
        let config = Arc::new(RwLock::new(read(&files)?));
        Ok(Self { files: Arc::new(files), config })
    }

    /// Reads the files again; connections that there are stay as they are.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        let config = read(&self.files)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(config).accept(stream).await
    }
}

fn read(files: &ServerTls) -> Result<Arc<ServerConfig>, TlsError> {
    let ServerTls { certificate, key, client_ca } = files;
    let chain = certificates(certificate)?;
    let key = private_key(key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(TlsError::Configuration)?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(TlsError::Configuration)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let failed = |error| TlsError::File { path: path.clone(), cause: format!("{error}") };
            builder.with_client_cert_verifier(verifier.map_err(failed)?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(TlsError::Configuration)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let failed = |cause| TlsError::File { path: path.to_owned(), cause };
    PrivateKeyDer::from_pem_file(path).map_err(|error| failed(error.to_string()))
}
