// 投诉、咨询、知识库、录音、质检、呼入黑名单与通话记录的词。
export default {
  complaint_kind: { complaint: '投诉', praise: '表扬' },
  complaint_state: { registered: '待交办', assigned: '待答复', answered: '待回访', called_back: '待办结', closed: '已办结' },
  complaint_did: { registered: '登记', assigned: '交办', answered: '答复', called_back: '回访', closed: '办结' },
  complaint_category: { 服务态度: '服务态度', 医疗质量: '医疗质量', 护理质量: '护理质量', 等候时间: '等候时间', 收费: '收费', 环境后勤: '环境后勤', 其他: '其他' },
  enquiry_category: { 用药: '用药', 护理: '护理', 饮食: '饮食', 复诊: '复诊', 门诊: '门诊', 检查: '检查', 费用: '费用', 其他: '其他' },
  call_result: { answered: '已接通', not_answered: '未接通', live: '进行中' },
  complaints: {
    register: '登记', fromCall: '登记投诉', registerTitle: '登记投诉或表扬', search: '内容、姓名、科室、承办人', part_open: '未办结', part_overdue: '逾期', part_closed: '已办结', part_all: '全部', mine: '由我承办', anyKind: '投诉和表扬', empty: '没有未办结的投诉。接到投诉时点登记。', nothing: '没有符合条件的。请换一个词，或选全部。',
    kind: '种类', category: '类别', what: '内容', whatHint: '照原话写：何时、何地、何人、何事、有什么要求', who: '投诉人', praised: '表扬人', conduct: '涉及行风', conductNote: '不对所涉科室显示', about: '所涉科室 病区', assignee: '承办人', nobody: '未交办', registered: '登记时间', by: '登记人', due: '下一步时限', lateBy: '逾期 {time}', left: '还有 {time}', noLimit: '不限时', patientHint: '姓名、住院号、电话', patientOf: '有关患者', callOf: '有关通话',
    to: '交办给', toHint: '工号', assign: '交办', reassign: '改交', assignNote: '交办要求', answer: '答复', answerText: '调查结果和答复', answerHint: '查明了什么，怎么处理，怎么答复', othersTurn: '由 {who} 答复。', callBack: '回访', result: '回访结果', satisfied: '满意', notSatisfied: '不满意', again: '不满意的退回承办人重新答复。', outcome: '办结意见', close: '办结', steps: '经过', content: '是否满意', saved: '已登记',
    limits: '时限', limitsAre: '自登记起：{assign} 小时内交办，{answer} 小时内答复，{close} 小时内办结', hours: '小时', assign_h: '交办', answer_h: '答复', close_h: '办结', limitsNote: '对以后登记的和各件的下一步生效。', drafted: '没有登记的内容已留在本机。',
  },
  enquiries: {
    take: '登记咨询', search: '问题、姓名、科室', part_open: '未答复', part_all: '全部', anyCategory: '全部类别', empty: '没有未答复的咨询。接到咨询时点登记咨询。', nothing: '没有符合条件的。请换一个词，或选全部。', question: '问题', questionHint: '照原话写', caller: '咨询人', taken: '登记时间', by: '登记人', answeredBy: '答复人', notYet: '未答复', answer: '答复', answerHint: '可从知识库选一条，再按对方的情况改', fromArticle: '从知识库选', chosen: '依据 {title} 第 {n} 版', drop: '不用这一条', save: '保存答复', articleHint: '查找知识库', noArticle: '知识库中没有找到。', answerLater: '现在不答，以后再答', withArticle: '依据',
  },
  articles: {
    fresh: '新建条目', search: '每个词都要出现在条目里，一个字也可以', anyCategory: '全部类别', empty: '知识库还没有条目。点新建条目写第一条。', nothing: '没有找到。请少输一个词，或换一种说法。', pick: '在左侧选一条', copy: '复制到小结', copied: '已复制', copiedInto: '已写入本次通话的小结，也可粘贴', notCopied: '浏览器不让复制，请选中下面的文字复制。', versions: '版本', version: '第 {n} 版', current: '现行', old: '这是旧版本，不再用于答复。', toCurrent: '看现行版', used: '{n} 次咨询用过', title: '标题', body: '正文', note: '改了什么', noteHint: '例如：按新说明书改了剂量', save: '保存为新版本', create: '保存', retire: '停用', retireWhy: '停用原因', retired: '已停用：{why}', updated: '更新', whole: '全院通用', drafted: '没有保存的修改已留在本机。', discard: '放弃修改',
  },
  recordings: {
    search: '姓名或号码', withOnly: '有录音的', empty: '还没有录音。接通的通话会自动录音。', nothing: '没有找到有录音的通话。请换一个词。', none: '这一页的通话都没有录音。', part_calls: '通话录音', part_holds: '封存', holdsEmpty: '没有封存的录音。在录音中点封存。', held: '已封存', hold: '封存', release: '解除封存', holdWhy: '封存原因', holdHint: '例如：投诉纠纷，保留备查', holdNote: '封存的录音到期也不销毁；封存和解除都记入审计。', releaseWhy: '解除原因', heldBy: '封存人', heldAt: '封存时间', releasedBy: '解除人', all: '含已解除的', still: '封存中', review: '送质检', reviewed: '已送质检', template: '评分表', toCall: '通话详情', notPlayable: '这段录音不能播放', answers: '答案', at: '位置', listened: '收听记入审计。', to: '打开',
  },
  quality: {
    next: '下一份', part_reviews: '评分', part_draws: '抽样', part_sums: '汇总', part_templates: '评分表', open: '未评', all: '全部', search: '座席、评分人、科室', reviewsEmpty: '没有待评的录音。到抽样中抽取，或在录音页送质检。', nothing: '没有符合条件的。请换一个词，或选全部。', agent: '座席', auto: '自动语音', opened: '送评时间', openedBy: '送评人', reviewer: '评分人', total: '总分', points: '分', failed: '一票否决', score: '评分', scored: '已评', notScored: '未评', template: '评分表', fromDraw: '抽样', single: '单件', weight: '权重', max: '满分', fatal: '一票否决', remark: '评语', remarkHint: '哪里好，哪里要改', save: '提交评分', once: '提交后不能再改。', left: '还有 {n} 项没有打分', keys: '数字键打分，上下键换项', ownCall: '自己的通话由别人评。',
    draw: '抽样', drawsEmpty: '还没有抽样。', period: '通话日期', count: '份数', seed: '种子', seedNote: '同一种子、同一段时间抽到同样的录音', drawn: '已抽取 {n} 份', drawnBy: '抽取人', drawnAt: '抽取时间', population: '录音总数', progress: '已评', mean: '平均分', noMean: '未评', see: '看这次抽样', ofDraw: '只看 {seed} 号抽样', clear: '看全部',
    sumsEmpty: '这段时间没有评分。', reviews: '评分数', failedN: '否决数', sumsNote: '谁评了谁：同一座席在不同评分人处相差大的，应共同重听。', templatesEmpty: '还没有评分表。先建一张，才能抽样。', newTemplate: '新建评分表', code: '编号', codeHint: '小写字母和下划线', items: '{n} 项', item: '项目', itemHint: '例如：报出医院和科室', addItem: '增加一项', weights: '权重合计 {n}，应为 100', saveTemplate: '保存为新版本', templateNote: '已送评的录音仍用原来的版本。', madeBy: '保存人',
  },
  blocklist: {
    add: '加入名单', number: '号码', reason: '原因', reasonHint: '例如：反复骚扰', until: '到期日', forever: '长期', untilNote: '不填：直到移出', empty: '名单是空的。', nothing: '没有符合条件的。', all: '含已到期和已移出的', search: '号码、原因、操作人', refused: '拒接次数', lastRefused: '最近拒接', by: '加入人', at: '加入时间', state_holds: '生效', state_over: '已到期', state_revoked: '已移出', off: '移出', offTitle: '移出名单', offNumber: '完整号码', offNote: '名单上的号码是隐藏的，移出时请输入完整号码核对。', offWhy: '移出原因', refusedCalls: '被拒接的来电', refusedEmpty: '没有被拒接的来电。', trunk: '线路', imported: '已加入 {n} 个', bad: '{n} 行有误', row: '第 {n} 行', columns: '列名：号码 原因 到期日', note: '只拒接来电；不影响外呼，外呼看免打扰名单。', added: '已加入', gone: '已移出',
  },
  history: {
    from: '从', to: '到', agent: '座席', anyAgent: '全部座席', ivr: '自动语音', number: '姓名或号码', anyResult: '全部结果', anyDirection: '呼入和外呼', total: '通话 {calls}，接通 {answered}，接通率 {rate}，通话时长 {talk}', totals: '合计', showTotals: '看合计', hideTotals: '收起合计', result: '结果', calls: '通话数', answeredN: '接通', talk: '通话时长', meanTalk: '平均时长', print: '打印', byName: '按姓名查找：全部日期，没有合计。', empty: '这段时间没有通话。', nothing: '没有符合条件的通话。请放宽日期或条件。', today: '今天', week: '近 7 天', month: '近 30 天', sum: '合计',
  },
  contact_service: { complaints: '投诉和表扬', enquiries: '咨询', noComplaints: '没有投诉或表扬。', noEnquiries: '没有咨询。' },
}
