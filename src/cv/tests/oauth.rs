//! Sign-in at other providers: Google and Apple played by a real OpenID provider, GitHub by its part of the flow.

use super::harness::World;
use super::http::{Web, send, web_on};
use super::mails::smtp;
use crate::config::{Secret, Settings};
use crate::cv::oauth::Oauth;
use crate::testing::Outside;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::Url;

struct Providers {
    web: Web,
    mail: Outside,
    _openid: Outside,
    _github: Outside,
    _keys: tempfile::TempDir,
}

/// A port that is free: the address to come back to is told to the providers before the server listens.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn providers(emails: Value, user_info: bool) -> Providers {
    let port = free_port();
    let back = |name: &str| format!("http://127.0.0.1:{port}/v1/cv/auth/oauth/{name}/callback");
    let callbacks = json!({"google": back("google"), "apple": back("apple")}).to_string();
    let keys = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let (private, public) = (keys.path().join("AuthKey.p8"), keys.path().join("public.pem"));
    std::fs::write(&private, key.serialize_pem()).unwrap();
    std::fs::write(&public, key.public_key_pem()).unwrap();
    let settings = [
        ("CALLBACKS", callbacks.as_str()),
        ("APPLE_PUBLIC_KEY", public.to_str().unwrap()),
        ("USER_INFO", if user_info { "1" } else { "0" }),
    ];
    let openid = Outside::start("openid", &settings);
    let person = json!({"id": 583231, "login": "octocat", "name": "Octo Cat", "emails": emails}).to_string();
    let github = Outside::start("github", &[("PERSON", person.as_str())]);
    let mut settings = Settings::default();
    settings.server.public_url = format!("http://127.0.0.1:{port}");
    let oauth = &mut settings.oauth;
    oauth.key = Secret::new("k".repeat(64));
    oauth.google_client_id = "google".to_owned();
    oauth.google_client_secret = Secret::new("the secret of google");
    oauth.google_issuer = format!("http://127.0.0.1:{}", openid.port());
    oauth.apple_client_id = "apple".to_owned();
    oauth.apple_team_id = "team".to_owned();
    oauth.apple_key_id = "key-1".to_owned();
    oauth.apple_private_key = private;
    oauth.apple_issuer = format!("http://127.0.0.1:{}", openid.port());
    oauth.github_client_id = "github".to_owned();
    oauth.github_client_secret = Secret::new("the secret of github");
    oauth.github_url = format!("http://127.0.0.1:{}", github.port());
    oauth.github_api_url = format!("http://127.0.0.1:{}", github.port());
    let mail = Outside::start("smtp", &[]);
    let world = World::start_with_post(smtp(&mail), Oauth::from_settings(&settings).unwrap()).await;
    Providers { web: web_on(world, Some(port)).await, mail, _openid: openid, _github: github, _keys: keys }
}

/// A browser: follows redirects, keeps cookies (of one host, whatever the path), fills in the provider's forms.
struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, cookies: BTreeMap::new() }
    }

    async fn ask(&mut self, method: Method, url: &str, form: Option<&[(&str, &str)]>) -> Response {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.client.request(method, url).header("cookie", cookies.join("; "));
        if let Some(form) = form {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Goes where it is led, signing in at the provider as `login`, up to a page of the console; its address.
    async fn go(&mut self, from: &str, login: &str) -> Url {
        let mut url = Url::parse(from).unwrap();
        let mut answer = self.ask(Method::GET, from, None).await;
        for _ in 0..20 {
            if let Some(next) = answer.headers().get("location") {
                url = url.join(next.to_str().unwrap()).unwrap();
                if url.path() == "/sign-in" || url.path() == "/account" {
                    return url;
                }
                answer = self.ask(Method::GET, url.as_str(), None).await;
                continue;
            }
            let status = answer.status();
            let page = answer.text().await.unwrap();
            let value = |name: &str| -> Option<String> {
                let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
                rest.split('"').next().map(str::to_owned)
            };
            answer = if page.contains("name=\"login\"") {
                let form = [("prompt", "login"), ("login", login), ("password", "x")];
                self.ask(Method::POST, url.as_str(), Some(&form)).await
            } else if page.contains("value=\"consent\"") {
                self.ask(Method::POST, url.as_str(), Some(&[("prompt", "consent")])).await
            } else if let (Some(code), Some(state)) = (value("code"), value("state")) {
                // Apple's way back: a form that the page sends by itself.
                let (_, rest) = page.split_once("action=\"").unwrap();
                let action = rest.split('"').next().unwrap().to_owned();
                url = Url::parse(&action).unwrap();
                self.ask(Method::POST, &action, Some(&[("code", &code), ("state", &state)])).await
            } else {
                panic!("{status} at {url}: {page}");
            };
        }
        panic!("it never ends");
    }
}

impl Providers {
    async fn sign_in(&self, provider: &str, login: &str) -> Url {
        Browser::new().go(&format!("{}/v1/cv/auth/oauth/{provider}", self.web.base), login).await
    }

    /// Exchanges what a sign-in ended with for tokens.
    async fn tokens(&self, end: &Url) -> Value {
        let token = end.fragment().unwrap().strip_prefix("auto_sign_in=").unwrap_or_else(|| panic!("{end}"));
        let body = json!({"token": token, "device": "browser"});
        let answer = send(self.web.request(Method::POST, "/v1/cv/auth/auto-sign-in").json(&body), 200).await;
        send(self.web.request(Method::POST, "/v1/cv/auth/auto-sign-in").json(&body), 400).await;
        answer
    }
}

fn primary(email: &str, verified: bool) -> Value {
    json!([{"email": "old@example.com", "primary": false, "verified": true}, {"email": email, "primary": true, "verified": verified}])
}

#[actix_web::test]
async fn g14_a_new_person_signs_in_at_each_provider_and_what_they_give_is_kept_encrypted() {
    let all = providers(primary("octo@example.com", true), false).await;
    for (provider, login) in
        [("google", "ana@example.com"), ("apple", "bea@example.com"), ("github", "octo@example.com")]
    {
        let answer = all.tokens(&all.sign_in(provider, login).await).await;
        assert_eq!(answer["user"]["email"], login, "{provider}");
        assert!(answer["user"]["email_verified"].is_string(), "{provider}");
        let me = answer["access_token"].as_str().unwrap();
        assert_eq!(all.web.get(me, "/v1/cv/credits").await["balance"], 5, "r9");
        let accounts = all.web.get(me, "/v1/cv/me/accounts").await;
        assert_eq!(accounts["items"][0]["provider"], provider);
        assert_eq!((&accounts["has_password"], accounts["providers"].as_array().unwrap().len()), (&false.into(), 3));
        // The only way to sign in stays.
        let unlink = format!("/v1/cv/me/accounts/{}", accounts["items"][0]["id"].as_str().unwrap());
        send(all.web.request(Method::DELETE, &unlink).bearer_auth(me), 409).await;
        // r2: nobody signs in with a password that is not there.
        let body = json!({"email": login, "password": "a good password"});
        send(all.web.request(Method::POST, "/v1/cv/auth/sign-in").json(&body), 401).await;
        // The second time it is the same person.
        let again = all.tokens(&all.sign_in(provider, login).await).await;
        assert_eq!(again["user"]["id"], answer["user"]["id"]);
        all.mail.mail(login, "Bienvenue").await;
    }
    let rows = all.web.world.runtime.db().query("SELECT id, access_token FROM cv.accounts", &[]).await.unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        let (id, sealed): (String, String) = (row.get(0), row.get(1));
        let token = all.web.world.services.oauth.unseal(&id, &sealed).unwrap();
        assert!(token.len() > 20 && !sealed.contains(&token));
        assert!(all.web.world.services.oauth.unseal("another row", &sealed).is_none());
    }
    let plain = "SELECT count(*) FROM cv.accounts WHERE access_token LIKE 'gho_%' OR id_token LIKE 'ey%'";
    assert_eq!(all.web.world.number(plain).await, 0);
    assert_eq!(all.web.world.number("SELECT count(*) FROM cv.oauth_requests").await, 0, "each works once");
}

#[actix_web::test]
async fn r6_an_existing_account_is_linked_only_by_a_verified_address() {
    let all = providers(primary("unverified-github@example.com", false), true).await;
    // Its own address is confirmed: the password stays.
    let (_, ana) = all.web.sign_up("ana@example.com").await;
    all.web.world.sql("UPDATE cv.users SET email_verified = now()").await;
    let answer = all.tokens(&all.sign_in("google", "ana@example.com").await).await;
    assert_eq!(answer["user"]["id"], ana["user"]["id"]);
    let body = json!({"email": "ana@example.com", "password": "a good password"});
    send(all.web.request(Method::POST, "/v1/cv/auth/sign-in").json(&body), 200).await;
    // One that was never confirmed may be somebody else's: its password and its sessions go.
    let (theirs, eve) = all.web.sign_up("victim@example.com").await;
    let answer = all.tokens(&all.sign_in("google", "victim@example.com").await).await;
    assert_eq!(answer["user"]["id"], eve["user"]["id"]);
    send(all.web.request(Method::GET, "/v1/cv/me").bearer_auth(theirs), 401).await;
    let body = json!({"email": "victim@example.com", "password": "a good password"});
    send(all.web.request(Method::POST, "/v1/cv/auth/sign-in").json(&body), 401).await;
    // An address that the provider does not vouch for.
    all.web.sign_up("unverified-1@example.com").await;
    let end = all.sign_in("google", "unverified-1@example.com").await;
    assert!(end.fragment().unwrap().starts_with("error=conflict&message="), "{end}");
    // Nobody has this one: an account whose address is to be confirmed.
    let answer = all.tokens(&all.sign_in("google", "unverified-2@example.com").await).await;
    assert_eq!(answer["user"]["email_verified"], Value::Null);
    all.mail.mail("unverified-2@example.com", "Confirm").await;
    // GitHub: a verified address that is not the primary one is preferred to an unverified one.
    let answer = all.tokens(&all.sign_in("github", "").await).await;
    assert_eq!(answer["user"]["email"], "old@example.com");
    all.web.world.sql("UPDATE cv.settings SET value = '0' WHERE setting_name = 'registration_enabled'").await;
    let end = all.sign_in("google", "late@example.com").await;
    assert!(end.fragment().unwrap().starts_with("error=forbidden"), "r1: {end}");
}

#[actix_web::test]
async fn accounts_are_linked_and_unlinked_by_who_is_signed_in() {
    let all = providers(primary("octo@example.com", true), false).await;
    let (me, ana) = all.web.sign_up("ana@example.com").await;
    let link = async |token: &str, provider: &str, login: &str| {
        let body = json!({"provider": provider});
        let request = all.web.request(Method::POST, "/v1/cv/me/accounts").bearer_auth(token).json(&body);
        let answer = request.send().await.unwrap();
        let mut browser = Browser::new();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        browser.cookies.insert(name.to_owned(), value.to_owned());
        let to: Value = answer.json().await.unwrap();
        browser.go(to["url"].as_str().unwrap(), login).await
    };
    // Whatever its address is.
    let end = link(&me, "google", "elsewhere@example.com").await;
    assert_eq!((end.path(), end.fragment()), ("/account", Some("linked=google")));
    let end = link(&me, "github", "").await;
    assert_eq!(end.fragment(), Some("linked=github"));
    all.mail.mail("ana@example.com", "Un compte Google est lié").await;
    let answer = all.tokens(&all.sign_in("google", "elsewhere@example.com").await).await;
    assert_eq!(answer["user"]["id"], ana["user"]["id"]);
    // Somebody else's account is not taken away from them.
    let (eve, _) = all.web.sign_up("eve@example.com").await;
    let end = link(&eve, "github", "").await;
    assert!(end.fragment().unwrap().starts_with("error=conflict"), "{end}");
    let accounts = all.web.get(&me, "/v1/cv/me/accounts").await;
    for account in accounts["items"].as_array().unwrap() {
        let path = format!("/v1/cv/me/accounts/{}", account["id"].as_str().unwrap());
        send(all.web.request(Method::DELETE, &path).bearer_auth(&eve), 404).await;
        send(all.web.request(Method::DELETE, &path).bearer_auth(&me), 204).await;
        send(all.web.request(Method::DELETE, &path).bearer_auth(&me), 404).await;
    }
    assert_eq!(all.web.get(&me, "/v1/cv/me/accounts").await["items"], json!([]));
}

#[actix_web::test]
async fn a_sign_in_ends_only_in_its_own_browser_once_and_with_its_own_code() {
    let all = providers(primary("octo@example.com", true), false).await;
    let begin = format!("{}/v1/cv/auth/oauth/github", all.web.base);
    // Up to the callback, in one browser.
    let back = async |browser: &mut Browser| {
        let to = browser.ask(Method::GET, &begin, None).await.headers()["location"].to_str().unwrap().to_owned();
        let url = Url::parse(&to).unwrap();
        let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(query["code_challenge_method"], "S256");
        assert!(query["state"].len() >= 16);
        browser.ask(Method::GET, &to, None).await.headers()["location"].to_str().unwrap().to_owned()
    };
    let fragment = |answer: &Response| {
        let to = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        to.fragment().unwrap().to_owned()
    };
    // Another browser (a victim who is led to the attacker's callback) gets nowhere, and the state is used up by it no more than by nobody.
    let mut mine = Browser::new();
    let callback = back(&mut mine).await;
    let strange = Browser::new().ask(Method::GET, &callback, None).await;
    assert!(fragment(&strange).starts_with("error=bad_request"));
    let good = mine.ask(Method::GET, &callback, None).await;
    assert!(fragment(&good).starts_with("auto_sign_in="));
    let twice = mine.ask(Method::GET, &callback, None).await;
    assert!(fragment(&twice).starts_with("error=bad_request"), "a state works once");
    // A code of somebody else's sign-in does not fit the verifier of this one.
    let (mut one, mut two) = (Browser::new(), Browser::new());
    let (first, second) = (back(&mut one).await, back(&mut two).await);
    let code =
        |url: &str| Url::parse(url).unwrap().query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let mixed = first.replace(&code(&first), &code(&second));
    let refused = one.ask(Method::GET, &mixed, None).await;
    assert!(fragment(&refused).starts_with("error=unauthenticated"), "{}", fragment(&refused));
    // Who says no at the provider is told so; an old one is over.
    let mut no = Browser::new();
    let url = back(&mut no).await.replace("code=", "error=access_denied&x=");
    assert!(fragment(&no.ask(Method::GET, &url, None).await).starts_with("error=forbidden"));
    let mut late = Browser::new();
    let url = back(&mut late).await;
    all.web.world.sql("UPDATE cv.oauth_requests SET expires = now() - interval '1 s'").await;
    assert!(fragment(&late.ask(Method::GET, &url, None).await).starts_with("error=bad_request"));
    assert_eq!(all.web.world.number("SELECT count(*) FROM cv.users").await, 1);
}

#[test]
fn g14_a_provider_without_a_key_refuses_to_start() {
    use crate::config::{ConfigError, Layer};
    let mut layer = Layer::default();
    layer.oauth.google_client_id = Some("x".to_owned());
    layer.oauth.google_client_secret = Some(Secret::new("y"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.toml");
    std::fs::write(&file, "").unwrap();
    let error = Settings::load(layer.clone(), Some(&file)).unwrap_err();
    assert!(matches!(&error, ConfigError::Unusable(text) if text.contains("ESTAFETTE_OAUTH_KEY")), "{error}");
    layer.oauth.key = Some(Secret::new("k".repeat(64)));
    assert!(Settings::load(layer, Some(&file)).is_ok());
}
