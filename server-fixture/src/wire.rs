//! The bytes of one connection, where the faults that no HTTP library offers are made: cutting without a goodbye, writing byte by
//! byte, cutting inside a UTF-8 character, writing nothing at all. Below hyper and the WebSocket code, so that one
//! implementation serves every transport.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::connections::{Connection, Connections};

/// How bytes are handed to the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pace {
    #[default]
    AsTheyCome,
    /// One byte for each write.
    Trickle,
    /// Each write ends behind the first byte of a multi-byte character, if there is one.
    CutUtf8,
    /// Nothing is written.
    Mute,
}

/// After a cut the rest waits this long, so that the reader really sees two chunks.
const BETWEEN_CUTS: Duration = Duration::from_millis(1);

type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A TCP stream under the control of its [`Connection`].
pub(crate) struct Wire {
    stream: TcpStream,
    connection: Arc<Connection>,
    connections: Arc<Connections>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    /// What the next write has to wait for.
    pause: Option<Pause>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, connection: Arc<Connection>, connections: Arc<Connections>) -> Self {
        let cut = Box::pin(connection.token().cancelled_owned());
        Self { stream, connection, connections, cut, pause: None }
    }

    pub(crate) fn no_delay(&self) -> io::Result<()> {
        self.stream.set_nodelay(true)
    }

    fn poll_cut(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }

    /// Ready when bytes may be written.
    fn poll_clear(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_cut(cx)?;
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            if self.connection.pace() == Pace::Mute {
                self.pause = Some(Box::pin(std::future::pending()));
            } else if self.connection.is_stalled() {
                self.pause = Some(Box::pin(self.connection.stall_over()));
            } else {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// How much of `bytes` goes into one write.
fn piece(pace: Pace, bytes: &[u8]) -> usize {
    let lead = |byte: &u8| *byte >= 0xc2;
    match pace {
        Pace::AsTheyCome | Pace::Mute => bytes.len(),
        Pace::Trickle => bytes.len().min(1),
        Pace::CutUtf8 => bytes.iter().position(lead).map_or(bytes.len(), |at| at.saturating_add(1)),
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll_cut(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_clear(cx))?;
        let pace = self.connection.pace();
        let length = piece(pace, bytes);
        let part = bytes.get(..length).unwrap_or(bytes);
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, part))?;
        match pace {
            Pace::Trickle => self.pause = Some(Box::pin(tokio::task::yield_now())),
            Pace::CutUtf8 if length < bytes.len() => {
                self.pause = Some(Box::pin(tokio::time::sleep(BETWEEN_CUTS)));
            }
            _ => {}
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_clear(cx))?;
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        if self.connection.ends_when_flushed() {
            self.connection.cut_softly();
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_cut(cx)?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.connection.is_reset() {
            // Closing then sends RST. Without it (the call can only fail on a dead socket) it would be FIN.
            let _ = self.stream.set_zero_linger();
        }
        self.connections.forget(self.connection.number());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_is_one_byte_for_each_write() {
        assert_eq!(piece(Pace::Trickle, b"abc"), 1);
        assert_eq!(piece(Pace::Trickle, b""), 0);
    }

    #[test]
    fn a_write_is_cut_behind_the_first_byte_of_the_first_long_character() {
        assert_eq!(piece(Pace::CutUtf8, "ab\u{e4}c\u{20ac}".as_bytes()), 3);
        // The rest of that write begins inside the character, and is cut in the next one.
        assert_eq!(piece(Pace::CutUtf8, b"\xa4c\xe2\x82\xac"), 3);
        assert_eq!(piece(Pace::CutUtf8, b"abc"), 3);
    }
}
