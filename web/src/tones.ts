// Green: good or idle. Blue: in progress. Amber: waiting. Red: stop. Grey: over.
export type Tone = 'good' | 'busy' | 'wait' | 'stop' | 'over'

const TONES: Record<string, Record<string, Tone>> = {
  run_state: { running: 'busy', waiting_window: 'wait', paused: 'wait', scheduled: 'wait', stopping: 'wait', finished: 'good' },
  voicemail_state: { new: 'wait', assigned: 'busy', done: 'good' },
  agent_state: { idle: 'good', talking: 'busy', holding: 'wait', ringing: 'wait', reserved: 'wait', wrap_up: 'wait', paused: 'wait', no_phone: 'stop' },
  call_state: { dialling: 'busy', ringing: 'busy', early_media: 'busy', answered: 'good', transferring: 'busy', queued: 'wait' },
  task_state: { due: 'wait', assigned: 'busy', in_progress: 'busy', waiting_retry: 'wait', needs_person: 'wait', waiting_repair: 'wait', completed: 'good', partial: 'good', uncertain: 'wait' },
  outcome: { completed: 'good', partial: 'good', postponed: 'wait', trunk_fault: 'stop', system_fault: 'stop', uncertain: 'wait' },
  alert_level: { emergency: 'stop', urgent: 'stop', prompt: 'wait' },
  alert_state: { raised: 'stop', acknowledged: 'wait', in_hand: 'busy', escalated: 'stop', closed: 'good' },
  complaint_state: { registered: 'wait', assigned: 'busy', answered: 'busy', called_back: 'busy', closed: 'good' },
  call_result: { answered: 'good', live: 'busy' },
  number_state: { valid: 'good', suspect: 'wait', invalid: 'stop', blocked: 'stop' },
  visit_state: { planned: 'wait', attended: 'good', missed: 'stop' },
  message_state: { accepted: 'good', rejected: 'stop', repaired: 'good' },
  import_state: { running: 'busy', finished: 'good', failed: 'stop' },
  recording_state: { recording: 'busy', finished: 'good', repaired: 'good', missing: 'stop' },
}

export function toneOf(table: string, word: string): Tone {
  return TONES[table]?.[word] ?? 'over'
}
