//! What the application provides asynchronously, anew whenever it is needed.

use std::{
    fmt,
    future::{Future, ready},
    pin::Pin,
    rc::Rc,
};

use super::guard::{guarded, guarded_work};

/// In place of the words of a function that did not come to say any.
const PANICKED: &str = "the function panicked";

/// What a provider promises: the value, or words on why there is none.
pub(crate) type Answer<T> = Pin<Box<dyn Future<Output = Result<T, String>>>>;

/// An asynchronous function of the application's, called anew whenever what it provides is needed.
pub(crate) struct Provider<T>(Rc<dyn Fn() -> Answer<T>>);

impl<T: 'static> Provider<T> {
    /// Provides what the futures of `provide` give, made into what is needed, or the words on why that cannot be.
    pub(crate) fn new<Given, Error, Work>(
        provide: impl Fn() -> Work + 'static,
        make: impl Fn(Given) -> Result<T, String> + Copy + 'static,
    ) -> Self
    where
        Work: Future<Output = Result<Given, Error>> + 'static,
        Error: fmt::Display,
    {
        Self(Rc::new(move || {
            let Some(work) = guarded(&provide).map(Box::pin) else {
                return Box::pin(ready(Err(String::from(PANICKED))));
            };
            Box::pin(async move {
                let given = guarded_work(work).await.ok_or_else(|| String::from(PANICKED))?;
                given.map_err(|error| error.to_string()).and_then(make)
            })
        }))
    }

    /// The same, with what it gives made into something else, or the words on why that cannot be.
    #[must_use]
    pub(crate) fn map<Made: 'static>(
        self,
        make: impl Fn(T) -> Result<Made, String> + Copy + 'static,
    ) -> Provider<Made> {
        Provider::new(move || self.ask(), make)
    }

    /// Asks the application. It may do anything, so nothing may be borrowed.
    pub(super) fn ask(&self) -> Answer<T> {
        (self.0)()
    }
}

// Not derived, which would ask for the same of `T`.
impl<T> Clone for Provider<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Provider<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").finish_non_exhaustive()
    }
}
