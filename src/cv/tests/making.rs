//! P3–P6: the tasks that end with one new CV.

use super::harness::World;
use estafette_protocol::ErrorCode;
use serde_json::{Value, json};

/// A CV as a PDF: what the product exports itself.
async fn pdf(person: &super::harness::Person) -> Vec<u8> {
    use base64::Engine as _;
    let jane: Value = serde_json::from_str(include_str!("../../demo/cvs/en-jane-developer-complete.json")).unwrap();
    let made = person.ok("cv.create", json!({"content": jane})).await;
    let exported = person
        .ok("cv.export", json!({"id": made["summary"]["id"].as_str().or(made["id"].as_str()), "format": "pdf"}))
        .await;
    assert_eq!(exported["mime_type"], "application/pdf");
    base64::engine::general_purpose::STANDARD.decode(exported["base64"].as_str().unwrap()).unwrap()
}

async fn uploaded(world: &World, person: &super::harness::Person, id: &str, bytes: &[u8]) {
    let client = world.database.connect().await;
    let size = i32::try_from(bytes.len()).unwrap();
    client
        .execute(
            "INSERT INTO cv.uploads (id, user_id, kind, filename, mime_type, size_bytes, sha256, bytes, expires_at)
             VALUES ($1, $2, 'cv_pdf', 'jane.pdf', 'application/pdf', $3, 'x', $4, now() + interval '1 hour')",
            &[&id, &person.who.user.as_str(), &size, &bytes],
        )
        .await
        .unwrap();
}

#[actix::test]
async fn p3_r13_an_exported_pdf_is_imported_again_with_its_facts() {
    let world = World::start_with_brain().await;
    let ana = world.person("ana").await;
    let bytes = pdf(&ana).await;
    uploaded(&world, &ana, "upload1", &bytes).await;
    let done = ana.run("cv.import", json!({"upload_id": "upload1"})).await;
    assert_eq!(done["task"]["status"], "completed", "{done:#}");
    let id = done["task"]["result"]["cv_id"].as_str().unwrap().to_owned();
    let file = ana.get(&id).await["file"].clone();
    assert_eq!(
        (&file["source_type"], &file["created_by"], &file["source_value"], &file["language"]),
        (&json!("pdf"), &json!("import-pdf"), &json!("jane.pdf"), &json!("en"))
    );
    // R47.
    assert_eq!(file["created_with_credit"], true);
    let jane: Value = serde_json::from_str(include_str!("../../demo/cvs/en-jane-developer-complete.json")).unwrap();
    let content = &file["content"];
    assert_eq!(content["basics"]["name"], jane["basics"]["name"]);
    assert_eq!(content["basics"]["email"], jane["basics"]["email"]);
    let of = |cv: &Value, field: &str| -> Vec<String> {
        cv["work"].as_array().unwrap().iter().map(|one| one[field].as_str().unwrap_or_default().to_owned()).collect()
    };
    for field in ["name", "position"] {
        assert_eq!(of(content, field), of(&jane, field), "{content:#}");
    }
    assert_eq!(ana.balance().await, 4);
}

#[actix::test]
async fn p3_r46_a_pdf_that_cannot_be_read_says_why_and_gives_the_unit_back() {
    let world = World::start_with_brain().await;
    let ana = world.person("ana").await;
    for (id, bytes, code) in [
        ("broken", b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n".to_vec(), "pdf_broken"),
        ("words", b"%PDF-1.7 and nothing else".to_vec(), "not_a_pdf"),
    ] {
        uploaded(&world, &ana, id, &bytes).await;
        let done = ana.run("cv.import", json!({"upload_id": id})).await;
        assert_eq!(
            (&done["task"]["status"], &done["task"]["result"]["error_code"]),
            (&json!("failed"), &json!(code)),
            "{done:#}"
        );
        assert!(done["task"]["error"].as_str().unwrap().contains("upload"), "{done:#}");
        assert_eq!(done["task"]["credits_refunded"], 1);
    }
    assert_eq!(ana.balance().await, 5);
    assert_eq!(ana.refused("cv.import", json!({"upload_id": "nobodys"})).await, ErrorCode::NotFound);
}

#[actix::test]
async fn p4_r14_a_translation_is_a_cv_of_its_own_that_knows_where_it_came_from() {
    let world = World::start_with_brain().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let text = include_str!("../../demo/jobs/en-cds-platform-sre.md");
    let offer = ana.ok("job_offer.create", json!({"text": text})).await["id"].clone();
    ana.ok("cv.set_offer", json!({"id": cv, "job_offer_id": offer})).await;
    assert_eq!(ana.refused("cv.translate", json!({"id": cv, "language": "xx"})).await, ErrorCode::BadRequest);
    let done = ana.run("cv.translate", json!({"id": cv, "language": "fr"})).await;
    assert_eq!(done["task"]["status"], "completed", "{done:#}");
    let id = done["task"]["result"]["cv_id"].as_str().unwrap().to_owned();
    let (file, source) = (ana.get(&id).await["file"].clone(), ana.get(&cv).await["file"].clone());
    for field in ["source_type", "source_value", "job_offer_id"] {
        assert_eq!(file[field], source[field], "{field}");
    }
    assert_eq!(
        (&file["is_translated"], &file["language"], &file["created_by"], &file["original_created_by"]),
        (&json!(true), &json!("fr"), &json!("translate-cv"), &source["created_by"])
    );
    let content = &file["content"];
    assert_eq!((&content["basics"]["label"], &content["basics"]["name"]), (&json!("Développeur"), &json!("Ana Gil")));
    assert_eq!(content["custom"], json!({"kept": true}), "keys that the format does not know stay");
    assert_eq!(content["work"][0]["startDate"], "2020");
    assert_eq!(ana.refused("cv.translate", json!({"id": id, "language": "fr"})).await, ErrorCode::BadRequest);
    // The rules write English and French: what they cannot do fails and costs nothing.
    let before = ana.balance().await;
    let done = ana.run("cv.translate", json!({"id": cv, "language": "de"})).await;
    assert_eq!(done["task"]["status"], "failed");
    assert_eq!(ana.balance().await, before);
    // A translation of a translation names the first.
    let done = ana.run("cv.translate", json!({"id": id, "language": "en"})).await;
    let third = ana.get(done["task"]["result"]["cv_id"].as_str().unwrap()).await["file"].clone();
    assert_eq!(third["content"]["basics"]["label"], "Developer");
}

#[actix::test]
async fn p5_a_template_costs_no_credit() {
    let world = World::start_with_brain().await;
    let ana = world.person("ana").await;
    let done = ana.run("cv.create_template", json!({"language": "fr", "template": "developer"})).await;
    assert_eq!(done["task"]["status"], "completed", "{done:#}");
    let file = ana.get(done["task"]["result"]["cv_id"].as_str().unwrap()).await["file"].clone();
    assert_eq!(
        (&file["source_type"], &file["created_by"], &file["language"]),
        (&json!("manual"), &json!("create-template-cv"), &json!("fr"))
    );
    assert_eq!(file["content"]["basics"]["email"], "ana@example.com");
    assert_eq!(ana.balance().await, 5);
    assert_eq!(
        ana.refused("cv.create_template", json!({"language": "fr", "template": "x"})).await,
        ErrorCode::BadRequest
    );
}

#[actix::test]
async fn p6_a_cv_for_a_job_title() {
    let world = World::start_with_brain().await;
    let ana = world.person("ana").await;
    assert_eq!(ana.refused("cv.from_job_title", json!({"title": "7", "language": "en"})).await, ErrorCode::BadRequest);
    let done = ana.run("cv.from_job_title", json!({"title": "  Backend   developer ", "language": "en"})).await;
    assert_eq!(done["task"]["status"], "completed", "{done:#}");
    let file = ana.get(done["task"]["result"]["cv_id"].as_str().unwrap()).await["file"].clone();
    assert_eq!(
        (&file["source_type"], &file["source_value"], &file["created_by"]),
        (&json!("generation"), &json!("Backend developer"), &json!("generate-cv-from-job-title"))
    );
    assert!(file["content"]["skills"][0]["keywords"].as_array().unwrap().contains(&json!("PostgreSQL")), "{file:#}");
    assert_eq!(ana.balance().await, 4);
}

#[actix::test]
async fn r19_a_blocked_cv_is_neither_translated_nor_exported() {
    let world = World::start_with_brain().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let client = world.database.connect().await;
    let sql = "UPDATE cv.cv_files SET blocked = true, blocked_at = now(), blocked_reason = 'plan_limit' WHERE id = $1";
    client.execute(sql, &[&cv]).await.unwrap();
    for (method, params) in [
        ("cv.translate", json!({"id": cv, "language": "fr"})),
        ("cv.export", json!({"id": cv, "format": "pdf"})),
        ("cv.export", json!({"id": cv, "format": "json"})),
    ] {
        let refused = ana.call(method, params).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Forbidden, "{method}");
        assert_eq!(refused.details.unwrap()["blocked_reason"], "plan_limit");
    }
    // It can still be read and deleted.
    assert_eq!(ana.get(&cv).await["file"]["blocked"], true);
    ana.ok("cv.delete", json!({"id": cv})).await;
}

#[actix::test]
async fn r41_an_export_that_the_plan_has_not_is_refused() {
    let world = World::start_with_brain().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let client = world.database.connect().await;
    let off = "UPDATE cv.subscription_plan_feature_limits SET is_enabled = false WHERE feature_name = 'export_cv'";
    client.execute(off, &[]).await.unwrap();
    for format in ["pdf", "json"] {
        assert_eq!(ana.refused("cv.export", json!({"id": cv, "format": format})).await, ErrorCode::Forbidden);
    }
}

#[actix::test]
async fn r21_the_name_of_an_export_template_is_unique_per_person() {
    let world = World::start_with_brain().await;
    let (ana, bob) = (world.person("ana").await, world.person("bob").await);
    let params = json!({"name": " Short ", "design": "modern", "selections": {"projects": {"enabled": false}}});
    let made = ana.ok("export_template.create", params.clone()).await;
    assert_eq!((&made["name"], &made["design"]), (&json!("Short"), &json!("modern")));
    assert_eq!(ana.refused("export_template.create", params.clone()).await, ErrorCode::Conflict);
    bob.ok("export_template.create", params).await;
    let other = ana.ok("export_template.create", json!({"name": "Long"})).await;
    assert_eq!(
        ana.refused("export_template.update", json!({"id": other["id"], "name": "Short"})).await,
        ErrorCode::Conflict
    );
    assert_eq!(bob.refused("export_template.get", json!({"id": made["id"]})).await, ErrorCode::NotFound);
    assert_eq!(
        ana.refused("export_template.create", json!({"name": "X", "selections": {"jobs": {"enabled": true}}})).await,
        ErrorCode::BadRequest
    );
    // What was chosen is in the document.
    let cv = ana.cv().await;
    let whole = ana.ok("cv.export", json!({"id": cv, "format": "json"})).await;
    let chosen = ana.ok("cv.export", json!({"id": cv, "format": "json", "template_id": made["id"]})).await;
    assert!(whole["document"].get("projects").is_some() && chosen["document"].get("projects").is_none());
    assert_eq!(bob.refused("cv.export", json!({"id": cv, "format": "json"})).await, ErrorCode::NotFound);
    let listed = ana.ok("export_template.list", json!({})).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    ana.ok("export_template.delete", json!({"id": made["id"]})).await;
    assert_eq!(ana.refused("export_template.get", json!({"id": made["id"]})).await, ErrorCode::NotFound);
}

#[actix::test]
async fn r20_a_cv_that_is_being_translated_cannot_be_deleted() {
    let world = World::start_with_slow_brain().await;
    let ana = world.person("ana").await;
    let cv = ana.cv().await;
    let started = ana.ok("cv.translate", json!({"id": cv, "language": "fr"})).await;
    assert_eq!(ana.refused("cv.delete", json!({"id": cv})).await, ErrorCode::Conflict);
    ana.ok("task.cancel", json!({"id": started["task_id"]})).await;
    // R46: cancelled, and paid back once.
    assert_eq!(ana.balance().await, 5);
    ana.ok("cv.delete", json!({"id": cv})).await;
}
