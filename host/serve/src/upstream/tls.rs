//! Certificates of the cluster.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

/// Why certificates or keys cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or holds no PEM.
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The system has no certificates.
    System(String),
    /// The parts do not go together.
    Configuration(rustls::Error),
}

/// Connects to servers that present a certificate that is signed by one in a file,
/// else by one of the system's.
pub(crate) fn client(ca: Option<&Path>) -> Result<TlsConnector, TlsError> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(TlsError::Configuration)?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            let (added, _) = roots.add_parsable_certificates(found.certs);
            if added == 0 {
                let cause = found.errors.first().map_or_else(|| "none are there".to_owned(), ToString::to_string);
                return Err(TlsError::System(cause));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = builder.map_err(TlsError::Configuration)?.with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The certificates in a file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |cause: String| TlsError::File { path: path.to_owned(), cause };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
    let certificates: Result<Vec<_>, _> = certificates.collect();
    match certificates.map_err(|error| failed(error.to_string()))? {
        certificates if certificates.is_empty() => Err(failed("it holds no certificate in PEM".to_owned())),
        certificates => Ok(certificates),
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, cause } => write!(f, "{}: {cause}", path.display()),
            Self::System(cause) => write!(f, "the system's certificates cannot be used: {cause}; give a file of them"),
            Self::Configuration(error) => write!(f, "TLS: {error}"),
        }
    }
}

impl std::error::Error for TlsError {}
