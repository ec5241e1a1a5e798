// The same rows in English.
import desk from './desk.en'
import pages from './pages.en'
import rights from './rights.en'
import safety from './safety.en'
import service from './service.en'

export default {
  ...pages,
  ...desk,
  ...rights,
  ...safety,
  ...service,
  app: { centre: 'Follow-up centre', search: 'Patient, number, admission no., pinyin', searchAll: 'Find a patient', textSize: 'Text', small: 'S', medium: 'M', large: 'L', collapse: 'Collapse', expand: 'Expand', lines: 'Lines', language: '中文', signOut: 'Sign out', skip: 'Skip to the page' },
  menu: { voicemail: 'Messages and callbacks', board: 'Live board', queues: 'Queues and agents', complaints: 'Complaints', enquiries: 'Enquiries', articles: 'Knowledge', recordings: 'Recordings', quality: 'Quality', blocklist: 'Blacklist',
    home: 'Home', due: 'Due', myPatients: 'My patients', byDiagnosis: 'By diagnosis', topics: 'Topics', patients: 'Patients', alerts: 'Alerts', repairs: 'Number repair', runs: 'Runs', calls: 'Calls', plans: 'Plans', questionnaires: 'Questionnaires', allocation: 'Allocation', samples: 'Samples',
    statistics: 'Statistics', management: 'Management', pdca: 'Improvement', imports: 'Import', interfaces: 'Interfaces', prompts: 'Prompt studio', trunks: 'Trunks', announcements: 'Carrier announcements', policy: 'Calling windows', users: 'Users', roles: 'Roles', audit: 'Audit', departments: 'Departments', roster: 'Roster', holidays: 'Holidays',
  },
  common: {
    colon: ': ',
    retry: 'Retry', cancel: 'Cancel', save: 'Save', search: 'Search', close: 'Close', all: 'All', none: 'None', loading: 'Loading', failed: 'Nothing could be loaded',
    prev: 'Previous', next: 'Next', name: 'Name', number: 'Number', state: 'State', outcome: 'Outcome', reason: 'Reason', department: 'Department', ward: 'Ward', time: 'Time', age: 'age {n}',
    rows: 'Rows {from} – {to}', saved: 'Saved {time}', refresh: 'Refresh', open: 'Open', print: 'Print', export: 'Export', add: 'Add', edit: 'Edit', remove: 'Delete', department_all: 'Hospital', patient: 'Patient', who: 'Who', more: 'More', count: '{n} rows', optional: 'optional', seconds: 's',
  },
  signIn: { title: 'Sign in', login: 'Login', password: 'Password', submit: 'Sign in', note: 'Who reads answers or listens to recordings is written to the audit.' },
  home: {
    uncertain: 'Uncertain attempts', uncertainNote: 'They were being dialled when the server stopped and are never redialled by themselves. Find out what came of each.', invited: 'Dialled at', rang: 'Rang', answered: 'Answered', notRang: 'Did not ring', answersKept: 'Answers kept',
    redial: 'May be redialled', noAnswer: 'No answer', completed: 'Completed', resolved: 'Resolved: {outcome}', work: 'To do', workEmpty: 'Nothing to do. A new run starts from Runs.', workNone: 'Nothing found. Try another word.', due: 'Due at',
    what: 'What', lastOutcome: 'Last outcome', overdue: 'Overdue', today: 'Due', retrying: 'Waiting to redial', person: 'Needs a person', repair: 'Number repair', alerts: 'Open alerts', alertsEmpty: 'No open alerts.', toCall: 'Open call', person_due: 'Due', reminders: 'Reminders', dismiss: 'Dismiss', until: 'by {day}',
  },
  runs: {
    new: 'New run', empty: 'No runs yet. Import discharges first, then make a run.', name: 'Name of the run', dialplan: 'Dialplan', trunk: 'Trunk', anyTrunk: 'Any trunk that is up', lines: 'Lines at once', linesNote: 'Empty: all that the trunk has', source: 'Whom to call',
    allOpen: 'Every discharge without a follow-up', fromImport: 'Import {name}', create: 'Create', made: 'Created with {n} tasks', start: 'Start', resume: 'Resume', pause: 'Pause', stop: 'Stop calling', stopNote: 'Ringing calls are cancelled, answered ones go on. A stopped run cannot start again.',
    due: 'Due', dialled: 'Dialled', answeredN: 'Answered', right: 'Right person', completedN: 'Completed', createdBy: 'Created by', createdAt: 'Created at', progress: 'Progress', back: 'Back to runs', linesUse: 'Lines in use', rate: 'Dialling rate', rateValue: '{n} a second', whyIdle: 'Nothing is dialled now',
    live: 'In progress', liveEmpty: 'No calls now.', finished: 'Ended', finishedEmpty: 'No call has ended yet.', tasks: 'Tasks', tasksEmpty: 'No such tasks.', question: 'Question {n}', keys: '{n} keys', dials: 'Dials', attempts: 'Attempts', notBefore: 'Not before', byOutcome: 'By outcome', untested: 'Not reviewed', dialsN: '{n}', training: 'needs a doctor’s review; for training only',
  },
  calls: {
    empty: 'No calls yet.', nothing: 'No call fits. Ask for less.', direction: 'Direction', outbound: 'Outbound', inbound: 'Inbound', started: 'Started', talk: 'Talk time', answers: 'Answers', recording: 'Recording', anyState: 'All states', live: 'In progress', anyOutcome: 'All outcomes',
    back: 'Back to calls', facts: 'Call', answered: 'Answered', ended: 'Ended', endedBy: 'Ended by', sip: 'SIP status', cause: 'Release cause', trunk: 'Trunk', question: 'Question', answer: 'Answer', given: 'Given at', score: 'Score', by: 'By', auto: 'Automatic', answersEmpty: 'No question was asked in this call.', recordings: 'Recordings', recordingsEmpty: 'No recording.', notReady: 'The recording is not finished.', legs: 'Media', codec: 'Codec', sent: 'Sent', received: 'Received', lost: 'Lost', jitter: 'Jitter', run: 'Run', questionnaire: 'Questionnaire', unknownName: 'Not registered',
  },
  player: { play: 'Play', pause: 'Pause', loop: 'Loop the last 5 s', speed: 'Speed', patient: 'Patient', hospital: 'Hospital', noWave: 'The waveform could not be loaded', position: 'Position', jump: 'Go to question', mark: 'Question {n}', failed: 'The recording cannot be played. Try again.' },
  imports: {
    file: 'File', choose: 'Choose a file', drop: 'Drop a CSV or XLSX file here, or', note: 'UTF-8 or GB18030; the first line names the columns. Good rows are stored, bad ones are listed below.', running: '{read} / {total} rows read', bad: '{n} bad rows', result: 'Result', read: 'Read', stored: 'New', known: 'Known', wrong: 'Bad', faults: 'Bad rows', row: 'Row', column: 'Column', what: 'What is wrong', download: 'Download the bad rows',
    noFaults: 'No bad rows.', history: 'Imports', empty: 'No imports yet. Choose a file of discharges from the hospital’s system.', by: 'By', toRun: 'New run for these patients', failed: 'The import did not finish', nothing: 'No such rows.', onlyAll: 'An import needs an account for the whole hospital.',
  },
  sources: {
    title: 'Automatic sources', empty: 'No automatic source. Add a [[source]] to suifang.toml; docs/SOURCES.md tells how.', name: 'Name', kind: 'Way', folder: 'Folder', command: 'Command', door: 'HTTP door', last: 'Last run', arrived: 'Last new data', next: 'Next run', run: 'Run now', never: 'Never', silent: 'Nothing new for too long', report: 'Import report', noRun: 'No run yet.',
    why: { known_file: 'These very bytes were imported before', crash: 'Cut off by a server stop', system_fault: 'A fault of the system' },
  },
  prompts: {
    recorded: 'Recorded', outdated: 'Outdated', synthetic: 'Synthetic', missing: 'No voice', text: 'Text', length: 'Length', search: 'Search the texts', language: 'Language', recordedOf: '{n} of {all} recorded', empty: 'No prompts.', nothing: 'No such text.', reader: 'Read by',
    record: 'Record', phone: 'Phone', phoneHint: 'Extension or telephone number', registered: 'Registered', which: 'Which', chosen: 'The {n} chosen', onlyMissing: 'Not recorded yet', onlyOutdated: 'Outdated', onlyAll: 'All', call: 'Call and record', how: 'The phone rings. Hear each sentence, read it after the beep, end with #. Then 1 keeps it, 2 records again, 3 skips, * repeats the model. What was kept stays when you hang up.',
    studio: 'Recording', progress: 'Sentence {at} of {all}, {kept} kept, {skipped} skipped', keptOf: '{kept} of {all} kept', hangUp: 'End', notAnswered: 'Not answered', play: 'Play', pause: 'Stop', notPlayed: 'Could not be played; try again', versions: 'Versions', noVersion: 'No nurse has read it yet.', kept: 'In use', retired: 'Retired', retire: 'Retire', restore: 'Use again', level: 'level {n} dBm0', noise: 'noise {n} dBm0', unused: '(no longer spoken)',
    ofDialplan: 'Prompts: {recorded} recorded, {outdated} outdated, {synthetic} synthetic, {missing} without a voice',
    doing: { calling: 'Calling', announcing: 'Model', recording: 'Recording', choosing: 'Waiting for a key', ended: 'Ended' },
    fault: { silence: 'Nothing was heard; again', too_quiet: 'Too quiet; again', clipped: 'Too loud; again', noisy: 'Too noisy; again', too_short: 'Too short; again', too_long: 'Too long; again' },
  },
  announcements: {
    note: 'Heard before an answer that never came, and not recognised. Choose three or more of one announcement: labelled, it is known from the next dial on.', heard: 'Not recognised', known: 'Learnt', search: 'Status, outcome, time', label: 'Label', learn: 'Learn from {n}', learnt: 'Learnt: {word}', judge: 'Try again', more: '{n} more, please',
    nothing: 'No such announcement', empty: 'Nothing unknown. What is heard before an answer that never comes and is not recognised is listed here.', knownEmpty: 'Nothing has been learnt yet.', length: 'Length', listen: 'Listen', play: 'Play', status: 'Status', verdict: 'Now taken for', unknown: 'unknown', common: 'In common', from: 'Recordings', by: 'Learnt', forget: 'Forget', forgotten: 'Forgotten: {word}',
    class_vacant_number: 'Vacant number', class_suspended: 'Suspended', class_powered_off: 'Powered off', class_no_coverage: 'Cannot be reached', class_in_call: 'In a call', class_no_answer: 'No answer', class_barred: 'Barred', class_network_busy: 'Network busy', class_voicemail: 'Voicemail',
  },
  trunks: { empty: 'No trunk is configured. Add a [[trunk]] to suifang.toml.', up: 'Up', down: 'Down', registered: 'Registration', answers: 'Answers', lines: 'Lines', inUse: 'In use', rate: 'Calls a second', caller: 'Caller number', peer: 'Peer', trouble: 'Trouble', yes: 'Good', no: 'Failed', unasked: 'Not needed' },
  alerts: { empty: 'No open alerts.', item: 'Item', level: 'Level', raised: 'Raised', due: 'Due', nothing: 'Nothing found. Try another word.', search: 'Name, item, department, owner', anyLevel: 'All levels', part_open: 'Open', part_overdue: 'Overdue', part_all: 'All', what: 'Item and answer', owner: 'Owner', system: 'the system', nobody: 'nobody', lateBy: '{time} late', left: '{time} left', last30: '{raised} raised in 30 days, {closed} closed: {rate}', rateMeans: 'Closure rate = closed of those raised in the period ÷ raised in the period',
    acknowledge: 'Acknowledge', action: 'Action', actionHint: 'e.g. told to come at once', inHand: 'Take in hand', outcome: 'Outcome', outcomeHint: 'needed to close', close: 'Close', steps: 'What happened', dutyCalls: 'Duty calls' },
  users: { new: 'New user', login: 'Login', displayName: 'Name', role: 'Role', password: 'Password', passwordNote: 'at least 8 characters', mayStop: 'May stop all calls', whole: 'Whole hospital', yes: 'Yes', no: 'No', empty: 'No users yet.', made: '{login} created', nothing: 'No such user.', staffNote: 'keyed on telephones to take alerts', mobile: 'Mobile', mobileNote: 'empty: as it was', group: 'Group', series: 'Default series', ownOnly: 'Own patients only' },
  policy: { windows: 'Calling windows', from: 'From', to: 'To', add: 'Add a window', remove: 'Delete', weekends: 'Call at weekends', dials: 'Dials a day and person at most', completed: 'Completed a day and person at most', attempts: 'Attempts a task at most', resumes: 'Resumed after an interruption at most', busy: 'Redial after busy', gap: 'Between two dials', times: 'times', minutes: 'minutes', readOnly: 'Only supervisors and system administrators may change this.' },
  stop: { title: 'Stop all calls', reason: 'Reason', reasonHint: 'e.g. the questionnaire is wrong', live: 'Calls in progress', finish: 'Let them finish', apologise: 'Apologise and end', confirm: 'Stop all calls', stopped: 'All calls are stopped', by: 'Stopped by {by} at {at}: {reason}', resume: 'Resume calls', byOther: 'Whoever stopped the calls cannot resume them; ask another person.', note: 'Stops every call at once; ringing ones are cancelled. Another person resumes.' },
  banner: { training: 'Training mode: calls at any hour, not for patients.', pilot: 'Pilot: only listed numbers are dialled.', draining: 'The server is going down: no new calls.', silent: 'Source {name}: nothing new has arrived since {since}. Check the interface.', offline: 'The connection to the server is lost and being renewed. What is shown as in progress may be old.' },
  role: { agent: 'Agent', nurse: 'Nurse', doctor: 'Doctor', supervisor: 'Supervisor', sys_admin: 'System administrator', system_admin: 'System administrator (of three)', security_admin: 'Security administrator', audit_admin: 'Audit administrator' },
  call_state: { queued: 'Queued', dialling: 'Dialling', ringing: 'Ringing', early_media: 'Early media', answered: 'Answered', transferring: 'Transferring', ended: 'Ended' },
  run_state: { draft: 'Draft', scheduled: 'Scheduled', running: 'Running', paused: 'Paused', waiting_window: 'Waiting for window', stopping: 'Stopping', stopped: 'Stopped', finished: 'Finished' },
  task_state: { pending: 'Pending', due: 'Due', assigned: 'Assigned', in_progress: 'In progress', waiting_retry: 'Waiting to redial', needs_person: 'Needs a person', waiting_repair: 'Number repair', completed: 'Completed', partial: 'Partial', cancelled: 'Cancelled', expired: 'Expired', uncertain: 'Uncertain' },
  task_kind: { follow_up: 'Follow-up', repair_task: 'Number repair', verify_person: 'Verify the patient', person_call: 'Call by a person', callback: 'Promised callback' },
  outcome: {
    completed: 'Completed', partial: 'Partial', break_off: 'Broken off', refused: 'Refused', wrong_number: 'Wrong number', wrong_person: 'Wrong person', postponed: 'Postponed', answered_no_keys: 'Answered, no keys', identity_not_confirmed: 'Identity not confirmed', carrier_voicemail: 'Carrier voicemail', call_assistant: 'Call assistant', no_answer: 'No answer', busy: 'Busy', declined: 'Declined',
    unreachable: 'Unreachable', not_in_service: 'Not in service', barred: 'Barred', trunk_fault: 'Trunk fault', unable: 'Unable', not_eligible: 'Not eligible', system_fault: 'System fault', uncertain: 'Uncertain',
  },
  identity: { confirmed: 'Matches', failed: 'Does not match' },
  blank: { not_asked: 'Not asked', no_answer: 'No answer', declined: 'Declined', unknown: 'Unknown', not_applicable: 'Not applicable', not_measured: 'Not measured' },
  alert_level: { emergency: 'Emergency', urgent: 'Urgent', prompt: 'Prompt' },
  alert_state: { raised: 'Raised', acknowledged: 'Acknowledged', in_hand: 'In hand', escalated: 'Escalated', closed: 'Closed' },
  import_state: { running: 'Running', finished: 'Finished', failed: 'Not finished' },
  recording_state: { recording: 'Recording', finished: 'Finished', repaired: 'Repaired', destroyed: 'Destroyed', missing: 'Missing' },
  recording_kind: { call: 'Call', early: 'Before the answer', message: 'Message' },
  ended_by: { we: 'Hospital', they: 'Other side', timeout: 'Time-out', fault: 'Fault', crash: 'Server stop' },
  idle: { governor_calls_per_h: 'Enough calls this hour for the carrier; on from {at}', governor_short_calls: 'Too many calls hung up at once; on from {at}', governor_no_answers: 'Too many calls unanswered; on from {at}', stop_all: 'All calls are stopped', outside_window: 'Outside the calling window', no_room: 'No room for another call', no_trunk: 'No trunk is up', no_line: 'All lines are in use', waiting_retry: 'Waiting to redial, first at {at}', in_progress: 'All are in calls', finished: 'All are dialled' },
  reason: { no_response: 'The trunk did not respond', longest: 'Longest a call may take', no_sound: 'No sound from the far side', crash: 'Server stop', stop: 'Stopped' },
  why: { sample: 'Sample check', recall: 'Called again, the form was wrong', crash: 'Server stop', died: 'Died', refused: 'Refused', do_not_call: 'On the do-not-call list', automatic_contact_stopped: 'Automatic contact stopped', restricted: 'Use restricted', erased: 'Erased', readmitted: 'Readmitted', in_live_call: 'In a live call', outside_window: 'Outside the calling window', daily_cap: 'Enough dials today', gap: 'Too soon after the last dial', too_many_dials: 'Dialled often enough; a person goes on', better_hour: 'Waits for an hour at which more answer', cannot_take_part: 'Cannot take part', unable: 'Unable', no_number: 'No usable number' },
}
