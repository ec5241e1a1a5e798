// The words of the pages: due, patients, the form and so on. One table with en.ts.
export default {
  menu_group: { work: 'Follow-up', calls: 'Calls', manage: 'Management', figures: 'Figures', system: 'System' },
  sex: { male: 'M', female: 'F', unknown: 'unknown' },
  task_type: { routine: 'Routine', specialty: 'Specialty', disease: 'Disease', notice: 'Notice' },
  day_part: { morning: 'answers in the morning', afternoon: 'answers in the afternoon', evening: 'answers in the evening' },
  channel: { ivr: 'Automatic call', agent: 'Agent', manual_phone: 'Other telephone', clinic: 'Clinic', home_visit: 'Home visit', sms: 'SMS', email: 'E-mail', letter: 'Letter', web: 'Web', wechat: 'WeChat' },
  due: {
    search: 'Name, pinyin, admission number', anyDepartment: 'All departments', anyType: 'All types', until: 'Until', allGroups: 'Other groups too', part: 'Part', all: 'All', overdue: 'Overdue', callback: 'Callbacks', today: 'Due', later: 'Later',
    move: 'move', where: 'Department, ward', what: 'What', when: 'Due on', why: 'Why', best: 'Number', noNumber: 'No usable number', follow: 'Follow up', repair: 'Repair', lateBy: '{n} days late', nth: 'no. {n}', type: 'Type of follow-up',
    empty: 'Nobody is due by this day.', mineEmpty: 'No patients of your own are due. The attending doctor or responsible nurse is known by staff number.', nothing: 'Nothing found. Try another word, or a later day.',
  },
  cohort: {
    disease: 'Disease or ICD code, e.g. I25', mainOnly: 'Main diagnosis only', openOnly: 'Not followed up only', found: '{n} discharges', nobody: 'No discharge fits. Ask for less.', typeDisease: 'Type a disease or a code: its patients are listed, by main and other diagnoses.', typeQuery: 'Fill in one condition to begin.',
    saved: 'Saved topics', fresh: 'New query', noTopics: 'No topics yet. Set conditions at the right, name them, keep them.', query: 'Query', live: 'Live', fixed: 'Fixed', fixedNote: 'Fixed: these are the patients of the day it was kept; other conditions do not change them.', topicName: 'Name of the topic', keep: 'Keep as topic', followUp: 'Follow up',
    join: 'Join', and: 'and', or: 'or', where: 'Where', condition: 'Condition', is: 'is', isNot: 'is not', addLine: 'Condition', addGroup: 'Group', anyItem: 'Any item', answerWords: 'Answer',
  },
  cohort_word: { discharged: 'Discharged', age: 'Age', sex: 'Sex', disease: 'Diagnosis', department: 'Department', ward: 'Ward', attending: 'Attending', operation: 'Had an operation', disposition: 'Disposition', follow_up: 'Follow-up', outcome: 'Last outcome', answer: 'Answer', opinion: 'Opinion', follow_ups: 'Follow-ups done', died: 'Died', out_of_town: 'Out of town', name: 'Name' },
  cohort_hint: { disease: 'Name or ICD code', ward: 'Name of the ward', attending: 'Staff number', opinion: 'Words of the opinion', name: 'Beginning of the name' },
  cohort_follow_up: { done: 'Done', open: 'Open', overdue: 'Overdue', none: 'No task' },
  cohort_disposition: { 1: 'On advice', 2: 'Transferred', 3: 'Community', 4: 'Against advice', 5: 'Died', 9: 'Other' },
  patients: { admissionNo: 'Admission no.', diagnosis: 'Diagnosis', attending: 'Attending', discharged: 'Discharged', lastFollowUp: 'Last follow-up' },
}
