//! What a WebSocket is opened with: values, and what the application provides anew for each attempt.

use super::provider::Provider;

/// How to open the WebSockets of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handshake {
    /// An absolute URL, `ws` or `wss`. Empty where there is no WebSocket.
    pub url: String,
    /// Gives such a one, in its place.
    pub url_provider: Option<Provider<String>>,
    /// The application's subprotocols, best first.
    pub protocols: Vec<String>,
    /// Gives them, in their place.
    pub protocols_provider: Option<Provider<Vec<String>>>,
}

impl Handshake {
    /// Need it not wait for anything?
    pub(super) const fn is_ready(&self) -> bool {
        self.url_provider.is_none() && self.protocols_provider.is_none()
    }

    /// The same, with what the application provides in its place.
    pub(super) async fn prepare(mut self) -> Result<Self, String> {
        if let Some(provider) = self.url_provider.take() {
            self.url = provider.ask().await?;
        }
        if let Some(provider) = self.protocols_provider.take() {
            self.protocols = provider.ask().await?;
        }
        Ok(self)
    }
}
