// 词汇表里的中文;每个词与接口、表、文档用同一行。
import desk from './desk.zh'
import pages from './pages.zh'
import rights from './rights.zh'
import safety from './safety.zh'
import service from './service.zh'

export default {
  ...pages,
  ...desk,
  ...rights,
  ...safety,
  ...service,
  app: { centre: '随访中心', search: '患者、号码、住院号、拼音', searchAll: '查找患者', textSize: '字号', small: '小', medium: '中', large: '大', collapse: '收起', expand: '展开', lines: '线路', language: 'English', signOut: '退出登录', skip: '跳到正文' },
  menu: { voicemail: '留言与回电', board: '座席监控', queues: '技能组与座席', complaints: '投诉', enquiries: '咨询', articles: '知识库', recordings: '录音', quality: '质检', blocklist: '呼入黑名单',
    home: '工作台', due: '待随访', myPatients: '我的病人', byDiagnosis: '诊断随访', topics: '专题随访', patients: '患者', alerts: '危急提醒', repairs: '号码修正', runs: '外呼批次', calls: '通话记录', plans: '计划与周期', questionnaires: '问卷', allocation: '任务分配', samples: '抽查回访',
    statistics: '统计报表', management: '管理首页', pdca: '持续改进', imports: '数据导入', interfaces: '接口', prompts: '提示音录制', trunks: '线路', announcements: '运营商提示音', policy: '外呼时段', users: '用户', roles: '角色', audit: '审计', departments: '科室', roster: '值班表', holidays: '节假日',
  },
  common: {
    colon: '：',
    retry: '重试', cancel: '取消', save: '保存', search: '查找', close: '关闭', all: '全部', none: '无', loading: '正在读取', failed: '没有读到数据',
    prev: '上一页', next: '下一页', name: '姓名', number: '号码', state: '状态', outcome: '结果', reason: '原因', department: '科室', ward: '病区', time: '时间', age: '{n} 岁',
    rows: '第 {from} – {to} 条', saved: '已保存 {time}', refresh: '刷新', open: '打开', print: '打印', export: '导出', add: '增加', edit: '修改', remove: '删除', department_all: '全院', patient: '患者', who: '操作人', more: '更多', count: '{n} 条', optional: '可不填', seconds: '秒',
  },
  signIn: { title: '登录', login: '工号', password: '密码', submit: '登录', note: '录音和答案的查看都会记入审计。' },
  home: {
    uncertain: '待核实的拨打', uncertainNote: '服务器中断时正在拨打，不会自动重拨。请逐条核实。', invited: '拨出时间', rang: '已振铃', answered: '已接通', notRang: '未振铃', answersKept: '已存答案',
    redial: '可以重拨', noAnswer: '无人接听', completed: '已完成', resolved: '已处理：{outcome}', work: '待办', workEmpty: '没有待办的随访。新的批次可在外呼批次中建立。', workNone: '没有找到。请换一个词。', due: '应办时间',
    what: '事项', lastOutcome: '上次结果', overdue: '逾期', today: '待随访', retrying: '等待重拨', person: '待人工', repair: '待修正号码', alerts: '未闭环的危急提醒', alertsEmpty: '没有未闭环的危急提醒。', toCall: '看通话', person_due: '到期', reminders: '提醒', dismiss: '知道了', until: '截止 {day}',
  },
  runs: {
    new: '新建批次', empty: '还没有批次。先导入出院患者，再新建批次。', name: '批次名称', dialplan: '语音流程', trunk: '线路', anyTrunk: '任一可用线路', lines: '同时线路数', linesNote: '不填：线路允许的全部', source: '患者来源',
    allOpen: '全部还没有随访的出院患者', fromImport: '导入 {name}', create: '建立', made: '已建立，共 {n} 个随访任务', start: '开始', resume: '继续', pause: '暂停', stop: '停止外呼', stopNote: '正在振铃的呼叫会取消，已接通的会说完。停止后不能再开始。',
    due: '应拨', dialled: '已拨', answeredN: '接通', right: '找对人', completedN: '完成', createdBy: '建立人', createdAt: '建立时间', progress: '进度', back: '返回批次', linesUse: '线路使用', rate: '拨号速率', rateValue: '每秒 {n} 次', whyIdle: '现在没有拨号',
    live: '进行中', liveEmpty: '现在没有通话。', finished: '已结束', finishedEmpty: '还没有结束的通话。', tasks: '随访任务', tasksEmpty: '没有这样的任务。', question: '第 {n} 题', keys: '按键 {n}', dials: '拨打', attempts: '有效尝试', notBefore: '下次不早于', byOutcome: '各结果', untested: '未签审', dialsN: '{n} 次', training: '须先由医生签审，目前只能练习',
  },
  calls: {
    empty: '还没有通话。', nothing: '没有符合条件的通话。请放宽条件。', direction: '方向', outbound: '外呼', inbound: '呼入', started: '开始', talk: '通话时长', answers: '答案', recording: '录音', anyState: '全部状态', live: '进行中', anyOutcome: '全部结果',
    back: '返回通话记录', facts: '通话', answered: '接通', ended: '结束', endedBy: '结束方', sip: 'SIP 状态', cause: '释放原因', trunk: '线路', question: '题目', answer: '答案', given: '作答', score: '得分', by: '方式', auto: '自动', answersEmpty: '这次通话没有问到题目。', recordings: '录音', recordingsEmpty: '没有录音。', notReady: '录音还没有完成。', legs: '媒体', codec: '编码', sent: '发送包', received: '接收包', lost: '丢失包', jitter: '抖动', run: '所属批次', questionnaire: '问卷', unknownName: '未登记',
  },
  player: { play: '播放', pause: '暂停', loop: '循环最近 5 秒', speed: '速度', patient: '患者', hospital: '院方', noWave: '波形没有读到', position: '播放位置', jump: '跳到第几题', mark: '第 {n} 题', failed: '录音不能播放。请重试。' },
  imports: {
    file: '文件', choose: '选择文件', drop: '把 CSV 或 XLSX 文件拖到这里，或', note: 'UTF-8 或 GB18030,第一行是列名。正确的行入库，有误的行在下面列出。', running: '已读 {read} / {total} 行', bad: '{n} 行有误', result: '结果', read: '读入', stored: '新增', known: '已有', wrong: '有误', faults: '有误的行', row: '行', column: '列', what: '问题', download: '下载有误的行',
    noFaults: '没有有误的行。', history: '导入记录', empty: '还没有导入。请选择医院信息系统导出的出院患者文件。', by: '导入人', toRun: '为这些患者新建批次', failed: '导入没有完成', nothing: '没有找到这样的行。', onlyAll: '导入需要全院范围的账号。',
  },
  sources: {
    title: '自动来源', empty: '还没有自动来源。在 suifang.toml 中配置 [[source]]，做法见 docs/SOURCES.md。', name: '名称', kind: '方式', folder: '文件夹', command: '命令', door: 'HTTP 接口', last: '上次运行', arrived: '最近新数据', next: '下次运行', run: '立即运行', never: '从未', silent: '超时没有新数据', report: '导入报告', noRun: '还没有运行过。',
    why: { known_file: '内容相同的文件已经导入过', crash: '服务器停机中断', system_fault: '系统故障' },
  },
  prompts: {
    recorded: '真人录音', outdated: '已过期', synthetic: '合成语音', missing: '无声音', text: '文字', length: '时长', search: '查找文字', language: '语言', recordedOf: '真人录音 {n} / {all}', empty: '没有提示音。', nothing: '没有找到这样的文字。', reader: '录音人',
    record: '录音', phone: '话机', phoneHint: '分机号或电话号码', registered: '已注册', which: '录哪些', chosen: '选中的 {n} 句', onlyMissing: '还没有真人录音的', onlyOutdated: '已过期的', onlyAll: '全部', call: '拨打并录音', how: '话机会响。逐句先听示范，嘀声后照读，按 # 结束；听回放后 1 保留，2 重录，3 跳过，* 再听示范。挂机时已保留的不会丢。',
    studio: '录音进度', progress: '第 {at} / {all} 句，保留 {kept}，跳过 {skipped}', keptOf: '保留 {kept} / {all} 句', hangUp: '结束录音', notAnswered: '没有接通', play: '播放', pause: '停止', notPlayed: '放不出来，请重试', versions: '版本', noVersion: '还没有真人录音。', kept: '使用中', retired: '已停用', retire: '停用', restore: '恢复使用', level: '音量 {n} dBm0', noise: '底噪 {n} dBm0', unused: '（这句话已不再使用）',
    ofDialplan: '提示音：真人录音 {recorded} 句，已过期 {outdated} 句，合成语音 {synthetic} 句，无声音 {missing} 句',
    doing: { calling: '正在拨打', announcing: '播放示范', recording: '正在录音', choosing: '等待按键', ended: '已结束' },
    fault: { silence: '没有听到声音，正在重录', too_quiet: '声音太小，正在重录', clipped: '声音太大，正在重录', noisy: '周围太吵，正在重录', too_short: '太短，正在重录', too_long: '太长，正在重录' },
  },
  announcements: {
    note: '被叫接通前听到、还认不出的提示音。选三段以上同一条提示音，标注后从下一次拨打起识别。', heard: '未识别的提示音', known: '已学会的提示音', search: '响应码、结果、时间', label: '标注为', learn: '学习所选 {n} 段', learnt: '已学会：{word}', judge: '试识别', more: '再选 {n} 段',
    nothing: '没有符合的提示音', empty: '没有未识别的提示音。拨打后接通前听到、没有接通、又认不出的声音会列在这里。', knownEmpty: '还没有学会任何提示音。', length: '时长', listen: '试听', play: '播放', status: '响应码', verdict: '现在认作', unknown: '认不出', common: '共同部分', from: '录音数', by: '学习时间', forget: '忘记', forgotten: '已忘记：{word}',
    class_vacant_number: '空号', class_suspended: '停机', class_powered_off: '关机', class_no_coverage: '暂时无法接通', class_in_call: '正在通话中', class_no_answer: '无人接听', class_barred: '呼叫限制', class_network_busy: '网络忙', class_voicemail: '语音信箱',
  },
  trunks: { empty: '还没有配置线路。请在 suifang.toml 的 [[trunk]] 中填写。', up: '可用', down: '不可用', registered: '注册', answers: '应答', lines: '线路数', inUse: '使用中', rate: '每秒呼叫', caller: '主叫号码', peer: '对端', trouble: '故障', yes: '正常', no: '失败', unasked: '不需要' },
  alerts: { empty: '没有未闭环的危急提醒。', item: '题目编号', level: '级别', raised: '提出', due: '应处理', nothing: '没有找到。请换一个词。', search: '姓名、题目、科室、负责人', anyLevel: '全部级别', part_open: '未闭环', part_overdue: '逾期', part_all: '全部', what: '题目和答案', owner: '负责人', nobody: '无人', system: '系统', lateBy: '逾期 {time}', left: '还有 {time}', last30: '最近 30 天提出 {raised} 条，闭环 {closed} 条，闭环率 {rate}', rateMeans: '危急提醒闭环率 = 期间内提出且已闭环的 ÷ 期间内提出的',
    acknowledge: '接收', action: '处理措施', actionHint: '例如：已电话嘱其立即就诊', inHand: '开始处理', outcome: '处理结果', outcomeHint: '写明结果才能闭环', close: '闭环', steps: '经过', dutyCalls: '值班电话' },
  users: { new: '新建用户', login: '工号', displayName: '姓名', role: '角色', password: '密码', passwordNote: '至少 8 位', mayStop: '可全部停呼', whole: '全院范围', yes: '是', no: '否', empty: '还没有用户。', made: '已建立 {login}', nothing: '没有找到这样的用户。', staffNote: '在电话上按键签收危急提醒', mobile: '手机', mobileNote: '不填则不变', group: '随访分工', series: '默认随访系列', ownOnly: '只看本人主管的患者' },
  policy: { windows: '外呼时段', from: '从', to: '到', add: '增加一段', remove: '删除', weekends: '周末外呼', dials: '每人每日拨打不超过', completed: '每人每日完成不超过', attempts: '每个任务有效尝试不超过', resumes: '中断后续问不超过', busy: '忙后再拨', gap: '两次拨打间隔', times: '次', minutes: '分钟', readOnly: '只有班长和系统管理员可以修改。' },
  stop: { title: '全部停呼', reason: '停呼原因', reasonHint: '例如：问卷内容有误', live: '正在进行的通话', finish: '让其说完', apologise: '致歉后结束', confirm: '全部停呼', stopped: '全部停呼中', by: '{by} 于 {at} 停呼，原因：{reason}', resume: '恢复外呼', byOther: '停呼的人不能自己恢复，请另一人操作。', note: '立即停止一切外呼，正在振铃的会取消；由另一人恢复。' },
  banner: { training: '练习模式：不限外呼时段，不得用于患者。', pilot: '试点：只拨打名单内的号码。', draining: '服务器正在停机：不再拨打新的电话。', silent: '数据来源 {name} 自 {since} 起没有新数据，请检查接口。', offline: '与服务器的连接中断，正在重连。页面上的进行中状态可能不是最新。' },
  role: { agent: '座席', nurse: '护士', doctor: '医生', supervisor: '班长', sys_admin: '系统管理员', system_admin: '系统管理员（三员）', security_admin: '安全管理员', audit_admin: '审计管理员' },
  call_state: { queued: '排队', dialling: '拨号', ringing: '振铃', early_media: '早期语音', answered: '已接通', transferring: '转接中', ended: '已结束' },
  run_state: { draft: '草稿', scheduled: '待开始', running: '外呼中', paused: '已暂停', waiting_window: '时段外等待', stopping: '正在停止', stopped: '已停止', finished: '已完成' },
  task_state: { pending: '未到期', due: '待随访', assigned: '已分配', in_progress: '进行中', waiting_retry: '等待重拨', needs_person: '待人工', waiting_repair: '待修正号码', completed: '已完成', partial: '部分完成', cancelled: '已取消', expired: '已失效', uncertain: '待核实' },
  task_kind: { follow_up: '随访', repair_task: '号码修正', verify_person: '核实患者', person_call: '人工电话', callback: '预约回拨' },
  outcome: {
    completed: '完成', partial: '部分完成', break_off: '中断', refused: '拒访', wrong_number: '打错了', wrong_person: '非本人且不知情', postponed: '改约', answered_no_keys: '接通未按键', identity_not_confirmed: '身份未确认', carrier_voicemail: '语音信箱/秘书台', call_assistant: '手机助理代接', no_answer: '无人接听', busy: '忙', declined: '拒接',
    unreachable: '关机/不在服务区', not_in_service: '空号/停机/改号', barred: '呼叫受限', trunk_fault: '线路故障', unable: '无法应答', not_eligible: '不适合随访', system_fault: '系统故障', uncertain: '待核实',
  },
  identity: { confirmed: '相符', failed: '不符' },
  blank: { not_asked: '未问', no_answer: '未答', declined: '拒答', unknown: '不详', not_applicable: '不适用', not_measured: '未测' },
  alert_level: { emergency: '紧急', urgent: '加急', prompt: '关注' },
  alert_state: { raised: '待接收', acknowledged: '已接收', in_hand: '处理中', escalated: '已升级', closed: '已闭环' },
  import_state: { running: '导入中', finished: '已完成', failed: '未完成' },
  recording_state: { recording: '录制中', finished: '已完成', repaired: '已修复', destroyed: '已销毁', missing: '缺失' },
  recording_kind: { call: '通话录音', early: '接通前', message: '留言' },
  ended_by: { we: '院方', they: '对方', timeout: '超时', fault: '故障', crash: '服务器中断' },
  idle: { governor_calls_per_h: '本小时外呼已达线路上限，{at} 起再拨', governor_short_calls: '秒挂比例过高，{at} 起再拨', governor_no_answers: '无人接听比例过高，{at} 起再拨', stop_all: '全部停呼中', outside_window: '不在外呼时段', no_room: '通话数已满', no_trunk: '没有可用线路', no_line: '线路全部占用', waiting_retry: '等待重拨，最早 {at}', in_progress: '全部在通话中', finished: '全部拨完' },
  reason: { no_response: '线路没有应答', longest: '超过通话时长上限', no_sound: '没有收到对方声音', crash: '服务器中断', stop: '已停呼' },
  why: { sample: '抽查回访', recall: '问卷改正后重拨', crash: '服务器中断', died: '已去世', refused: '拒访', do_not_call: '在免打扰名单', automatic_contact_stopped: '已停止自动联系', restricted: '已限制处理', erased: '个人信息已删除', readmitted: '已再入院', in_live_call: '正在通话', outside_window: '不在外呼时段', daily_cap: '当日次数已满', gap: '间隔未到', too_many_dials: '拨打次数已满，请人工联系', better_hour: '等到更易接通的时段', cannot_take_part: '无法应答', unable: '无法应答', no_number: '没有可用号码' },
}
