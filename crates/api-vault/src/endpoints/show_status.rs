//! `GET /v1/status`: how the server is: its logs, its files, its witnesses and its timestamps. Whoever may read the server's own
//! workspace may see it. Times are those that witnesses and authorities state; what is `null` is as it should be or is not used.

use std::collections::BTreeMap;
use std::sync::Arc;

use auth::Action;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Map, Value, json};
use tlog::seconds_text;

use crate::error::ApiError;
use crate::service::Service;

pub(crate) async fn get(State(service): State<Arc<Service>>, headers: HeaderMap) -> Result<Json<Value>, ApiError> {
    service.sign_in(&headers, Action::Read, &service.api.own_workspace)?;
    let vault = &service.api.vault;
    let anchors = &service.api.anchors;
    let status = vault.status();
    let witnessed = anchors.witnesses.as_ref().map(|witnesses| witnesses.witnessed_sizes()).unwrap_or_default();
    let log = |name: &String| {
        let log = status.logs.get(name).cloned().unwrap_or_default();
        json!({ "size": log.size, "publishedSize": log.published_size, "witnessedSize": witnessed.get(name) })
    };
    let logs: Map<String, Value> = vault.workspaces().iter().map(|name| (name.clone(), log(name))).collect();
    let flush_failure = vault.flush_failure().map(|failure| {
        json!({
            "workspace": failure.workspace,
            "table": failure.table,
            "why": failure.why,
            "failures": failure.n_failures,
        })
    });
    let witnesses = anchors.witnesses.as_ref().map(|witnesses| {
        let one = |one: anchors::WitnessStatus| json!({ "name": one.name, "cosigned": seen(&one.cosigned), "error": one.error });
        let all: Vec<Value> = witnesses.status().into_iter().map(one).collect();
        json!({ "stopped": witnesses.stopped().map(|stop| stop.to_string()), "witnesses": all })
    });
    let timestamps = anchors.timestamps.as_ref().map(|timestamps| {
        let status = timestamps.status();
        json!({ "stamped": seen(&status.stamped), "error": status.error })
    });
    Ok(Json(json!({
        "stopped": status.stopped.map(|stop| stop.to_string()),
        "logs": logs,
        "publishing": { "waiting": status.n_unpublished, "error": status.publish_error },
        "writeAheadLog": { "files": status.n_segments, "waiting": status.queue_len },
        "flushFailure": flush_failure,
        "anchors": { "witnesses": witnesses, "timestamps": timestamps },
    })))
}

/// Returns sizes and times by workspace.
fn seen(of: &BTreeMap<String, (u64, u64)>) -> Map<String, Value> {
    let one = |(size, time): &(u64, u64)| json!({ "size": size, "time": seconds_text(*time) });
    of.iter().map(|(workspace, seen)| (workspace.clone(), one(seen))).collect()
}
