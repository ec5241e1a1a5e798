// The menu is exactly the modules of the person's roles (GET /api/me), in groups.
import {
  Bell, Calendar, ChatLineSquare, ChatRound, CircleCheck, Clock, Collection, Connection, DataBoard, Document, EditPen, Finished, FirstAidKit, Headset, House, Key, Medal, Message, Mic, Microphone, Monitor, MuteNotification, OfficeBuilding, Phone, Reading, Refresh, Share, Star, Sunny, Switch, Timer, TrendCharts, Upload, User, UserFilled, VideoPlay, View, Warning,
} from '@element-plus/icons-vue'
import type { Component } from 'vue'

export interface Entry {
  to: string
  word: string
  sign: Component
  module: string
  /** Which figure of the overview stands beside it. */
  count?: 'due' | 'alerts' | 'repairs'
}

export const MENU: { group: string; entries: Entry[] }[] = [
  {
    group: '',
    entries: [
      { to: '/', word: 'home', sign: House, module: 'home' },
      { to: '/due', word: 'due', sign: Finished, module: 'due', count: 'due' },
      { to: '/alerts', word: 'alerts', sign: Warning, module: 'alerts', count: 'alerts' },
      { to: '/repairs', word: 'repairs', sign: EditPen, module: 'repairs', count: 'repairs' },
    ],
  },
  {
    group: 'work',
    entries: [
      { to: '/my-patients', word: 'myPatients', sign: Star, module: 'due' },
      { to: '/by-diagnosis', word: 'byDiagnosis', sign: FirstAidKit, module: 'patients' },
      { to: '/topics', word: 'topics', sign: Collection, module: 'patients' },
      { to: '/patients', word: 'patients', sign: User, module: 'patients' },
    ],
  },
  {
    group: 'calls',
    entries: [
      { to: '/runs', word: 'runs', sign: VideoPlay, module: 'runs' },
      { to: '/calls', word: 'calls', sign: Phone, module: 'calls' },
      { to: '/voicemail', word: 'voicemail', sign: Message, module: 'voicemail' },
      { to: '/board', word: 'board', sign: Monitor, module: 'board' },
      { to: '/queues', word: 'queues', sign: Headset, module: 'queues' },
      { to: '/recordings', word: 'recordings', sign: Mic, module: 'recordings' },
      { to: '/quality', word: 'quality', sign: Medal, module: 'quality' },
      { to: '/blocklist', word: 'blocklist', sign: MuteNotification, module: 'blocklist' },
    ],
  },
  {
    group: 'service',
    entries: [
      { to: '/complaints', word: 'complaints', sign: ChatLineSquare, module: 'complaints' },
      { to: '/enquiries', word: 'enquiries', sign: ChatRound, module: 'enquiries' },
      { to: '/articles', word: 'articles', sign: Reading, module: 'articles' },
    ],
  },
  {
    group: 'manage',
    entries: [
      { to: '/plans', word: 'plans', sign: Calendar, module: 'plans' },
      { to: '/questionnaires', word: 'questionnaires', sign: Document, module: 'questionnaires' },
      { to: '/allocation', word: 'allocation', sign: Share, module: 'allocation' },
      { to: '/samples', word: 'samples', sign: CircleCheck, module: 'samples' },
    ],
  },
  {
    group: 'figures',
    entries: [
      { to: '/statistics', word: 'statistics', sign: TrendCharts, module: 'statistics' },
      { to: '/management', word: 'management', sign: DataBoard, module: 'statistics' },
      { to: '/pdca', word: 'pdca', sign: Refresh, module: 'statistics' },
    ],
  },
  {
    group: 'system',
    entries: [
      { to: '/imports', word: 'imports', sign: Upload, module: 'imports' },
      { to: '/interfaces', word: 'interfaces', sign: Connection, module: 'interfaces' },
      { to: '/prompts', word: 'prompts', sign: Microphone, module: 'prompts' },
      { to: '/trunks', word: 'trunks', sign: Switch, module: 'trunks' },
      { to: '/announcements', word: 'announcements', sign: Bell, module: 'trunks' },
      { to: '/policy', word: 'policy', sign: Clock, module: 'policies' },
      { to: '/users', word: 'users', sign: UserFilled, module: 'users' },
      { to: '/roles', word: 'roles', sign: Key, module: 'roles' },
      { to: '/audit', word: 'audit', sign: View, module: 'audit' },
      { to: '/departments', word: 'departments', sign: OfficeBuilding, module: 'departments' },
      { to: '/roster', word: 'roster', sign: Timer, module: 'roster' },
      { to: '/holidays', word: 'holidays', sign: Sunny, module: 'departments' },
    ],
  },
]
