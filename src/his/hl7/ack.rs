//! The answer to a message: original mode acknowledgement (HL7 v2.5.1, 2.9.2), in the
//! sender's separators and character set. A fault names its segment and field, so that
//! the other side can mend it.

use chrono::NaiveDateTime;

use super::{
    Charset, MessageError,
    message::{Marks, charset, is_end, likely_charset, lossy, trim},
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AckCode {
    /// AA: stored.
    Accept,
    /// AE: a field is at fault; sending it again unchanged does not help.
    Error,
    /// AR: not a message for us, or not now.
    Reject,
}

impl AckCode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "AA",
            Self::Error => "AE",
            Self::Reject => "AR",
        }
    }
}

/// Table 0357.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultCode {
    SegmentMissing,
    RequiredFieldMissing,
    DataType,
    UnknownValue,
    UnsupportedMessage,
    UnsupportedEvent,
    UnsupportedVersion,
    UnknownKey,
    Internal,
}

impl FaultCode {
    pub const fn number(self) -> u16 {
        match self {
            Self::SegmentMissing => 100,
            Self::RequiredFieldMissing => 101,
            Self::DataType => 102,
            Self::UnknownValue => 103,
            Self::UnsupportedMessage => 200,
            Self::UnsupportedEvent => 201,
            Self::UnsupportedVersion => 203,
            Self::UnknownKey => 204,
            Self::Internal => 207,
        }
    }
}

/// What is wrong and where. Never the content of a field: that is a patient's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{segment}-{field}: {what}")]
pub struct Fault {
    pub ack: AckCode,
    pub segment: String,
    /// 0: the segment as a whole.
    pub field: usize,
    pub code: FaultCode,
    pub what: String,
}

impl Fault {
    pub fn error(segment: &str, field: usize, code: FaultCode, what: &str) -> Self {
        let (segment, what) = (segment.to_owned(), what.to_owned());
        Self { ack: AckCode::Error, segment, field, code, what }
    }

    pub fn reject(segment: &str, field: usize, code: FaultCode, what: &str) -> Self {
        Self { ack: AckCode::Reject, ..Self::error(segment, field, code, what) }
    }
}

impl From<MessageError> for Fault {
    fn from(error: MessageError) -> Self {
        let (field, code) = match error {
            MessageError::NoHeader => (0, FaultCode::SegmentMissing),
            MessageError::Separators => (2, FaultCode::DataType),
            MessageError::Charset => (18, FaultCode::UnknownValue),
            MessageError::Encoding => (18, FaultCode::DataType),
            MessageError::TooLong => (0, FaultCode::Internal),
        };
        Self::reject("MSH", field, code, &error.to_string())
    }
}

/// Answers to one message; made from its bytes, so that also what cannot be read gets
/// its answer.
#[derive(Clone, Debug)]
pub struct Acknowledger {
    marks: Marks,
    charset: Charset,
    /// MSH-3, 4, 5, 6, 9, 10, 11 and 12 as they were sent.
    application: String,
    facility: String,
    our_application: String,
    our_facility: String,
    event: String,
    control_id: String,
    processing: String,
    version: String,
}

impl Acknowledger {
    pub fn new(message: &[u8]) -> Self {
        let message = trim(message);
        let line = message.split(|byte| is_end(*byte)).next().unwrap_or_default();
        let line = &line[..line.len().min(HEADER_BYTES_MAX)];
        let marks = Marks::read(line).unwrap_or(USUAL);
        let charset = charset(line, message, marks).unwrap_or_else(|_| likely_charset(message));
        let header = lossy(line, charset);
        let is_header = header.starts_with("MSH");
        let fields: Vec<&str> = header.split(marks.field).collect();
        let field = |at: usize| {
            // MSH-1 is the separator: MSH-3 stands at 2.
            let text = fields.get(at - 1).filter(|_| is_header).copied().unwrap_or_default();
            text.chars().filter(|c| !c.is_control()).collect::<String>()
        };
        let or = |text: String, usual: &str| if text.is_empty() { usual.to_owned() } else { text };
        // Only what has the form of one is said again: a field may hold anything.
        let kind = field(9);
        let event = kind.split(marks.component).nth(1).filter(|event| is_event(event));
        let event = event.unwrap_or_default().to_owned();
        Self {
            application: field(3),
            facility: field(4),
            our_application: or(field(5), "SUIFANG"),
            our_facility: field(6),
            event,
            control_id: field(10),
            processing: or(field(11), "P"),
            version: or(field(12), "2.5"),
            marks,
            charset,
        }
    }

    /// The whole answer, not framed. `at` is the hospital's local time; `our_id` is the
    /// answer's own control id.
    pub fn answer(&self, fault: Option<&Fault>, at: NaiveDateTime, our_id: &str) -> Vec<u8> {
        let code = fault.map_or(AckCode::Accept, |fault| fault.ack);
        let Marks { field, component, repetition, escape, subcomponent } = self.marks;
        let marks: String = [component, repetition, escape, subcomponent].iter().collect();
        let kind = if self.event.is_empty() {
            "ACK".to_owned()
        } else {
            format!("ACK{component}{}{component}ACK", self.event)
        };
        let header = [
            "MSH",
            &marks,
            &self.our_application,
            &self.our_facility,
            &self.application,
            &self.facility,
            &at.format("%Y%m%d%H%M%S").to_string(),
            "",
            &kind,
            our_id,
            &self.processing,
            &self.version,
            "",
            "",
            "",
            "",
            "",
            self.charset.as_hl7(),
        ];
        let what = fault.map(|fault| self.marks.escape(&fault.to_string())).unwrap_or_default();
        let answered = ["MSA", code.as_str(), &self.control_id, &what];
        let mut segments = vec![self.segment(&header), self.segment(&answered)];
        if let Some(fault) = fault {
            segments.push(self.error_segment(fault));
        }
        let text = segments.iter().map(|segment| format!("{segment}\r")).collect::<String>();
        debug_assert!(text.starts_with("MSH") && text.contains(field));
        self.charset.encode(&text)
    }

    /// ERR-1 for senders before 2.5, ERR-2 to 8 for the others.
    fn error_segment(&self, fault: &Fault) -> String {
        let Marks { component, subcomponent, .. } = self.marks;
        let (name, code) = (self.marks.escape(&fault.segment), fault.code.number());
        let place = if fault.field == 0 {
            format!("{name}{component}1")
        } else {
            format!("{name}{component}1{component}{}", fault.field)
        };
        let gap = if fault.field == 0 { component.to_string() } else { String::new() };
        let old = format!("{place}{gap}{component}{code}{subcomponent}{subcomponent}HL70357");
        let new = format!("{code}{component}{component}HL70357");
        let what = self.marks.escape(&fault.what);
        self.segment(&["ERR", &old, &place, &new, "E", "", "", "", &what])
    }

    fn segment(&self, cells: &[&str]) -> String {
        cells.join(&self.marks.field.to_string())
    }
}

/// The answers to a batch in one piece; that to a single message is itself.
pub fn answer_batch(answers: &[Vec<u8>]) -> Vec<u8> {
    match answers {
        [one] => one.clone(),
        several => {
            let end = format!("BTS|{}\r", several.len());
            [&b"BHS|^~\\&\r"[..], &several.concat(), end.as_bytes()].concat()
        }
    }
}

/// `A08`: HL7 table 0003.
fn is_event(text: &str) -> bool {
    let is_form = |(at, byte): (usize, u8)| match at {
        0 => byte.is_ascii_uppercase(),
        _ => byte.is_ascii_digit(),
    };
    text.len() == 3 && text.bytes().enumerate().all(is_form)
}

const USUAL: Marks =
    Marks { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' };

/// Who sends a longer header gets an answer without what stands behind.
const HEADER_BYTES_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::his::hl7::{Message, read_notice, split_batch};

    fn at() -> NaiveDateTime {
        "2026-11-25T10:00:00".parse().unwrap()
    }

    #[track_caller]
    fn check(message: &[u8], expected: &str) {
        let fault = match Message::read(message) {
            Err(error) => Some(Fault::from(error)),
            Ok(message) => read_notice(&message).err(),
        };
        let answer = Acknowledger::new(message).answer(fault.as_ref(), at(), "9");
        let answer = Message::read(&answer).unwrap();
        let told: Vec<_> = answer.all().skip(1).map(|segment| segment.written()).collect();
        assert_eq!(told.join("\n"), expected);
    }

    #[test]
    fn a_good_message_is_accepted_by_its_number() {
        check(b"MSH|^~\\&|HIS|H1|SF|SF|20251125||ADT^A08|ID7|P|2.5\rPID|||1||x", "MSA|AA|ID7|");
        let answer = Acknowledger::new(b"MSH|^~\\&|HIS|H1|SF|F2|20251125||ADT^A08|ID7|T|2.4\r");
        assert_eq!(
            String::from_utf8(answer.answer(None, at(), "9")).unwrap(),
            "MSH|^~\\&|SF|F2|HIS|H1|20261125100000||ACK^A08^ACK|9|T|2.4||||||UNICODE UTF-8\rMSA|AA|ID7|\r"
        );
    }

    #[test]
    fn a_fault_is_told_by_segment_and_field() {
        let header = "MSH|^~\\&|HIS|H1|SF|SF|20251125||ADT^A01|7|P|2.5";
        check(
            format!("{header}\rPID|||||x\rPV1||I").as_bytes(),
            "MSA|AE|7|PID-3: 患者编号为空 / the patient has no id\n\
             ERR|PID^1^3^101&&HL70357|PID^1^3|101^^HL70357|E||||患者编号为空 / the patient has no id",
        );
        check(
            format!("{header}\rPV1||I").as_bytes(),
            "MSA|AE|7|PID-0: 缺少 PID / there is no PID\n\
             ERR|PID^1^^100&&HL70357|PID^1|100^^HL70357|E||||缺少 PID / there is no PID",
        );
        check(
            b"MSH|^~\\&|LAB|||||| ORU^R01|8",
            "MSA|AR|8|MSH-9: 只接收 ADT 消息 / only ADT messages are taken\n\
             ERR|MSH^1^9^200&&HL70357|MSH^1^9|200^^HL70357|E||||只接收 ADT 消息 / only ADT messages are taken",
        );
        check(
            b"MSH#*!/$#HIS#######8",
            "MSA#AR#8#MSH-9: 只接收 ADT 消息 /E/ only ADT messages are taken\n\
             ERR#MSH*1*9*200$$HL70357#MSH*1*9#200**HL70357#E####只接收 ADT 消息 /E/ only ADT messages are taken",
        );
        check(
            b"garbage",
            "MSA|AR||MSH-0: the message does not begin with MSH\n\
             ERR|MSH^1^^100&&HL70357|MSH^1|100^^HL70357|E||||the message does not begin with MSH",
        );
    }

    #[test]
    fn a_batch_is_answered_by_a_batch() {
        let answer = |id: &str| {
            let message = format!("MSH|^~\\&|HIS||||||ADT^A08|{id}|P|2.5\r");
            Acknowledger::new(message.as_bytes()).answer(None, at(), "9")
        };
        let answers = [answer("1"), answer("2")];
        assert_eq!(split_batch(&answer_batch(&answers)), answers);
        assert_eq!(answer_batch(&answers[..1]), answers[0]);
        assert!(split_batch(&answer_batch(&[])).is_empty());
    }

    #[test]
    fn the_answer_is_in_the_senders_character_set() {
        let text =
            "MSH|^~\\&|医院|H1|||20251125||ADT^A01|7|P|2.5||||||GB 18030-2000\rPID|||||张三\r";
        let sent = Charset::Gb18030.encode(text);
        let fault = read_notice(&Message::read(&sent).unwrap()).unwrap_err();
        let answer = Acknowledger::new(&sent).answer(Some(&fault), at(), "9");
        assert!(std::str::from_utf8(&answer).is_err(), "it is not UTF-8");
        let read = Message::read(&answer).unwrap();
        assert_eq!((read.charset, read.value("MSH", 5, 1).as_str()), (Charset::Gb18030, "医院"));
        assert_eq!(read.value("ERR", 8, 1), fault.what);
    }
}
