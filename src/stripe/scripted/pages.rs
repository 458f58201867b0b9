//! Where people pay, and the portal: plain pages with buttons.

use super::State;
use super::api::refuse;
use super::book::{Book, Refusal};
use crate::stripe::form::Form;
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{self, ServiceConfig};
use serde::Deserialize;
use serde_json::Value;

/// Adds the pages.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/pay/{id}").route(web::get().to(checkout)).route(web::post().to(pay)))
        .service(web::resource("/portal/{customer}").route(web::get().to(portal)).route(web::post().to(change)));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn page(title: &str, body: &str) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <link rel=\"icon\" href=\"data:,\"><title>{title}</title><style>body{{font:16px/1.5 system-ui;max-width:28rem;margin:4rem auto;padding:0 1rem}}\
         button{{font:inherit;padding:.6rem 1.2rem;margin:.3rem 0}}</style><h1>{title}</h1>{body}\
         <p><small>A scripted endpoint: no money moves.</small></p></html>"
    ))
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn to(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, address.to_owned())).finish()
}

async fn checkout(id: web::Path<String>, state: web::Data<State>) -> HttpResponse {
    let session = state.book.lock().get(&id).cloned();
    let Some(session) = session.filter(|session| session["status"] == "open") else {
        return page("This checkout is over", "<p>Nothing is left to be paid here.</p>");
    };
    let amount = session["amount_total"].as_i64().unwrap_or(0);
    let back = escaped(text(&session, "cancel_url"));
    page(
        "Checkout",
        &format!(
            "<p>{}</p><p id=\"amount\">{}.{:02} {}</p><form method=\"post\"><button id=\"pay\" type=\"submit\">Pay</button>\
             </form><p><a id=\"cancel\" href=\"{back}\">Back without paying</a></p>",
            escaped(text(&session, "x_name")),
            amount / 100,
            amount % 100,
            escaped(&text(&session, "currency").to_uppercase()),
        ),
    )
}

/// Does something and sends what came of it.
async fn act(state: &State, work: impl FnOnce(&mut Book) -> Result<Value, Refusal>) -> Result<Value, Refusal> {
    let (outcome, events) = {
        let mut book = state.book.lock();
        let before = book.events().len();
        let outcome = work(&mut book);
        (outcome, book.events().get(before..).unwrap_or_default().to_vec())
    };
    // The person comes back after the events, as with Stripe most of the time.
    state.delivery.send(events).await;
    outcome
}

async fn pay(id: web::Path<String>, state: web::Data<State>) -> HttpResponse {
    match act(&state, |book| book.pay(&id)).await {
        Ok(session) => to(text(&session, "success_url")),
        Err(refusal) => refuse(&refusal),
    }
}

#[derive(Deserialize)]
struct Back {
    back: Option<String>,
}

fn subscription_of(state: &State, customer: &str) -> Option<Value> {
    let all = state.book.lock().all("subscription");
    all.into_iter().rfind(|subscription| subscription["customer"] == customer && subscription["status"] != "canceled")
}

async fn portal(customer: web::Path<String>, query: web::Query<Back>, state: web::Data<State>) -> HttpResponse {
    let back = escaped(query.back.as_deref().unwrap_or("/"));
    let leave = format!("<p><a id=\"back\" href=\"{back}\">Back</a></p>");
    let Some(subscription) = subscription_of(&state, &customer) else {
        return page("Your subscription", &format!("<p id=\"status\">none</p>{leave}"));
    };
    let button = |act: &str, words: &str| {
        format!("<form method=\"post\"><button id=\"{act}\" name=\"act\" value=\"{act}\">{words}</button></form>")
    };
    let ends = subscription["cancel_at_period_end"] == true;
    let price = subscription.pointer("/items/data/0/price/id").and_then(Value::as_str).unwrap_or_default();
    page(
        "Your subscription",
        &format!(
            "<p id=\"status\">{}{}</p><p id=\"price\">{}</p>{}{}{}{}{}<form method=\"post\"><input name=\"price\" \
             aria-label=\"Price\"> <button id=\"switch\" name=\"act\" value=\"switch\">Switch to this price</button></form>{leave}",
            escaped(text(&subscription, "status")),
            if ends { ", ends with the period" } else { "" },
            escaped(price),
            button("cancel", "Cancel at the end of the period"),
            button("resume", "Go on after all"),
            button("end", "End now"),
            button("fail", "Let the next payment fail"),
            button("renew", "Pay the next period"),
        ),
    )
}

async fn change(
    customer: web::Path<String>,
    query: web::Query<Back>,
    body: web::Bytes,
    state: web::Data<State>,
) -> HttpResponse {
    let form = Form::decode(&body);
    let Some(subscription) = subscription_of(&state, &customer) else {
        return page("Your subscription", "<p id=\"status\">none</p>");
    };
    let id = text(&subscription, "id").to_owned();
    let price = form.get("price").unwrap_or_default().to_owned();
    let cancel = |word: &str| Form::new().set("cancel_at_period_end", word);
    let outcome = match form.get("act") {
        Some("cancel") => act(&state, |book| book.update(&id, &cancel("true"))).await,
        Some("resume") => act(&state, |book| book.update(&id, &cancel("false"))).await,
        Some("end") => act(&state, |book| book.end(&id)).await,
        Some("fail") => act(&state, |book| book.renew(&id, false)).await,
        Some("renew") => act(&state, |book| book.renew(&id, true)).await,
        _ => act(&state, |book| book.update(&id, &Form::new().set("items[0][price]", price))).await,
    };
    match outcome {
        Ok(_) => {
            let back: String =
                url::form_urlencoded::byte_serialize(query.back.as_deref().unwrap_or("/").as_bytes()).collect();
            to(&format!("/portal/{customer}?back={back}"))
        }
        Err(refusal) => refuse(&refusal),
    }
}
