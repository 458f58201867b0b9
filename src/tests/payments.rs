//! The whole way of a payment, with a server, a scripted Stripe whose webhooks come in the wrong order and twice, and a
//! person who clicks.

use crate::support::eventually;
use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::socket::{Heard, Socket};
use estafette::stripe::scripted::{Options, ScriptedStripe};
use serde_json::{Value, json};

const KEY: &str = "sk_test_that_must_not_be_told";
const SECRET: &str = "whsec_that_must_not_be_told";

/// A browser that does not follow: the address of a page's answer.
async fn click(url: &str, form: Option<&str>) -> (u16, String, String) {
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = match form {
        None => http.get(url),
        Some(form) => http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form.to_owned()),
    };
    let answer = request.send().await.unwrap();
    let to = answer.headers().get("location").map_or_else(String::new, |to| to.to_str().unwrap().to_owned());
    (answer.status().as_u16(), to, answer.text().await.unwrap())
}

#[actix_web::test]
async fn a_person_buys_a_pack_subscribes_and_ends_it_and_every_device_hears_of_it() {
    let stripe = ScriptedStripe::start(Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        key: KEY.to_owned(),
        webhook_secret: SECRET.to_owned(),
        webhook_url: None,
        unruly: true,
    })
    .unwrap();
    let database = estafette::testing::database().await;
    let server = Server::on(
        &database.url(),
        &[
            ("STRIPE_SECRET_KEY", KEY),
            ("STRIPE_WEBHOOK_SECRET", SECRET),
            ("STRIPE_BASE_URL", &stripe.base_url()),
            ("ESTAFETTE_PUBLIC_URL", "https://app.example.org"),
            ("ESTAFETTE_LOG_LEVEL", "debug,estafette=trace"),
        ],
    );
    stripe.deliver_to(&server.url("/v1/cv/stripe/webhook"));
    let root = Person::sign_up(&server, "root").await;
    let sql = "UPDATE cv.users SET role = 'ADMIN' WHERE id = $1";
    database.db().execute(sql, &[&root.id]).await.unwrap();
    let root = Person::sign_in(&server, "root").await;
    let pack = json!({"name": "Twenty", "credit_amount": 20, "price": 9.99});
    let pack = root.post("/v1/cv/admin/credit-packs", pack).await.ok()["id"].clone();
    let plan = json!({"name": "pro", "tier": 2, "price_monthly": 15, "stripe_price_id_monthly": "price_pro"});
    let plan = root.post("/v1/cv/admin/plans", plan).await.ok()["id"].clone();

    let nobody = Person::nobody(&server);
    assert_eq!(nobody.get("/v1/cv/credit-packs").await.ok()[0]["price"], 9.99, "for everybody");
    assert_eq!(nobody.get("/v1/cv/plans").await.ok()[1]["name"], "pro");
    nobody.post("/v1/cv/stripe/webhook", json!({"id": "evt_x", "type": "x"})).await.refused(
        400,
        "bad_request",
        "Stripe-Signature",
    );

    let ana = Person::sign_up(&server, "ana").await;
    let mut phone = Socket::hello_as(&server, &ana.token, "estafette.v1.json", "ana.phone").await;
    phone.follow(&format!("user:{}", ana.id)).await;
    let checkout = ana.post("/v1/cv/credits/checkout", json!({"credit_pack_id": pack})).await.ok();
    let page = checkout["url"].as_str().unwrap();
    let (status, _, text) = click(page, None).await;
    assert!(status == 200 && text.contains("9.99 EUR") && text.contains("id=\"pay\""), "{text}");
    let (status, to, _) = click(page, Some("")).await;
    assert_eq!((status, to.as_str()), (303, "https://app.example.org/credits?checkout=done"));
    eventually("the credits", async || {
        let balance = ana.balance().await;
        if balance == 25 { Ok(()) } else { Err(balance.to_string()) }
    })
    .await;
    assert!(click(page, None).await.2.contains("This checkout is over"));

    let subscribe = ana.post("/v1/cv/subscription/checkout", json!({"plan_id": plan})).await.ok();
    click(subscribe["url"].as_str().unwrap(), Some("")).await;
    let status = async |want: &str| {
        eventually("the subscription", async || {
            let view = ana.get("/v1/cv/subscription").await.ok();
            if view["status"] == want { Ok(view) } else { Err(view.to_string()) }
        })
        .await
    };
    assert_eq!(status("active").await["plan_name"], "pro");
    let portal = ana.post("/v1/cv/subscription/portal", json!({})).await.ok();
    let portal = portal["url"].as_str().unwrap().to_owned();
    assert!(click(&portal, None).await.2.contains("price_pro"));
    assert_eq!(click(&portal, Some("act=fail")).await.0, 303);
    status("past_due").await;
    assert_eq!(click(&portal, Some("act=renew")).await.0, 303);
    status("active").await;
    assert_eq!(ana.post("/v1/cv/subscription/cancel", json!({})).await.ok()["cancel_at_period_end"], true);
    assert_eq!(click(&portal, Some("act=end")).await.0, 303);
    assert_eq!(status("canceled").await["plan_name"], "free");

    // Everything was heard on the phone, the last state last.
    let mut kinds = Vec::new();
    loop {
        let Heard::Message(message) = phone.hear().await else { panic!("the socket ended") };
        if message["t"] == "ev" {
            kinds.push(message["kind"].as_str().or(message["k"].as_str()).unwrap_or_default().to_owned());
            let data = message.get("data").or(message.get("d")).cloned().unwrap_or(Value::Null);
            if data["status"] == "canceled" {
                break;
            }
        }
    }
    assert!(kinds.iter().any(|kind| kind == "credits.changed"), "{kinds:?}");
    let root_list = root.get("/v1/cv/admin/stripe-webhooks?limit=100&processed=true").await.ok();
    assert!(root_list["items"].as_array().unwrap().len() > 10);
    // Of one that comes late, its news may be here before it is.
    eventually("all webhooks to be processed", async || {
        let waiting = root.get("/v1/cv/admin/stripe-webhooks?processed=false").await.ok();
        if waiting["items"] == json!([]) { Ok(()) } else { Err(waiting.to_string()) }
    })
    .await;
    let log = server.log();
    assert!(!log.contains(KEY) && !log.contains(SECRET), "secrets in the log");
}
