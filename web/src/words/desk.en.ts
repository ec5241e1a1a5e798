// Words of the desk, the call bar, queues and the live board.
export default {
  agent_state: { offline: 'offline', idle: 'idle', reserved: 'reserved', ringing: 'ringing', talking: 'talking', holding: 'holding', wrap_up: 'wrap-up', paused: 'paused', no_phone: 'no phone' },
  pause: { rest: 'rest', meal: 'meal', training: 'training', meeting: 'meeting', ward: 'on the ward' },
  part: { agent: 'agent', guest: 'conference', listen: 'Listen', whisper: 'Whisper', barge: 'Barge' },
  strategy: { longest_idle: 'longest idle', fewest_calls: 'fewest calls', round_robin: 'round robin', ring_all: 'ring all' },
  endpoint_kind: { phone: 'registered phone', extension: 'extension of the PBX', number: 'outside number, key 1 connects' },
  desk: {
    enter: 'Come online', leave: 'Go offline', pause: 'Pause', unpause: 'Ready', phone: 'Phone {phone}', yourPhone: 'Pick up your own phone', rings: 'Incoming', talking: 'In call', unknown: 'not registered', hold: 'Hold', resume: 'Resume', mute: 'Mute', unmute: 'Unmute', transfer: 'Transfer', keys: 'Keys', hangUp: 'Hang up', dial: 'Dial',
    toWhom: 'To whom', consult: 'Consult', blind: 'Blind transfer', number: 'Extension or number', idle: '{n} idle', complete: 'Hand over', confer: 'Conference', backToPatient: 'Back to patient', sayWhat: 'Say what the call came to', writeUp: 'Write up', ready: 'Done', disposition: 'After the call', note: 'Note', when: 'When',
    dispositionNote: 'A completed form needs no outcome here.', quickLater: 'Not convenient now; a time is agreed. ', quickFamily: 'A relative answered and was told why. ', quickVisit: 'Reminded of the check-up. ', popTitle: 'Incoming call', candidates: 'Who it may be', askWho: 'A number may be several people’s: ask who is calling.', nobodyKnown: 'No patient has this number. Search by name, or ask for the admission number.', inCall: 'Answers are stored one by one during the call',
  },
  voicemail_state: { new: 'open', assigned: 'assigned', done: 'done' },
  voicemail: { search: 'Name, number', open: 'Open', empty: 'No messages are waiting.', nothing: 'Nothing found. Try another word.', length: 'Length', whose: 'Whose', assign: 'Assign', close: 'Done' },
  board: { waiting: 'Waiting', longest: 'Longest wait', idle: 'Idle agents', answered: 'Answered today', lost: 'Lost today', agents: 'Agents', calls: 'Calls', talk: 'Talk', since: 'For', noAgents: 'No agents yet. Add phones on the queues page.', callsNow: 'Calls with agents', audited: 'Listening, whispering, barging and taking over are audited.', noCalls: 'No agent is in a call now.', agent: 'Agent', inQueue: 'waiting', takeOver: 'Take over', gaveUp: 'Gave up', nobody: 'Nobody came', meanWait: 'Mean wait', dark: 'Wallboard', light: 'Plain' },
  queues: { newQueue: 'New queue', newAgent: 'Add an agent', agents: 'Agents', queues: 'Queues', noAgents: 'No agents yet. Make an account first, then add the phone.', empty: 'No queues yet.', phone: 'Phone', kind: 'Kind of phone', strategy: 'Strategy', priority: 'Priority', ring: 'Rings for', waitMax: 'Longest wait', announce: 'Announced each', waitingMax: 'Waiting at most', ownFirst: 'The patient’s own doctor or nurse first', code: 'Code', skills: 'Queues and skill, 5 is first', removeQueue: 'Remove the queue', removeAgent: 'Remove the agent' },
}
