//! Debug output without the bytes: they hold numbers, names and keys.

use std::fmt;

use super::{Input, Output};

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Datagram { flow, bytes } => write!(f, "Datagram({} from {flow:?})", bytes.len()),
            Self::Stream { flow, bytes } => write!(f, "Stream({} from {flow:?})", bytes.len()),
            Self::StreamClosed { flow } => write!(f, "StreamClosed({flow:?})"),
            Self::Request { owner, id, request, flow } => {
                write!(f, "Request({owner:?} {id:?} {request:?} to {flow:?})")
            }
            Self::Cancel { owner, id } => write!(f, "Cancel({owner:?} {id:?})"),
            Self::Quieten { owner, id } => write!(f, "Quieten({owner:?} {id:?})"),
            Self::AckFor2xx { flow, .. } => write!(f, "AckFor2xx(to {flow:?})"),
            Self::Challenge { transaction, response } | Self::Respond { transaction, response } => {
                write!(f, "Respond({transaction:?} {response:?})")
            }
            Self::Adopt { transaction, owner } => write!(f, "Adopt({transaction:?} by {owner:?})"),
            Self::Bind { owner, .. } => write!(f, "Bind(to {owner:?})"),
            Self::Unbind { .. } => f.write_str("Unbind"),
            Self::Forget { owner } => write!(f, "Forget({owner:?})"),
            Self::Refuse { transaction } => write!(f, "Refuse({transaction:?})"),
            Self::Draining(on) => write!(f, "Draining({on})"),
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transmit { flow, bytes } => write!(f, "Transmit({} to {flow:?})", bytes.len()),
            Self::Close { flow } => write!(f, "Close({flow:?})"),
            Self::Heard { flow, bytes } => write!(f, "Heard({} from {flow:?})", bytes.len()),
            Self::Deliver { owner, event } => write!(f, "Deliver({owner:?} {event:?})"),
            Self::Incoming { transaction, request, flow } => {
                write!(f, "Incoming({transaction:?} {request:?} from {flow:?})")
            }
        }
    }
}
