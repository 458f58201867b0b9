//! A mail server, by SMTP.

use super::render::Rendered;
use super::transport::Handed;
use estafette_actors::StepError;
use estafette_protocol::TaskId;
use estafette_protocol::cv::status::EmailProvider;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::path::Path;
use std::time::Duration;
use url::Url;

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// The sender's address.
///
/// # Errors
/// A sentence.
pub fn mailbox(from: &str) -> Result<Mailbox, String> {
    from.parse().map_err(|error| {
        format!("the sender {from:?} is not an address ({error}): it looks like FitMyCV <no-reply@example.com>")
    })
}

impl Smtp {
    /// With an address such as `smtp://user:password@mail.example.com:587?tls=required` or `smtps://…`.
    ///
    /// # Errors
    /// A sentence that says what cannot be used.
    pub fn new(url: &str, ca: &Path, from: &str, timeout: Duration) -> Result<Self, String> {
        let form = "it looks like smtp://user:password@mail.example.com:587?tls=required";
        // The address may hold a password: it is not shown.
        let wrong = |why: String| format!("the mail server's address (smtp-url) cannot be used: {why}; {form}");
        let parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        let host = parsed.host_str().ok_or_else(|| wrong("it names no host".to_owned()))?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|error| wrong(error.to_string()))?;
        let builder = if ca == Path::new("") {
            builder
        } else {
            let unreadable = |why: String| format!("the authority {} (smtp-ca) cannot be used: {why}", ca.display());
            let pem = std::fs::read(ca).map_err(|error| unreadable(error.to_string()))?;
            let authority = Certificate::from_pem(&pem).map_err(|error| unreadable(error.to_string()))?;
            let params = TlsParameters::builder(host.to_owned()).add_root_certificate(authority).build();
            let params = params.map_err(|error| unreadable(error.to_string()))?;
            let tls = parsed.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
            builder.tls(match (parsed.scheme(), tls.as_deref()) {
                ("smtps", _) => Tls::Wrapper(params),
                (_, Some("required")) => Tls::Required(params),
                (_, Some("opportunistic")) => Tls::Opportunistic(params),
                _ => Tls::None,
            })
        };
        Ok(Self { transport: builder.timeout(Some(timeout)).build(), from: mailbox(from)? })
    }

    /// Hands an e-mail over.
    ///
    /// # Errors
    /// Final where the server refuses for good; else another attempt may help.
    pub async fn send(&self, task: &TaskId, to: &str, letter: &Rendered) -> Result<Handed, StepError> {
        let fatal = |error: String| StepError::fatal("bad_message", error);
        let to: Address = to.parse().map_err(|error| fatal(format!("the address cannot be written to: {error}")))?;
        let id = format!("<{task}@{}>", self.from.email.domain());
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&letter.subject)
            .message_id(Some(id.clone()))
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .map_err(|error| fatal(error.to_string()))?;
        match self.transport.send(message).await {
            Ok(_answer) => Ok(Handed { provider: EmailProvider::Smtp, id: Some(id) }),
            Err(error) if error.is_permanent() => Err(StepError::fatal("refused", format!("the mail server: {error}"))),
            Err(error) => Err(StepError::transient("mail_server", format!("the mail server: {error}"))),
        }
    }
}
