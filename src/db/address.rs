//! Where a database is, and how the link to it is secured.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Why an address cannot be used. Never repeats the address, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is none.
    #[error("the database address is not valid ({0}): it looks like postgresql://user:password@host:5432/database")]
    Form(String),
    /// A way of libpq to say it that would not be kept.
    #[error(
        "the database address says {0}, which is not known here: sslmode=require (or verify-full) checks the server's certificate and name; name the authority's file with --database-ca"
    )]
    Unkept(&'static str),
    /// The file with the authority cannot be read.
    #[error("the certificates in {file} cannot be used: {reason}")]
    Authority {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// No authority is known.
    #[error(
        "this machine has no certificates of authorities: install them (ca-certificates), or name a file with --database-ca"
    )]
    NoAuthorities,
}

/// An address that can be connected to.
#[derive(Clone)]
pub struct Address {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl From<Config> for Address {
    /// Without TLS: the private Postgres, which listens on a socket of its folder.
    fn from(config: Config) -> Self {
        Self { config, tls: None }
    }
}

impl Address {
    /// Reads an address. `sslmode=require` and `verify-full` mean the same: TLS, the server's certificate and name checked
    /// against `authority` (a PEM file) or, when that is empty, against the machine's authorities. `prefer`, which
    /// promises nothing, and `disable` are without TLS.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn parse(text: &str, authority: &Path) -> Result<Self, AddressError> {
        for said in ["sslmode=verify-ca", "sslrootcert="] {
            if text.contains(said) {
                return Err(AddressError::Unkept(said));
            }
        }
        // The driver knows the weaker word only; both are checked in full here.
        let text = text.replace("sslmode=verify-full", "sslmode=require");
        let config: Config = text.parse().map_err(|error: tokio_postgres::Error| {
            AddressError::Form(std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string))
        })?;
        if config.get_hosts().is_empty() {
            return Err(AddressError::Form("it names no host".to_owned()));
        }
        let local = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        let tls = if config.get_ssl_mode() == SslMode::Require && !local { Some(connector(authority)?) } else { None };
        Ok(Self { config, tls })
    }

    /// What is connected to.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Whether the link is encrypted and the server's certificate checked.
    pub const fn is_secured(&self) -> bool {
        self.tls.is_some()
    }

    pub(super) fn configured(self, change: impl FnOnce(&mut Config)) -> Self {
        let Self { mut config, tls } = self;
        change(&mut config);
        Self { config, tls }
    }

    pub(super) const fn tls(&self) -> Option<&MakeRustlsConnect> {
        self.tls.as_ref()
    }

    /// One connection, and the task that drives it.
    ///
    /// # Errors
    /// What the driver says.
    pub async fn connect(&self) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        async fn drive<E>(connection: impl Future<Output = Result<(), E>>) {
            // Whoever uses the client hears of its end there.
            let _ended = connection.await;
        }
        match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                Ok((client, tokio::spawn(drive(connection))))
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                Ok((client, tokio::spawn(drive(connection))))
            }
        }
    }
}

fn connector(authority: &Path) -> Result<MakeRustlsConnect, AddressError> {
    let refused = |reason: String| AddressError::Authority { file: authority.to_owned(), reason };
    let mut roots = rustls::RootCertStore::empty();
    if authority == Path::new("") {
        // Some that cannot be read harm nobody as long as there are others.
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(AddressError::NoAuthorities);
        }
    } else {
        let certificates = CertificateDer::pem_file_iter(authority).map_err(|error| refused(error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| refused(error.to_string()))?;
            roots.add(certificate).map_err(|error| refused(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(refused("it holds none".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::pool::{PoolBounds, pool};
    use estafette_actors::cluster::{Cluster, ClusterOptions, Durability};
    use estafette_actors::testkit::ClusterFolder;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    use std::time::Duration;

    fn refusal(text: &str, authority: &Path) -> String {
        Address::parse(text, authority).err().unwrap().to_string()
    }

    #[test]
    fn a_wrong_address_says_what_is_wrong_and_repeats_no_password() {
        for (address, expected) in [
            ("postgresql://u:geheim@h:x/d", "looks like"),
            ("host=h port=geheim", "looks like"),
            ("", "names no host"),
            ("postgresql://u:geheim@h/d?sslmode=verify-ca", "--database-ca"),
            ("postgresql://u:geheim@h/d?sslmode=require&sslrootcert=/ca.pem", "--database-ca"),
        ] {
            let text = refusal(address, Path::new(""));
            assert!(text.contains(expected) && !text.contains("geheim"), "{text}");
        }
        let missing = Path::new("/nowhere/ca.pem");
        assert!(refusal("postgresql://h/d?sslmode=require", missing).contains("/nowhere/ca.pem"));
        let empty = tempfile::NamedTempFile::new().unwrap();
        assert!(refusal("postgresql://h/d?sslmode=verify-full", empty.path()).contains("holds none"));
        let socket = Address::parse("postgresql:///app?host=/tmp/run&user=me&sslmode=require", missing).unwrap();
        assert!(!socket.is_secured(), "a socket of this machine needs none");
    }

    /// An authority, and what it signed for a name: certificate and key.
    fn authority(name: &str) -> (String, String, String) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let signed = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        (authority.pem(), signed.pem(), key.serialize_pem())
    }

    /// A Postgres that listens on a port, with these certificates or without TLS.
    fn listening(folder: &ClusterFolder, certificates: Option<(&str, &str)>) -> (Cluster, u16) {
        let options = |settings| ClusterOptions {
            folder: folder.path().join("cluster"),
            binaries: None,
            max_connections: 10,
            durability: Durability::None,
            settings,
        };
        // The first start makes the folder, and shows whose it is.
        let cluster = Cluster::start(options(Vec::new())).unwrap();
        let data = std::fs::metadata(cluster.folder().join("postgres")).unwrap();
        cluster.stop().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut settings = vec![("listen_addresses", "127.0.0.1".to_owned()), ("port", port.to_string())];
        if let Some((certificate, key)) = certificates {
            settings.push(("ssl", "on".to_owned()));
            for (setting, name, text) in [("ssl_cert_file", "tls.crt", certificate), ("ssl_key_file", "tls.key", key)] {
                let file = folder.path().join(name);
                std::fs::write(&file, text).unwrap();
                std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
                chown(&file, Some(data.uid()), Some(data.gid())).unwrap();
                settings.push((setting, file.display().to_string()));
            }
        }
        (Cluster::start(options(settings)).unwrap(), port)
    }

    async fn is_encrypted(address: &Address) -> Result<bool, String> {
        let (client, _link) = address.connect().await.map_err(|error| {
            std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
        })?;
        let row = client.query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await;
        Ok(row.unwrap().get(0))
    }

    #[tokio::test]
    async fn require_encrypts_and_accepts_only_the_right_server() {
        let folder = ClusterFolder::new();
        let (ours, certificate, key) = authority("127.0.0.1");
        let (theirs, _, _) = authority("127.0.0.1");
        let (cluster, port) = listening(&folder, Some((&certificate, &key)));
        let files = tempfile::tempdir().unwrap();
        let [ours, theirs] = [("ours.pem", ours), ("theirs.pem", theirs)].map(|(name, text)| {
            let file = files.path().join(name);
            std::fs::write(&file, text).unwrap();
            file
        });
        let url = |mode: &str, host: &str| format!("postgresql://estafette@{host}:{port}/postgres?sslmode={mode}");
        for mode in ["require", "verify-full"] {
            let right = Address::parse(&url(mode, "127.0.0.1"), &ours).unwrap();
            assert_eq!(is_encrypted(&right).await, Ok(true));
            let stranger = Address::parse(&url(mode, "127.0.0.1"), &theirs).unwrap();
            let error = is_encrypted(&stranger).await.unwrap_err();
            assert!(error.contains("invalid peer certificate"), "{error}");
            let other_name = Address::parse(&url(mode, "localhost"), &ours).unwrap();
            let error = is_encrypted(&other_name).await.unwrap_err();
            assert!(error.contains("not valid for name"), "{error}");
        }
        for mode in ["prefer", "disable"] {
            let open = Address::parse(&url(mode, "127.0.0.1"), &ours).unwrap();
            assert_eq!(is_encrypted(&open).await, Ok(false));
        }
        let second = Duration::from_secs(5);
        let bounds = PoolBounds { size: 2, wait: second, statement: second, idle_transaction: second };
        let db = pool(Address::parse(&url("require", "127.0.0.1"), &ours).unwrap(), bounds).unwrap();
        let row = db.query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await.unwrap();
        assert!(row.get::<_, bool>(0));
        drop(db);
        cluster.stop().unwrap();
    }

    #[tokio::test]
    async fn require_refuses_a_server_without_tls() {
        let folder = ClusterFolder::new();
        let (ours, _, _) = authority("127.0.0.1");
        let (cluster, port) = listening(&folder, None);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), ours).unwrap();
        let url = format!("postgresql://estafette@127.0.0.1:{port}/postgres?sslmode=require");
        let error = is_encrypted(&Address::parse(&url, file.path()).unwrap()).await.unwrap_err();
        assert!(error.contains("does not support TLS"), "{error}");
        cluster.stop().unwrap();
    }
}
