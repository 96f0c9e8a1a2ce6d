//! Reading the body of a request, which may be too large.

use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use crate::errors::Problem;

/// The largest message.
pub(crate) const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
/// How much of a body that is too large is read anyway, because a client that is still sending does not see the answer.
const MAX_DRAINED_BYTES: usize = 16 * 1024 * 1024;

/// A body of `most` bytes at most.
pub(crate) async fn whole(body: Body, most: usize) -> Result<Bytes, Problem> {
    let mut kept = BytesMut::new();
    let mut length = 0_usize;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "the body was cut off"))?;
        length = length.saturating_add(chunk.len());
        if length <= most {
            kept.extend_from_slice(&chunk);
        } else if length > MAX_DRAINED_BYTES {
            break;
        }
    }
    if length > most {
        let told = format!("a body has {most} bytes at most here");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, told));
    }
    Ok(kept.freeze())
}
