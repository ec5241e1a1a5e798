// Words of seeing in clear, the three administrators, the audit, one-time codes and the lock.
export default {
  clear: {
    see: 'See in clear', why: 'Why', go: 'Show', left: 'hidden in {n} s', hide: 'Hide', words: 'Say why', note: 'This is written into the audit.', none: 'No number',
    call_by_hand: 'Dial by hand', verify_identity: 'Verify identity', correct_record: 'Correct the record', emergency: 'Emergency', other: 'Other',
  },
  audit: {
    note: 'To read; nothing can be changed.', search: 'Who, what, number, reason', who: 'Who', did: 'Did', subject: 'Subject', id: 'Number', sealed: 'sealed', open: 'not sealed yet', empty: 'Nothing was noted in these days.', nothing: 'Nothing found. Try another word or more days.', from: 'From', to: 'To', any: 'All',
  },
  audit_did: { read: 'read', exported: 'exported', printed: 'printed', unmasked: 'saw in clear', played: 'played', signed_in: 'signed in', password_given: 'gave the password', sign_in_failed: 'failed to sign in', locked: 'locked an account', unlocked: 'unlocked an account', role_given: 'gave a role', role_changed: 'changed a role', duties_separated: 'separated the duties', created: 'created', profile_set: 'changed a profile', password_set: 'set a password', second_factor_set: 'began one-time codes', second_factor_reset: 'reset one-time codes', recovery_code_used: 'used a recovery code', screen_locked: 'screen locked', screen_unlocked: 'screen unlocked' },
  audit_subject: { person: 'patient', account: 'account', call: 'call', recording: 'recording', list: 'list', due_list: 'due list', task: 'follow-up', alert: 'alert', run: 'run', policy: 'rule' },
  admins: {
    giveRole: 'Role', lock: 'Lock', unlock: 'Unlock', locked: 'locked', why: 'Reason to lock or unlock', self: 'One’s own role and lock are for another person.',
    whole: 'Duties not separated', separate: 'Separate the duties', separateNote: 'First make an account each for the administrators of system, security and audit. Afterwards the old administrator’s role manages no accounts or roles and reads no audit; this cannot be undone.', separated: 'The duties are separated',
  },
  lock: {
    title: 'The page is locked', unlock: 'Unlock', change: 'Change user', now: 'Lock', note: 'Forms that were not sent are still here.', changeNote: 'Another person signs in. The forms of the first are kept, and wait for the next sign-in.', idle: 'Lock after minutes without a touch', idleNote: '0: never; never in a call', minutes: 'minutes',
  },
  factor: {
    title: 'One-time codes', note: 'Beside the password, the six digits that your telephone shows.', begin: 'Set up', scan: 'Scan it with an authenticator app.', picture: 'QR code of the one-time codes', typed: 'Or type', code: 'The six digits of the app', confirm: 'Begin', isSet: 'In use', left: '{n} recovery codes left', lost: 'Without your telephone sign in by a recovery code, or ask the security administrator.', codesNote: 'Write the recovery codes down: they are shown once, and each is good once.', kept: 'Written down', give: 'One-time code or recovery code', needed: 'Your role asks for one-time codes. Set them up first.', byRole: 'Signs in with a one-time code', reset: 'Reset one-time codes',
  },
}
