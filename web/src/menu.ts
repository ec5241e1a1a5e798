// The menu is exactly the modules of the person's roles (GET /api/me), in groups.
export interface Entry {
  to: string
  word: string
  sign: string
  module: string
  /** Which figure of the overview stands beside it. */
  count?: 'due' | 'alerts' | 'repairs'
}

export const MENU: { group: string; entries: Entry[] }[] = [
  {
    group: '',
    entries: [
      { to: '/', word: 'home', sign: '⌂', module: 'home' },
      { to: '/due', word: 'due', sign: '☑', module: 'due', count: 'due' },
      { to: '/alerts', word: 'alerts', sign: '⚠', module: 'alerts', count: 'alerts' },
      { to: '/repairs', word: 'repairs', sign: '✎', module: 'repairs', count: 'repairs' },
    ],
  },
  {
    group: 'work',
    entries: [
      { to: '/my-patients', word: 'myPatients', sign: '♡', module: 'due' },
      { to: '/by-diagnosis', word: 'byDiagnosis', sign: '⚕', module: 'patients' },
      { to: '/topics', word: 'topics', sign: '☷', module: 'patients' },
      { to: '/patients', word: 'patients', sign: '☻', module: 'patients' },
    ],
  },
  {
    group: 'calls',
    entries: [
      { to: '/runs', word: 'runs', sign: '▶', module: 'runs' },
      { to: '/calls', word: 'calls', sign: '☎', module: 'calls' },
    ],
  },
  {
    group: 'manage',
    entries: [
      { to: '/plans', word: 'plans', sign: '▦', module: 'plans' },
      { to: '/questionnaires', word: 'questionnaires', sign: '☰', module: 'questionnaires' },
      { to: '/allocation', word: 'allocation', sign: '⇶', module: 'allocation' },
      { to: '/samples', word: 'samples', sign: '◍', module: 'samples' },
    ],
  },
  {
    group: 'figures',
    entries: [
      { to: '/statistics', word: 'statistics', sign: '▤', module: 'statistics' },
      { to: '/management', word: 'management', sign: '◫', module: 'statistics' },
      { to: '/pdca', word: 'pdca', sign: '↻', module: 'statistics' },
    ],
  },
  {
    group: 'system',
    entries: [
      { to: '/imports', word: 'imports', sign: '⇪', module: 'imports' },
      { to: '/interfaces', word: 'interfaces', sign: '⇌', module: 'interfaces' },
      { to: '/prompts', word: 'prompts', sign: '♪', module: 'prompts' },
      { to: '/trunks', word: 'trunks', sign: '⇄', module: 'trunks' },
      { to: '/policy', word: 'policy', sign: '◷', module: 'policies' },
      { to: '/users', word: 'users', sign: '☺', module: 'users' },
      { to: '/roles', word: 'roles', sign: '⚿', module: 'roles' },
      { to: '/departments', word: 'departments', sign: '⌗', module: 'departments' },
      { to: '/roster', word: 'roster', sign: '◴', module: 'roster' },
      { to: '/holidays', word: 'holidays', sign: '☀', module: 'departments' },
    ],
  },
]
