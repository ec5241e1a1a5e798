//! TLS of the page: a certificate from PEM files, read again when they change, so that a
//! renewal needs no restart. The same for SIP. And to machines that we call by TLS: the
//! receiver of the audit, by the hospital's own authority, and trunks.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring::{default_provider, sign::any_supported_type},
    pki_types::ServerName,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server::TlsStream};

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("{} holds no certificate in PEM", .0.display())]
    NoCertificate(PathBuf),
    #[error("{} holds no private key in PEM", .0.display())]
    NoKey(PathBuf),
    #[error("{0:?} cannot be the name in a certificate")]
    Name(String),
    #[error("certificate and key: {0}")]
    Pair(rustls::Error),
}

/// Ends TLS on the connections of the page.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    pair: Arc<Pair>,
}

#[derive(Debug)]
struct Pair {
    cert: PathBuf,
    key: PathBuf,
    now: RwLock<(Arc<CertifiedKey>, Option<SystemTime>)>,
}

impl ResolvesServerCert for Pair {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).0))
    }
}

impl Tls {
    /// # Errors
    /// When the files do not hold a certificate and its key.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        Self::speaking(cert, key, vec![b"http/1.1".to_vec()])
    }

    /// SIP names no protocol in the handshake, and some phones give up when asked to.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_for_sip(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        Self::speaking(cert, key, Vec::new())
    }

    fn speaking(cert: &Path, key: &Path, protocols: Vec<Vec<u8>>) -> Result<Self, TlsError> {
        let now = RwLock::new((read(cert, key)?, changed_at(cert, key)));
        let pair = Arc::new(Pair { cert: cert.to_owned(), key: key.to_owned(), now });
        let resolver: Arc<dyn ResolvesServerCert> = pair.clone();
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = protocols;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), pair })
    }

    /// # Errors
    /// When the other side does not speak TLS.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    /// Reads the files again when they are others than before; answers whether they were.
    /// A wrong pair changes nothing.
    ///
    /// # Errors
    /// What is wrong with the new files.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let Pair { cert, key, now } = &*self.pair;
        let changed = changed_at(cert, key);
        if changed == now.read().unwrap_or_else(PoisonError::into_inner).1 {
            return Ok(false);
        }
        let fresh = read(cert, key)?;
        *now.write().unwrap_or_else(PoisonError::into_inner) = (fresh, changed);
        Ok(true)
    }
}

/// Begins TLS towards a server that this authority vouches for.
#[derive(Clone)]
pub struct TlsCaller {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsCaller {
    /// # Errors
    /// When the file holds no certificate, or the name cannot stand in one.
    pub fn load(ca: &Path, name: &str) -> Result<Self, TlsError> {
        let file = |error| TlsError::File { path: ca.to_owned(), error };
        let pem = fs::read(ca).map_err(file)?;
        let mut roots = RootCertStore::empty();
        for certificate in rustls_pemfile::certs(&mut &pem[..]) {
            // An authority that cannot be read vouches for nobody; a system has a hundred.
            drop(roots.add(certificate.map_err(file)?));
        }
        if roots.is_empty() {
            return Err(TlsError::NoCertificate(ca.to_owned()));
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name =
            ServerName::try_from(name.to_owned()).map_err(|_| TlsError::Name(name.to_owned()))?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// By the authorities that this system trusts (Debian's `ca-certificates`).
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn by_the_system(name: &str) -> Result<Self, TlsError> {
        Self::load(Path::new(SYSTEM_AUTHORITIES), name)
    }

    /// What the other side's certificate must say.
    pub fn name(&self) -> std::borrow::Cow<'_, str> {
        self.name.to_str()
    }

    /// # Errors
    /// When the other side is not whom the authority vouches for.
    pub async fn connect(&self, stream: TcpStream) -> io::Result<client::TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}

/// The later of the two files' times.
fn changed_at(cert: &Path, key: &Path) -> Option<SystemTime> {
    let time = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    time(cert).max(time(key))
}

fn read(cert: &Path, key: &Path) -> Result<Arc<CertifiedKey>, TlsError> {
    let open = |path: &Path| {
        let file = fs::read(path);
        file.map_err(|error| TlsError::File { path: path.to_owned(), error })
    };
    let chain = rustls_pemfile::certs(&mut &open(cert)?[..]).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| TlsError::File { path: cert.to_owned(), error })?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(cert.to_owned()));
    }
    let secret = rustls_pemfile::private_key(&mut &open(key)?[..])
        .map_err(|error| TlsError::File { path: key.to_owned(), error })?
        .ok_or_else(|| TlsError::NoKey(key.to_owned()))?;
    let signer = any_supported_type(&secret).map_err(TlsError::Pair)?;
    let certified = CertifiedKey::new(chain, signer);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
            Ok(Arc::new(certified))
        }
        Err(error) => Err(TlsError::Pair(error)),
    }
}

/// Where Debian keeps them, in one file.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
