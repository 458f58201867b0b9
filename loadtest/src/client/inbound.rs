//! What arrives: answers find their request, events and snapshots their track, and everything the observer.

use super::connection::{Connection, Pending};
use crate::check::Check;
use crate::check::history::Track;
use estafette_protocol::{ErrorCode, Position, RequestId, ServerMessage, Topic};
use serde_json::Value;
use std::time::{Duration, Instant};

use super::CallFailure;

/// What to do after a batch.
pub(super) enum After {
    /// Go on.
    Stay,
    /// Leave, and come back after a time.
    Reconnect(Duration),
}

impl Connection {
    /// Takes a batch.
    pub(super) fn inbound(&mut self, messages: Vec<ServerMessage>, at: Instant) -> After {
        let mut after = After::Stay;
        for message in messages {
            match &message {
                ServerMessage::Followed { id, topic, epoch, seq } => {
                    if !matches!(self.pending.get(id), Some(Pending::Call(_))) {
                        let what = format!("{topic} is followed for {id}, which is no call on its way");
                        self.config.findings.broken(Check::WellFormed, what);
                    }
                    let track = Track::followed(topic.clone(), Position { epoch: *epoch, seq: *seq });
                    self.shared.tracks.lock().insert(topic.clone(), track);
                }
                ServerMessage::Snap { topic, epoch, seq, .. } => {
                    self.track(topic, |track| track.snapshot(*epoch, *seq))
                }
                ServerMessage::Ev { topic, seq, .. } => {
                    self.shared.stats.lock().events += 1;
                    self.track(topic, |track| track.event(*seq));
                }
                ServerMessage::Live { .. } => self.shared.stats.lock().volatile += 1,
                ServerMessage::Mark { heads } => {
                    self.shared.stats.lock().marks += 1;
                    for (topic, head) in heads {
                        let mut tracks = self.shared.tracks.lock();
                        if let Some(Err(broken)) = tracks.get_mut(topic).map(|track| track.mark(*head)) {
                            self.config.findings.broken(Check::Contiguous, broken.to_string());
                        }
                    }
                }
                ServerMessage::Expiring { .. } => self.reauthenticate = true,
                ServerMessage::Revoked { topic, message } => {
                    self.shared.tracks.lock().remove(topic);
                    self.config.findings.broken(Check::StaysOpen, format!("{topic} was revoked: {message}"));
                }
                ServerMessage::Drain { reconnect_after_ms } => {
                    after = After::Reconnect(Duration::from_millis((*reconnect_after_ms).into()));
                }
                ServerMessage::Ok { .. }
                | ServerMessage::Err { .. }
                | ServerMessage::Pong { .. }
                | ServerMessage::Health { .. } => {}
                ServerMessage::Welcome { .. } => {
                    self.config.findings.broken(Check::WellFormed, "a second welcome");
                }
            }
            if let Some(observer) = &self.config.observer {
                observer.message(&message, at);
            }
            match message {
                ServerMessage::Ok { id, result } => self.answered(id, Ok(result.unwrap_or(Value::Null))),
                ServerMessage::Err { id, code, message, details, retry_after_ms } => {
                    self.answered(id, Err((CallFailure::Refused { code, message, details }, retry_after_ms)));
                }
                _ => {}
            }
        }
        after
    }

    fn track(&self, topic: &Topic, step: impl FnOnce(&mut Track) -> Result<(), crate::check::history::Broken>) {
        let mut tracks = self.shared.tracks.lock();
        let outcome = match tracks.get_mut(topic) {
            Some(track) => step(track).map_err(|broken| broken.to_string()),
            None => Err(format!("{topic} delivers, and nobody subscribed to it")),
        };
        drop(tracks);
        self.config.findings.see(Check::Contiguous, outcome);
    }

    fn answered(&mut self, id: RequestId, answer: Result<Value, (CallFailure, Option<u64>)>) {
        let Some(pending) = self.pending.remove(&id) else {
            self.config
                .findings
                .broken(Check::WellFormed, format!("an answer to {id}, which was not asked or was answered before"));
            return;
        };
        match (pending, answer) {
            (Pending::Subscribe(topic), Ok(_)) => {
                if let Some(track) = self.shared.tracks.lock().get_mut(&topic) {
                    track.answered();
                }
            }
            (Pending::Subscribe(topic), Err((failure, _))) => self.refused(topic, &failure),
            (Pending::Auth, Err((CallFailure::Refused { code, .. }, wait))) if code.is_retryable() => {
                let wait = wait.map_or(super::call::CALL_PAUSE, Duration::from_millis);
                self.reauthenticate_at = Some(Instant::now() + wait);
            }
            (Pending::Auth, Err((failure, _))) => {
                self.config.findings.broken(Check::StaysOpen, format!("a fresh token was refused: {failure}"));
            }
            (Pending::Auth, Ok(_)) => {}
            (Pending::Call(request), Ok(result)) => request.finish(Ok(result)),
            (Pending::Call(request), Err((failure, retry_after_ms))) => {
                let again = match &failure {
                    CallFailure::Refused { code, .. } => request.repeat_after(*code, retry_after_ms),
                    _ => None,
                };
                match again {
                    Some(pause) => {
                        self.later.insert((Instant::now() + pause, id), request);
                    }
                    None => request.finish(Err(failure)),
                }
            }
        }
    }

    /// A subscription was refused: one that may be tried again makes the connection resume, any other is a fault.
    fn refused(&mut self, topic: Topic, failure: &CallFailure) {
        let code = match failure {
            CallFailure::Refused { code, .. } => Some(*code),
            _ => None,
        };
        if code.is_some_and(ErrorCode::is_retryable) {
            self.resubscribe.push((Instant::now() + super::call::CALL_PAUSE, topic));
        } else {
            self.shared.tracks.lock().remove(&topic);
            self.config.findings.broken(Check::StaysOpen, format!("{topic} was refused: {failure}"));
        }
    }
}
