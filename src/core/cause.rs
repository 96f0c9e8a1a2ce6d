//! Why a connection ended, and what that means.
//!
//! Peers treat every failure as fatal, or none (`js-peers.md`, 0.6). Here each gets one of three
//! verdicts, over HTTP statuses and WebSocket close codes alike:
//!
//! | failure | verdict |
//! | --- | --- |
//! | network error, timeout, silence, end of stream | retry |
//! | 408, 425, 429, 5xx | retry, after `Retry-After` where it is given |
//! | 401; close codes 1008, 4401 | refresh the credentials, then retry |
//! | 204 (on SSE: the standard's way to say "stop"), any other status | stop |
//! | close codes 1002, 1003, 1007, 1009, 1010, 4403 | stop |
//! | any other close code, 1000 included (proxies send it) | retry |
//! | wrong content type, a wire's rules broken, a limit passed | stop |

use core::{fmt, time::Duration};

use super::{text::Text, time::Millis, types::Transport};

/// In which way it went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The network, or something that a browser does not tell from it (a CORS refusal, a refused upgrade).
    Network,
    /// No connection within the connect timeout.
    Timeout,
    /// An open connection from which nothing came for too long.
    Silence,
    /// An HTTP status.
    Status,
    /// A response of another content type than the wire's.
    ContentType,
    /// A WebSocket close code, or the ordinary end of a stream.
    Close,
    /// The application's URL or credentials provider failed.
    Provider,
    /// The other side broke the rules of the wire.
    Protocol,
    /// A limit on size was passed.
    Overflow,
    /// The application asked for it.
    Application,
    /// The host has no transport that could be used.
    Unusable,
}

impl Kind {
    /// The name that JavaScript and the documentation use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Silence => "silence",
            Self::Status => "status",
            Self::ContentType => "content-type",
            Self::Close => "close",
            Self::Provider => "provider",
            Self::Protocol => "protocol",
            Self::Overflow => "overflow",
            Self::Application => "application",
            Self::Unusable => "unusable",
        }
    }
}

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Try again.
    Retry,
    /// Get new credentials, then try again; without a provider of credentials: stop.
    Refresh,
    /// Never try again.
    Stop,
}

/// Where and why it went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cause {
    /// In which way.
    pub kind: Kind,
    /// Over which transport.
    pub transport: Option<Transport>,
    /// The server answers, and its CORS headers do not let the page read that. Known only where the page may ask once more to find out.
    pub refused: bool,
    /// The HTTP status; 0 where there was none.
    pub status: u16,
    /// The WebSocket close code; 0 where there was none.
    pub code: u16,
    /// The close reason, the content type that came, or what the host said; empty where there were no words.
    pub reason: Text,
    /// See the function of the same name: in the core, a span has a type of its own.
    #[doc(hidden)]
    pub retry_after: Option<Millis>,
}

// It goes through many hands, and is made in a box for that: to move all of it from one to the next was 3 % of the package's module.
impl Cause {
    /// A cause of this kind, with nothing more known.
    #[must_use]
    pub fn new(kind: Kind) -> Box<Self> {
        let reason = Text::default();
        Box::new(Self { kind, transport: None, refused: false, status: 0, code: 0, reason, retry_after: None })
    }

    /// An HTTP status that is not what the wire needs.
    #[must_use]
    pub fn status(status: u16, retry_after: Option<Millis>) -> Box<Self> {
        let mut cause = Self::new(Kind::Status);
        cause.status = status;
        cause.retry_after = retry_after;
        cause
    }

    /// A WebSocket close.
    #[must_use]
    pub fn close(code: u16, reason: impl Into<Text>) -> Box<Self> {
        let mut cause = Self::new(Kind::Close).because(reason);
        cause.code = code;
        cause
    }

    /// The same, with words.
    #[must_use]
    pub fn because(mut self: Box<Self>, reason: impl Into<Text>) -> Box<Self> {
        self.reason = reason.into();
        self
    }

    /// Is it certain that the server did not act on the request? Then even one is repeated that must not be done twice.
    #[must_use]
    pub const fn was_not_acted_on(&self) -> bool {
        match self.kind {
            Kind::Provider | Kind::Unusable => true,
            Kind::Status => matches!(self.status, 401 | 425 | 429 | 503),
            _ => false,
        }
    }

    /// The server's wish, from `Retry-After`: how long to wait before the next try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after.map(|span| Duration::from_millis(span.0))
    }

    /// What it means.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self.kind {
            Kind::Network | Kind::Timeout | Kind::Silence | Kind::Provider => Verdict::Retry,
            Kind::Status => match self.status {
                408 | 425 | 429 | 500..=599 => Verdict::Retry,
                401 => Verdict::Refresh,
                _ => Verdict::Stop,
            },
            Kind::Close => match self.code {
                1002 | 1003 | 1007 | 1009 | 1010 | 4403 => Verdict::Stop,
                1008 | 4401 => Verdict::Refresh,
                _ => Verdict::Retry,
            },
            Kind::ContentType | Kind::Protocol | Kind::Overflow | Kind::Application | Kind::Unusable => Verdict::Stop,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Network => f.write_str("the network failed, or the browser does not say more")?,
            Kind::Timeout => f.write_str("no answer within the connect timeout")?,
            Kind::Silence => f.write_str("nothing came within the silence, first-byte or heartbeat timeout")?,
            Kind::Status => write!(f, "the server answered with status {}", self.status)?,
            Kind::ContentType => f.write_str("expected content type text/event-stream, the server sent")?,
            Kind::Close if self.code == 0 => f.write_str("the stream ended")?,
            Kind::Close => write!(f, "the server closed with code {}", self.code)?,
            Kind::Provider => f.write_str("the application's provider failed")?,
            Kind::Protocol => f.write_str("the server broke the wire's rules")?,
            Kind::Overflow => f.write_str("a line or an event is longer than the limit")?,
            Kind::Application => f.write_str("the application asked for it")?,
            Kind::Unusable => f.write_str("this host has no transport that the wire can use")?,
        }
        if !self.reason.is_empty() {
            write!(f, ": {}", self.reason)?;
        }
        if let Some(transport) = self.transport {
            write!(f, " ({})", transport.as_str())?;
        }
        Ok(())
    }
}

impl std::error::Error for Cause {}
