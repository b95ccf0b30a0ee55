//! Handing alerts from the outbox of a detector to whoever keeps them.
//!
//! A [`Delivery`] has a thread that takes alerts from the outbox, the oldest first,
//! gives them to a [`Sink`] and strikes off what that has taken. While the sink takes
//! nothing they wait, and events pass. The alerts of a rule leave in their order.
//!
//! An alert may leave before or after its event is stored. Who stores the events can
//! have alerts held for a moment, and [say](DeliveryHandle::settle) what became of
//! their events; that is written into the alerts.

mod alert_file;
mod courier;
mod delivery;
mod fill;
mod held;
mod outages;
mod sink;

pub use alert_file::AlertFile;
pub use delivery::{Delivery, DeliveryError, DeliveryHandle, DeliveryOptions, Tell};
pub use fill::EventFate;
pub use sink::{Handed, Outgoing, Sink, SinkTrouble};
