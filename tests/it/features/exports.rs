use serde_json::{Value, json};

use crate::support::hospital::Hospital;

const COLUMNS: &str = "姓名,性别,出生日期,身份证号,病案号,住院号,住院次数,出院科室,病区,入院日期,出院日期,离院方式,\
    联系电话,联系人,与患者关系,联系人电话,诊断编码,诊断,是否手术,病情告知,现住址,主治医师,责任护士,\
    其他诊断编码1,其他诊断1,其他诊断编码2,其他诊断2,\
    入院途径,近半年急诊次数,手术编码1,手术名称1,手术日期1,手术者1,新技术,手术编码2,手术名称2,手术日期2,手术者2";

/// Everything that makes a round trip hard: commas, quotes, formulas, two numbers and an
/// extension in one cell, a number without its area code, a foreign one, other diagnoses.
fn rows() -> String {
    [
        "王秀英,女,1952-08-15,11010519491231002X,B1,Z1,2,心内科,一病区,2025-01-01,2025-01-10,1,\
         13800138000/0592-5027064转12,李强,子女,13900139000,I10,高血压,是,本人知情,\"湖滨南路,1号\",李医生,张护士,E11.9,糖尿病,I25.1,,急诊,2,36.0601,药物洗脱支架置入,2025-01-03,陈主任,是,88.5501,冠状动脉造影,2025-01-02,",
        "王秀英,女,1952-08-15,11010519491231002X,B1,Z9,3,骨科,二病区,2025-01-12,2025-01-20,1,\
         13800138000,李强,子女,13900139000,S72,\"骨折,\"\"左\"\"\",否,,\"湖滨南路,1号\",,,,,,,2,,,,,,,,,,",
        "=李四,男,1960-02-03,,,Z2,1,心内科,,2025-01-02,2025-01-11,9,5027065,,,,,@SUM(A1),,仅家属知情,-x,+王,,,,,,,,,,,,,,,,",
        "'=赵,未知,1961-03-04,,B3,Z3,,骨科,三病区,,2025-01-12,2,,+Smith,配偶,+49 151 12345678,J18,肺炎,有,,\t地址,,,,,,,,,,,,,,,,,",
    ]
    .join("\n")
}

/// F015: an export of a filtered list opens with right Chinese, holds no formula, is read
/// again as the same rows, and is audited before it leaves.
#[tokio::test(flavor = "multi_thread")]
async fn f015_an_export_imported_into_an_empty_hospital_exports_the_same_rows() {
    let first = Hospital::open("f015-a", "2025-02-02T10:00").await;
    let csv = format!("{COLUMNS}\n{}\n", rows());
    let import = first.import("a.csv", csv.as_bytes()).await;
    assert_eq!((&import["rows_stored"], &import["rows_bad"]), (&json!(4), &json!(0)), "{import}");
    let exported = first.bytes("/api/patients/export?format=csv");
    let text = String::from_utf8(exported.clone()).unwrap();
    assert!(text.starts_with("\u{feff}姓名,性别,"), "Excel takes it for UTF-8");
    for formula in ["\n=", ",=", ",@", ",-x", ",+王", ",+Smith", ",\t"] {
        assert!(!text.contains(formula), "{formula:?} in {text}");
    }
    assert_eq!(text.lines().count(), 5, "{text}");
    let second = Hospital::open("f015-b", "2025-02-02T10:00").await;
    let import = second.import("b.csv", &exported).await;
    assert_eq!((&import["rows_stored"], &import["rows_bad"]), (&json!(4), &json!(0)), "{import}");
    let again = second.bytes("/api/patients/export");
    assert_eq!(String::from_utf8(again).unwrap(), text);
    let book = first.bytes("/api/patients/export?format=xlsx");
    let third = Hospital::open("f015-c", "2025-02-02T10:00").await;
    let import = third.import("c.xlsx", &book).await;
    assert_eq!((&import["rows_stored"], &import["rows_bad"]), (&json!(4), &json!(0)), "{import}");
    assert_eq!(String::from_utf8(third.bytes("/api/patients/export")).unwrap(), text);
    let found = second.get("/api/patients?search=%3D%E6%9D%8E%E5%9B%9B").ok();
    assert_eq!(found["items"][0]["name"], "=李四", "the guard is taken away again");
}

/// F015: the filter of the list is the filter of the file; role, scope and audit hold.
#[tokio::test(flavor = "multi_thread")]
async fn f015_an_export_is_filtered_role_limited_and_audited() {
    let hospital = Hospital::open("f015-role", "2025-02-02T10:00").await;
    hospital.import("a.csv", format!("{COLUMNS}\n{}\n", rows()).as_bytes()).await;
    let lines = |path: &str| {
        let text = String::from_utf8(hospital.bytes(path)).unwrap();
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines("/api/patients/export?search=Z2").len(), 1);
    assert_eq!(lines("/api/patients/export?sex=female").len(), 2, "both stays");
    let january = lines("/api/patients/export?discharged_from=2025-01-11&discharged_to=2025-01-12");
    assert_eq!(january.len(), 2, "{january:?}");
    assert_eq!(lines("/api/patients/export?diagnosis=J18").len(), 1);
    assert_eq!(lines("/api/patients/export?search=nobody").len(), 0);
    let told = hospital.sql(
        "select who || '|' || reason from audit where did = 'exported' and subject = 'list'
         order by audit_id limit 1",
    );
    assert!(told.starts_with("admin|1 rows; ") && told.contains("\"search\":\"Z2\""), "{told}");
    assert_eq!(hospital.sql("select count(*) from audit where did = 'exported'"), "5");
    hospital.add_user("nurse", "nurse").await;
    let nurse = hospital.sign_in("nurse");
    for path in ["/api/patients/export", "/api/due/export"] {
        assert_eq!(hospital.get_as(&nurse, path).status, 403, "{path}");
    }
    assert_eq!(hospital.get("/api/patients/export?format=pdf").status, 422);
    // A department's own administrator gets the department's rows.
    hospital.sql(
        "update account set whole_hospital = false,
             departments = array(select department_id from department where name = '骨科'), role = 'sys_admin'
         where login = 'nurse'",
    );
    let own = hospital.get_as(&nurse, "/api/patients/export").ok();
    let own = own.as_str().unwrap();
    assert!(
        own.contains("Z3") && own.contains("Z9") && !own.contains("Z1,") && !own.contains("Z2"),
        "{own}"
    );
    hospital.on("2025-02-10T10:00").await;
    let due: Value = hospital.get("/api/due?limit=200").ok();
    let due_lines = lines("/api/due/export");
    assert_eq!(due_lines.len(), due["items"].as_array().unwrap().len());
    assert!(!due_lines.is_empty() && due_lines.iter().all(|line| !line.contains("13800138000")));
}
