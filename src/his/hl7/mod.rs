//! HL7 version 2 from the hospital's system (rules.md §7): frames, messages, what they
//! tell, and the answer. Bytes in, words out; sockets and tables are elsewhere.

mod ack;
mod adt;
mod message;
mod mllp;
mod moment;

pub use ack::{AckCode, Acknowledger, Fault, FaultCode, answer_batch};
pub use adt::{
    Diagnosis, Doctor, Kin, Notice, Observation, Patient, PatientId, Record, Telephone, Told,
    Visit, read_notice,
};
pub use message::{Charset, Message, MessageError, Repetition, Segment, readable, split_batch};
pub use mllp::{MESSAGE_BYTES_MAX, MllpFrame, MllpReader, frame};
pub use moment::Moment;

#[cfg(test)]
mod mangled;
