//! Whom a message is about, what it changes of that person, and whom to call from now on.

use super::{
    hl7::{Applied, Telling, stay_no},
    kin,
};
use crate::{
    app::patients::{ToldNumber, tell_number},
    base::PersonId,
    domain::{DialledNumber, NextOfKin, Relation, Sex, pinyin_keys, read_cell, read_id_card},
    his::hl7::{Fault, FaultCode, Kin, Patient, PatientId, Record, Telephone},
    store::{
        self, Scope,
        patient::Changed,
        person::NewPerson,
        told::{Person, PersonEdit},
    },
};

pub(super) struct Told {
    pub(super) id: PersonId,
    pub(super) died: bool,
}

/// PID-3 by what its repetitions are for.
pub(super) struct Ids {
    pub(super) record_no: String,
    pub(super) id_card: Option<String>,
}

impl Ids {
    pub(super) fn read(ids: &[PatientId]) -> Option<Self> {
        let is_card = |id: &&PatientId| CARDS.contains(&id.kind.to_uppercase().as_str());
        let card = ids.iter().find(is_card).and_then(|id| read_id_card(&id.id).ok().flatten());
        let of_kind = |kind: &str| ids.iter().find(|id| id.kind.eq_ignore_ascii_case(kind));
        let named = RECORDS.iter().find_map(|kind| of_kind(kind));
        let record = named.or_else(|| ids.iter().find(|id| !is_card(id))).or(ids.first())?;
        Some(Self { record_no: record.id.clone(), id_card: card })
    }
}

pub(super) async fn tell(
    scope: &mut Scope,
    telling: &mut Telling<'_>,
    record: &Record,
) -> Applied<Told> {
    let patient = &record.patient;
    let missing =
        || Fault::error("PID", 3, FaultCode::RequiredFieldMissing, "患者编号为空 / no id");
    let ids = Ids::read(&patient.ids).ok_or_else(missing)?;
    let id = match find(scope, record, &ids).await? {
        Some(known) => known,
        None => insert(scope, telling, patient, &ids).await?,
    };
    let known = store::told::lock_person(scope, id).await?;
    let is_news = telling.is_news(known.told_at);
    if is_news {
        edit(scope, telling, id, &known, patient, &ids).await?;
        own_number(scope, telling, id, &known, patient).await?;
    }
    around(scope, telling, id, record, is_news).await?;
    Ok(Told { id, died: known.died })
}

/// By number; else whoever has this stay and no record number yet: a file that had no
/// column for it.
async fn find(scope: &mut Scope, record: &Record, ids: &Ids) -> Applied<Option<PersonId>> {
    let (no, card) = (ids.record_no.as_str(), ids.id_card.as_deref());
    let found = store::person::find_all(scope, &[Some(no)], &[card]).await?;
    if let Some((_, person)) = found.first() {
        return Ok(Some(*person));
    }
    let Some(visit) = &record.visit else { return Ok(None) };
    let stays = store::told::stays(scope, stay_no(record, visit, no)).await?;
    let unowned = stays.iter().find(|stay| stay.is_unowned);
    Ok(unowned.map(|stay| PersonId::from_uuid(stay.person_id)))
}

async fn insert(
    scope: &mut Scope,
    telling: &Telling<'_>,
    patient: &Patient,
    ids: &Ids,
) -> Applied<PersonId> {
    if patient.name.is_empty() {
        let what = "没有这位患者,消息里也没有姓名 / an unknown patient without a name";
        return Err(Fault::error("PID", 5, FaultCode::RequiredFieldMissing, what).into());
    }
    let id = PersonId::new(telling.at);
    let new = NewPerson {
        id,
        record_no: Some(&ids.record_no),
        id_card: ids.id_card.as_deref(),
        name: &patient.name,
        sex: sex(patient).unwrap_or(Sex::Unknown).as_str(),
        birth_date: patient.born.map(|born| born.date()),
        home_address: filled(&patient.address),
        language: "zh-CN",
    };
    store::person::insert_all(scope, &[new], telling.at).await?;
    let sounds = pinyin_keys(&patient.name).into_iter().map(|sound| (id, sound));
    store::person::add_sounds(scope, &sounds.collect::<Vec<_>>()).await?;
    Ok(id)
}

/// What differs is changed, with its old value in the history (F012).
async fn edit(
    scope: &mut Scope,
    telling: &Telling<'_>,
    id: PersonId,
    known: &Person,
    patient: &Patient,
    ids: &Ids,
) -> Applied<()> {
    let born = patient.born.map(|born| born.date());
    let (old_born, new_born) = (known.birth_date.map(|day| day.to_string()), born);
    let new_born = new_born.map(|day| day.to_string());
    let edit = PersonEdit {
        name: filled(&patient.name),
        sex: sex(patient).map(Sex::as_str),
        birth_date: born,
        home_address: filled(&patient.address),
        record_no: Some(&ids.record_no),
        id_card: ids.id_card.as_deref(),
        told_phone: None,
    };
    let fields = [
        ("name", Some(known.name.as_str()), edit.name),
        ("sex", Some(known.sex.as_str()), edit.sex),
        ("birth_date", old_born.as_deref(), new_born.as_deref()),
        ("home_address", known.home_address.as_deref(), edit.home_address),
    ];
    for (what, old, new) in fields {
        if new.is_some() && new != old {
            let changed = Changed { what, old, new, reason: Some(SOURCE) };
            store::patient::add_history(scope, id, telling.by.name(), &changed, telling.at).await?;
        }
    }
    store::told::edit_person(scope, id, &edit, telling.sent, telling.at).await?;
    if let Some(name) = edit.name.filter(|name| *name != known.name) {
        store::person::set_sounds(scope, id, &pinyin_keys(name)).await?;
    }
    Ok(())
}

/// PID-13 is a new number when it is not what PID-13 said before: the hospital's system
/// repeats an old one in every message, long after a nurse was told another (F019).
async fn own_number(
    scope: &mut Scope,
    telling: &mut Telling<'_>,
    id: PersonId,
    known: &Person,
    patient: &Patient,
) -> Applied<()> {
    let at_home: Vec<&Telephone> = patient.numbers.iter().filter(|n| !n.at_work).collect();
    let (texts, numbers) = readable(telling, &at_home);
    let (Some(first), text) = (numbers.first(), texts.join("/")) else { return Ok(()) };
    let is_new = match &known.told_phone {
        Some(before) => *before != text,
        None => {
            let own = store::contact::own_numbers(scope, id).await?;
            !own.iter().any(|known| known == first.e164.as_str())
        }
    };
    if is_new {
        let told = ToldNumber {
            relation: Relation::Own,
            contact_name: None,
            informed: false,
            phone: &text,
            source: SOURCE,
            valid_until: None,
        };
        tell_number(scope, telling.by, id, &told, telling.area_code, telling.at).await?;
    }
    let edit = PersonEdit { told_phone: Some(&text), ..PersonEdit::default() };
    store::told::edit_person(scope, id, &edit, telling.sent, telling.at).await?;
    Ok(())
}

/// Next of kin, and numbers that stand behind the patient's own.
async fn around(
    scope: &mut Scope,
    telling: &mut Telling<'_>,
    id: PersonId,
    record: &Record,
    is_news: bool,
) -> Applied<()> {
    let own = record.patient.numbers.iter().filter(|number| number.at_work || !is_news);
    let (texts, numbers) = readable(telling, &own.collect::<Vec<_>>());
    let own =
        NextOfKin { name: None, relation: Relation::Own, numbers, raw_phone: texts.join("/") };
    let mut told = Vec::new();
    for kin in &record.next_of_kin {
        let (texts, numbers) = readable(telling, &kin.numbers.iter().collect::<Vec<_>>());
        let name = filled(&kin.name).map(str::to_owned);
        let raw_phone = texts.join("/");
        told.push((id, NextOfKin { name, relation: relation(kin), numbers, raw_phone }));
    }
    if !own.numbers.is_empty() {
        told.push((id, own));
    }
    kin::add_kin(scope, &told, SOURCE, telling.at).await?;
    Ok(())
}

/// The texts that are numbers, and the numbers in them; others are remarked on, for a
/// discharge must not be lost over a word in the field of the telephone.
fn readable<'a>(
    telling: &mut Telling<'_>,
    told: &[&'a Telephone],
) -> (Vec<&'a str>, Vec<DialledNumber>) {
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for telephone in told {
        match read_cell(&telephone.text, telling.area_code) {
            Ok(found) => {
                texts.push(telephone.text.as_str());
                numbers.extend(found);
            }
            Err(_) => {
                telling.remarks.push("PID-13/NK1-5: 不是电话号码,未采用 / no number, not used")
            }
        }
    }
    (texts, numbers)
}

/// As wards write it, else HL7's table 0063.
fn relation(kin: &Kin) -> Relation {
    match kin.relation.to_ascii_uppercase().as_str() {
        "SEL" => Relation::Own,
        "SPO" | "DOM" => Relation::Spouse,
        "CHD" | "NCH" | "SCH" | "FCH" => Relation::Child,
        "PAR" | "FTH" | "MTH" => Relation::Parent,
        "SIB" | "BRO" | "SIS" => Relation::Sibling,
        "EXF" | "GCH" | "GRP" => Relation::Relative,
        "NBR" => Relation::Neighbour,
        "GRD" => Relation::Guardian,
        _ => Relation::read(&kin.relation).unwrap_or(Relation::Other),
    }
}

fn sex(patient: &Patient) -> Option<Sex> {
    match patient.sex.as_str() {
        "M" | "m" | "1" | "男" => Some(Sex::Male),
        "F" | "f" | "2" | "女" => Some(Sex::Female),
        _ => None,
    }
}

fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

const SOURCE: &str = "HIS";

/// Kinds of PID-3 (table 0203) that are a person's card, and those that are our record
/// number, best first.
const CARDS: [&str; 6] = ["NI", "NNCHN", "NNCN", "SFZ", "IDCARD", "身份证"];
const RECORDS: [&str; 5] = ["MR", "PI", "PT", "PN", ""];
