// 座席、通话栏、技能组与座席监控的词。
export default {
  agent_state: { offline: '离线', idle: '空闲', reserved: '已预留', ringing: '振铃', talking: '通话中', holding: '保持中', wrap_up: '话后处理', paused: '示忙', no_phone: '话机未注册' },
  pause: { rest: '小休', meal: '用餐', training: '培训', meeting: '会议', ward: '上病房' },
  part: { agent: '座席', guest: '会议', listen: '监听', whisper: '密语', barge: '强插' },
  strategy: { longest_idle: '空闲最久', fewest_calls: '接听最少', round_robin: '轮流', ring_all: '同时振铃' },
  endpoint_kind: { phone: '注册话机', extension: '总机分机', number: '外部号码，按 1 接通' },
  desk: {
    enter: '上线', leave: '下线', pause: '示忙', unpause: '示闲', phone: '话机 {phone}', yourPhone: '请接自己的话机', rings: '来电', talking: '通话中', unknown: '未登记', hold: '保持', resume: '取回', mute: '静音', unmute: '取消静音', transfer: '转接', keys: '键盘', hangUp: '挂断', dial: '拨打',
    toWhom: '转给谁', consult: '咨询', blind: '直接转接', number: '分机或号码', idle: '{n} 人空闲', complete: '转给对方', confer: '三方会议', backToPatient: '回到患者', sayWhat: '请写明这次通话的结果', writeUp: '写小结', ready: '处理完毕', disposition: '话后小结', note: '小结', when: '约定时间',
    dispositionNote: '问完的随访在上面点完成，不用选结果。', quickLater: '本人现在不便，约好再打。', quickFamily: '家属接听，已说明来意。', quickVisit: '已提醒按时复查。', popTitle: '来电', candidates: '可能的来电人', askWho: '一个号码可能是几个人的，先问清是谁。', nobodyKnown: '没有患者登记这个号码。可按姓名查找，或请对方说住院号。', inCall: '通话中的答案逐题存入',
  },
  voicemail_state: { new: '未处理', assigned: '已分配', done: '已处理' },
  voicemail: { search: '姓名、号码', open: '未处理', empty: '没有待处理的留言和回电。', nothing: '没有找到。请换一个词。', length: '时长或要求', whose: '处理人', assign: '分配', close: '处理完毕' },
  board: { waiting: '排队', longest: '最长等待', idle: '空闲座席', answered: '今日接听', lost: '今日未接', agents: '座席', calls: '接听', talk: '通话', since: '持续', noAgents: '还没有座席。在技能组页登记话机。', callsNow: '座席通话', audited: '监听、密语、强插、接管都记入审计。', noCalls: '现在没有座席在通话。', agent: '座席', inQueue: '排队中', takeOver: '接管', gaveUp: '放弃', nobody: '无人接', rating: '通话评价（人数）', meanWait: '平均等待', dark: '大屏', light: '常规' },
  progressive: { title: '连续拨打', begin: '连续拨打 {n} 人', at: '第 {at} 个，共 {all} 个 · 已拨 {called} · 跳过 {passed}', soon: '{n} 秒后拨打', held: '已暂停', over: '清单已拨完', look: '先看', skip: '跳过', hold: '暂停', goOn: '继续', stop: '结束' },
  hours: { title: '服务时段', note: '时段以外按夜班处理；调休上班日按工作日。留空表示无人值守。', workday: '工作日', weekend: '周末', holiday: '节假日' },
  queues: { name: '名称', newQueue: '新建技能组', newAgent: '登记座席', agents: '座席', queues: '技能组', noAgents: '还没有座席。先在用户页建账号，再登记话机。', empty: '还没有技能组。', phone: '话机', kind: '话机类型', strategy: '分配方式', priority: '优先级', ring: '振铃时长', waitMax: '最长等待', announce: '播报间隔', waitingMax: '最多等待人数', ownFirst: '先找患者自己的医生或护士', openIn: '服务班次', rings: '先呼叫', dutyPhone: '来电者末次病区的值班电话', asksRating: '座席挂机后请来电者评分', code: '代码', skills: '技能组与等级，5 最先', removeQueue: '删除技能组', removeAgent: '取消座席' },
}
