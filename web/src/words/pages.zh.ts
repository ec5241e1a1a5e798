// 各页面的词:待随访、患者、随访表等。与 zh.ts 合为一表。
export default {
  menu_group: { work: '随访', calls: '外呼', manage: '随访管理', figures: '统计', system: '系统' },
  sex: { male: '男', female: '女', unknown: '不详' },
  task_type: { routine: '常规随访', specialty: '专科随访', disease: '专病随访', notice: '提醒' },
  day_part: { morning: '上午易接通', afternoon: '下午易接通', evening: '晚上易接通' },
  channel: { ivr: '自动电话', agent: '人工电话', manual_phone: '手工电话', clinic: '门诊', home_visit: '家庭', sms: '短信', email: '邮件', letter: '信函', web: '网页', wechat: '微信' },
  due: {
    search: '姓名、拼音、住院号', anyDepartment: '全部科室', anyType: '全部类型', until: '截至', allGroups: '含其他组的', part: '范围', all: '全部', overdue: '逾期', callback: '预约回拨', today: '待随访', later: '未到期',
    move: '移动', where: '科室 病区', what: '做什么', when: '应办', why: '为什么', best: '号码', noNumber: '没有可用号码', follow: '随访', repair: '修正', lateBy: '逾期 {n} 天', nth: '第 {n} 次', type: '随访类型',
    empty: '到这一天没有待随访的患者。', mineEmpty: '没有由本人主管的待随访患者。主管医生或责任护士按工号对应。', nothing: '没有找到。请换一个词，或放宽截至日期。',
  },
  cohort: {
    disease: '疾病名称或 ICD 编码，如 冠心病、I25', mainOnly: '只看主要诊断', openOnly: '只看未随访', found: '共 {n} 人次', nobody: '没有符合条件的出院患者。请放宽条件。', typeDisease: '输入疾病名称或编码，列出主要诊断和其他诊断中有此病的患者。', typeQuery: '填写一个条件即开始查询。',
    saved: '已存专题', fresh: '新查询', noTopics: '还没有专题。在右侧设好条件，起名保存。', query: '查询条件', live: '随时更新', fixed: '固定名单', fixedNote: '固定名单：下面是保存当时的患者，改条件不会改变名单。', topicName: '专题名称', keep: '存为专题', followUp: '开始随访',
    join: '连接', and: '且', or: '或', where: '条件', condition: '条件', is: '是', isNot: '不是', addLine: '增加条件', addGroup: '增加一组', anyItem: '任一题目', answerWords: '答案，如 复发',
  },
  cohort_word: { discharged: '出院日期', age: '年龄', sex: '性别', disease: '诊断', department: '科室', ward: '病区', attending: '主管医生', operation: '做过手术', disposition: '离院方式', follow_up: '随访情况', outcome: '上次结果', answer: '答案', opinion: '医生意见', follow_ups: '已随访次数', died: '已去世', out_of_town: '外地', name: '姓名' },
  cohort_hint: { disease: '名称或 ICD 编码', ward: '病区名称', attending: '工号', opinion: '如 复发、好转', name: '姓名开头' },
  cohort_follow_up: { done: '已随访', open: '未随访', overdue: '逾期', none: '没有任务' },
  cohort_disposition: { 1: '医嘱离院', 2: '转院', 3: '转社区', 4: '非医嘱离院', 5: '死亡', 9: '其他' },
  patients: { admissionNo: '住院号', diagnosis: '诊断', attending: '主管医生', discharged: '出院日期', lastFollowUp: '最近随访' },
}
