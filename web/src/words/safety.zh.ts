// 明文查看、三员、审计、动态口令、锁屏的词。
export default {
  clear: {
    see: '看明文', why: '为什么要看', go: '查看', left: '{n} 秒后隐藏', hide: '隐藏', words: '写明原因', note: '查看会记入审计。', none: '没有号码',
    call_by_hand: '手工拨号', verify_identity: '核对身份', correct_record: '更正资料', emergency: '紧急情况', other: '其他',
  },
  audit: {
    note: '只看，不能更改。', search: '谁、做了什么、编号、原因', who: '操作人', did: '做了什么', subject: '对象', id: '编号', sealed: '已封链', open: '未封链', empty: '这段时间没有记录。', nothing: '没有找到。请换一个词或放宽日期。', from: '从', to: '到', any: '全部',
  },
  audit_did: { learnt: '学习', forgotten: '删除学习', read: '查看', exported: '导出', printed: '打印', unmasked: '看明文', played: '播放', traced: '查看信令', signed_in: '登录', password_given: '密码通过', sign_in_failed: '登录失败', locked: '锁定账号', unlocked: '解锁账号', role_given: '给予角色', role_changed: '改角色', duties_separated: '三员分立', created: '建立', profile_set: '改操作员资料', password_set: '改密码', second_factor_set: '启用动态口令', second_factor_reset: '重置动态口令', recovery_code_used: '使用恢复码', screen_locked: '锁屏', screen_unlocked: '解除锁屏', acknowledged: '确认收到', added: '加入', adjusted: '调整', alarmed: '报警', allocated: '分配', amended: '更正', answered: '接听', assigned: '指派', begun: '开始', cannot_take_part: '不能参加', changed: '修改', chosen: '选定', closed: '关闭', confirmed: '确认', consented: '同意', dismissed: '忽略', drawn: '抽取', ended: '结束', entered: '录入', erased: '删除', erasure_asked: '申请删除', escalated: '升级', finished: '完成', follow_up_ended: '结束随访', given: '给出', imported: '导入', left: '留下', made: '建立', merged: '合并', noted: '记小结', number_disowned: '号码不是本人', opted_out: '退订', published: '发布', raised: '提出', recalled: '召回', refused: '拒绝', refused_recording: '拒绝录音', registered: '登记', rejected: '退回', removed: '移除', repaired: '修正', replaced: '替换', resolved: '核实', restored: '恢复', restricted: '限制处理', resumed: '恢复外呼', revoked: '撤销', rung: '呼叫值班', staff_set: '改值班信息', stopped: '停呼', taken: '收下', told_by_phone: '电话告知', withdrawn: '撤回', work_changed: '改工作量' },
  audit_subject: { announcement: '运营商提示音', person: '患者', account: '账号', call: '通话', signalling: '信令', recording: '录音', list: '名单', due_list: '随访日期表', task: '随访', alert: '危急提醒', run: '外呼批次', policy: '规则', answer: '答案', api_token: '令牌', appointment: '预约', article: '知识', attempt: '拨打', backup: '备份', blocklist: '呼入黑名单', complaint: '投诉', department: '科室', do_not_call: '不再拨打', enquiry: '咨询', hospital_message: '接口消息', import: '导入', opinion: '医生意见', plan: '计划', plan_template: '计划模板', prompt: '提示音', questionnaire: '问卷', role: '角色', roster: '值班表', sample: '抽查', series: '随访系列', source: '数据来源', stop_all: '全部停呼', tasks: '任务', topic: '专题', voicemail: '留言', agent: '座席', queue: '技能组' },
  signalling: {
    title: '信令', us: '院方', out: '发出', in: '收到', again: '重发', cut: '过长，只保存了前一部分', choose: '点一条消息看全文。', whole: '号码和按键为明文，两分钟后隐藏', empty: '没有这次通话的信令：消息只保存 {n} 天。', off: '没有保存信令（suifang.toml 中 sip_lab_days 为 0）。', facts: '经过', rule: '依据', next: '任务', between: '；', gap: '最长无包', roundTrip: '往返时延', first: '接通后首包',
    role: { patient: '患者', agent: '座席', duty: '值班', guest: '同事', listen: '监听', whisper: '耳语', barge: '强插' },
  },
  admins: {
    giveRole: '角色', lock: '锁定', unlock: '解锁', locked: '已锁定', why: '锁定或解锁的原因', self: '本人的角色和锁定由另一人操作。',
    whole: '三员未分立', separate: '三员分立', separateNote: '先建好系统管理员、安全管理员、审计管理员各一个账号。分立后旧的管理员角色不再管理账号和角色，也不再看审计，不能撤回。', separated: '三员已分立',
  },
  lock: {
    title: '页面已锁定', unlock: '解锁', change: '换人', now: '锁屏', note: '没有提交的表单还在，解锁后继续。', changeNote: '另一位用自己的工号登录。前一位没有提交的表单已存好，本人登录后可继续。', idle: '闲置几分钟后锁屏', idleNote: '0 为不锁；通话中不锁', minutes: '分钟',
  },
  factor: {
    title: '动态口令', note: '登录时除密码外，再输手机上的六位数字。', begin: '开始设置', scan: '用手机上的验证器扫码。', picture: '动态口令二维码', typed: '不能扫码时输入', code: '验证器上的六位数字', confirm: '启用', isSet: '已启用', left: '还有 {n} 个恢复码', lost: '手机丢失时用恢复码登录，或请安全管理员重置。', codesNote: '请抄下恢复码，只显示这一次，每个用一次。', kept: '已抄好', give: '动态口令或恢复码', needed: '本角色要求动态口令，请先设置。', byRole: '登录要动态口令', reset: '重置动态口令',
  },
}
