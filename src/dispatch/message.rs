//! What a receiver is sent: a CloudEvent (1.0, structured mode) and its signature.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::{
    domain::{text::hexadecimal, webhooks::Delivery},
    http::changes::{self, ChangeView},
    service::changes::Change,
};

/// The media type of an event.
pub(super) const MEDIA_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// A delivery as a CloudEvent. Its id is the same whenever it is tried, so that a receiver knows it again.
pub(super) fn event(delivery: &Delivery, change: Change) -> String {
    let at = change.at;
    let data: ChangeView = changes::view(change);
    json!({
        "specversion": "1.0",
        "id": delivery.id,
        "source": "/api/v1/changes",
        "type": format!("vn.chiso.{}.{}", delivery.resource, data.action),
        "subject": delivery.record_id,
        "time": at,
        "datacontenttype": "application/json",
        "data": data,
    })
    .to_string()
}

/// The signature of a body sent at a second: `t=1767600000,v1=…`, HMAC-SHA-256 over `1767600000.` and the body.
pub(super) fn signature(secret: &str, seconds: i64, body: &str) -> String {
    // Every length of a key is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{seconds}.{body}").as_bytes());
    let bytes = mac.finalize().into_bytes();
    let hex = hexadecimal(&bytes);
    format!("t={seconds},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn a_signature_is_what_other_tools_compute() {
        // printf '1767600000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let want = "t=1767600000,v1=66521ae3111c7a2310977bc517bcb5263311e0cb5fe0d55d731b78d67da46b75";
        assert_eq!(signature("0123456789abcdef", 1_767_600_000, "{}"), want);
    }
}
