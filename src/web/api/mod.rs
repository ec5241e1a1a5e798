//! The API: one file a noun, each with its JSON types, handlers and routes.

mod agents;
mod alerts;
mod allocation;
mod appointments;
mod articles;
mod announcements;
mod attempts;
mod audit;
mod board;
mod blocklist;
mod call_history;
mod calls;
mod cohort;
mod column_mappings;
mod complaints;
mod departments;
mod desk;
mod dialplans;
mod doors;
mod due;
mod due_print;
mod drafts;
mod do_not_call;
mod enquiries;
mod events;
mod exports;
mod fhir;
mod extra;
mod forms;
mod holidays;
mod hospital_messages;
mod imports;
mod live;
mod overview;
mod opinions;
mod past_follow_ups;
mod patients;
mod pdca;
mod person_rights;
mod pivot;
mod plans;
mod policies;
mod prompts;
mod quality;
mod questionnaires;
mod queues;
mod record_print;
mod recording_holds;
mod recordings;
mod reports;
mod research;
mod roles;
mod roster;
mod runs;
mod second_factor;
mod series;
mod session;
mod statistics;
pub(super) mod sources;
mod stop_all;
mod studio;
mod task;
mod tasks;
mod traces;
mod trunks;
mod typed;
mod users;
mod voicemail;

use utoipa_axum::router::OpenApiRouter;

use super::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .merge(session::routes())
        .merge(second_factor::routes())
        .merge(drafts::routes())
        .merge(overview::routes())
        .merge(imports::routes())
        .merge(past_follow_ups::routes())
        .merge(column_mappings::routes())
        .merge(hospital_messages::routes())
        .merge(sources::routes())
        .merge(doors::routes())
        .merge(runs::routes())
        .merge(tasks::routes())
        .merge(task::routes())
        .merge(due::routes())
        .merge(patients::routes())
        .merge(person_rights::routes())
        .merge(exports::routes())
        .merge(plans::routes())
        .merge(desk::routes())
        .merge(board::routes())
        .merge(queues::routes())
        .merge(agents::routes())
        .merge(live::routes())
        .merge(events::routes())
        .merge(calls::routes())
        .merge(call_history::routes())
        .merge(traces::routes())
        .merge(recordings::routes())
        .merge(recording_holds::routes())
        .merge(quality::routes())
        .merge(dialplans::routes())
        .merge(questionnaires::routes())
        .merge(series::routes())
        .merge(fhir::routes())
        .merge(prompts::routes())
        .merge(studio::routes())
        .merge(do_not_call::routes())
        .merge(announcements::routes())
        .merge(blocklist::routes())
        .merge(complaints::routes())
        .merge(enquiries::routes())
        .merge(articles::routes())
        .merge(attempts::routes())
        .merge(alerts::routes())
        .merge(roster::routes())
        .merge(stop_all::routes())
        .merge(policies::routes())
        .merge(trunks::routes())
        .merge(statistics::routes())
        .merge(reports::routes())
        .merge(pivot::routes())
        .merge(pdca::routes())
        .merge(departments::routes())
        .merge(holidays::routes())
        .merge(opinions::routes())
        .merge(forms::routes())
        .merge(record_print::routes())
        .merge(cohort::routes())
        .merge(appointments::routes())
        .merge(extra::routes())
        .merge(allocation::routes())
        .merge(voicemail::routes())
        .merge(audit::routes())
        .merge(users::routes())
        .merge(roles::routes())
}
