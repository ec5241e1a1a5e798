// The rights of a person over their data.
export default {
  consent_scope: { call: 'Follow-up calls', record: 'Recording', share: 'Sharing' },
  consent_decision: { given: 'Given', refused: 'Refused', withdrawn: 'Withdrawn' },
  consent_source: { letter: 'Letter', phone: 'By telephone', in_person: 'In person', form: 'Signed form', staff: 'Noted by staff', ivr: 'By key' },
  rights: {
    tab: 'Data rights', consents: 'Consents and withdrawals', noConsents: 'None is recorded.', scope: 'Scope', decision: 'Decision', source: 'Source', wording: 'Wording', record: 'Record', copy: 'Copy', export: 'Export all of it', audited: 'The export is in the audit', restriction: 'Restriction', free: 'Not restricted', restrict: 'Restrict',
    restricted: 'Restricted {at} by {by}', lift: 'Lift the restriction', erasure: 'Erasure', erase: 'Ask for erasure', eraseNote: 'Another person confirms it. Recordings are deleted, who it was cannot be brought back; a held recording is released first',
    asked: 'Asked for {at} by {by}', another: 'Another person confirms it', confirm: 'Erase', withdraw: 'Take the request back', erased: 'Erased {at}', reasonHint: 'Reason, e.g. letter of 2 May',
  },
}
