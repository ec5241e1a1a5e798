// 个人信息权利：副本、限制处理、删除。
export default {
  consent_scope: { call: '电话随访', record: '录音', share: '数据共享' },
  consent_decision: { given: '同意', refused: '拒绝', withdrawn: '撤回' },
  consent_source: { letter: '来信', phone: '来电', in_person: '当面', form: '书面同意书', staff: '工作人员登记', ivr: '语音按键' },
  rights: {
    tab: '个人信息权利', consents: '同意与撤回', noConsents: '没有记录。', scope: '范围', decision: '决定', source: '来源', wording: '文书版本', record: '登记', copy: '副本', export: '导出全部信息', audited: '导出会记入审计', restriction: '限制处理', free: '未限制', restrict: '限制处理',
    restricted: '{at} 由 {by} 限制', lift: '解除限制', erasure: '删除', erase: '申请删除', eraseNote: '须由另一人确认。录音删除，身份信息不可恢复；封存的录音须先解除封存',
    asked: '{at} 由 {by} 申请', another: '须由另一人确认', confirm: '确认删除', withdraw: '撤回申请', erased: '已于 {at} 删除', reasonHint: '原因，例如：本人 5 月 2 日来信',
  },
}
