//! The actix extractor for "who calls".

use super::session::Auth;
use crate::error::ApiError;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use estafette_actors::{Authenticator as _, CallError, Identity};
use estafette_protocol::{DeviceId, ErrorCode, ProductId};
use futures_util::future::LocalBoxFuture;

/// The header in which a client names its device; the same value as in `hello`.
pub const DEVICE_HEADER: &str = "x-estafette-device";

/// The role of a device without a person (cv G8). Its user word is its own and names nobody.
pub const ANONYMOUS: &str = "DEVICE";

/// Who calls, from the `Authorization: Bearer` header. Without a valid token the request is answered 401.
///
/// The application needs an [`Auth`] as `web::Data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller(pub Identity);

impl Caller {
    /// The identity of a person, if it is one of this product.
    ///
    /// # Errors
    /// `forbidden` for a token of another product, or of a device without a person.
    pub fn of(self, product: &ProductId) -> Result<Identity, ApiError> {
        if self.0.role == ANONYMOUS {
            return Err(CallError::forbidden("this needs an account: sign in").into());
        }
        self.or_device(product)
    }

    /// The identity, if it is one of this product; also that of a device without a person.
    ///
    /// # Errors
    /// `forbidden` for a token of another product.
    pub fn or_device(self, product: &ProductId) -> Result<Identity, ApiError> {
        if self.0.product == *product {
            Ok(self.0)
        } else {
            let sentence = format!("this is a token of {}, not of {product}: sign in there", self.0.product);
            Err(CallError::forbidden(sentence).into())
        }
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let auth = request.app_data::<web::Data<Auth>>().cloned();
        let token = bearer(request).map(str::to_owned);
        let device = device(request);
        Box::pin(async move {
            let missing = || {
                let sentence = "no access token: send it as `Authorization: Bearer …`";
                ApiError::from(CallError::new(ErrorCode::Unauthenticated, sentence))
            };
            let auth = auth.ok_or_else(|| ApiError::from(CallError::internal("no Auth in the application's data")))?;
            let mut identity = auth.authenticate(&token.ok_or_else(missing)?).await?;
            identity.device = device?;
            Ok(Self(identity))
        })
    }
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The device that the request names, if any.
///
/// # Errors
/// `bad_request` when it is not a device id.
pub fn device(request: &HttpRequest) -> Result<Option<DeviceId>, ApiError> {
    let Some(value) = request.headers().get(DEVICE_HEADER) else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| DeviceId::parse(text).ok());
    let sentence = "X-Estafette-Device is not a device id: letters, digits and _ - . : only, at most 120";
    id.map(Some).ok_or_else(|| CallError::bad_request(sentence).into())
}
