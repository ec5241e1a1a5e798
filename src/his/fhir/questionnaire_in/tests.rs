use super::*;
use crate::his::fhir::questionnaire_out;

fn foreign() -> Value {
    json!({ "resourceType": "Questionnaire", "id": "asthma-control", "status": "active",
        "title": "哮喘控制", "version": "2", "item": [
            { "linkId": "g", "type": "group", "text": "过去四周", "item": [
                { "linkId": "1", "type": "boolean", "text": "夜间憋醒", "required": true },
                { "linkId": "2", "type": "choice", "text": "次数", "enableWhen": [
                    { "question": "1", "operator": "=", "answerBoolean": true }],
                  "answerOption": [
                    { "valueCoding": { "code": "a", "display": "一次" } },
                    { "valueCoding": { "code": "b", "display": "多次", "extension": [
                        { "url": ORDINAL, "valueDecimal": 2 }] } }] }] },
            { "linkId": "3", "type": "integer", "text": "峰流速", "extension": [
                { "url": MIN_VALUE, "valueInteger": 50 }, { "url": MAX_VALUE, "valueInteger": 900 }] }] })
}

#[test]
fn another_systems_questionnaire_becomes_a_form_of_ours() {
    let FormFromFhir { form, left_out } = questionnaire_in(&foreign()).unwrap();
    assert_eq!((&form["id"], &form["version"]), (&json!("asthma_control"), &json!(2)));
    let ids: Vec<_> =
        form["item"].as_array().unwrap().iter().map(|i| i["linkId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["g", "1", "2", "3"]);
    assert_eq!(form["item"][2]["enableWhen"][0]["answer"], "true");
    assert_eq!(form["item"][2]["answerOption"][1]["score"], 2);
    assert_eq!(form["item"][3]["range"], json!([50, 900]));
    assert_eq!(left_out[0].path, "Questionnaire.item[0]", "{left_out:?}");
    // What we made of it goes out, and comes back as the same.
    let again = questionnaire_in(&questionnaire_out(&form, "x")).unwrap();
    assert_eq!(again.form, form);
}

#[test]
fn each_fault_is_told_by_its_path() {
    let item = |at: &str, value: Value| {
        let mut resource = foreign();
        *resource.pointer_mut(at).unwrap() = value;
        resource
    };
    let choice = "/item/0/item/1";
    for (resource, expected) in [
        (json!({ "resourceType": "Patient" }), "resourceType"),
        (item("/status", json!("final")), "Questionnaire.status"),
        (item("/title", json!("")), "Questionnaire.title"),
        (item("/item", json!([])), "Questionnaire.item"),
        (item("/item/1/linkId", json!("1")), "Questionnaire.item[1].linkId"),
        (item("/item/1/linkId", json!("")), "Questionnaire.item[1].linkId"),
        (item("/item/1/type", json!("quantity")), "Questionnaire.item[1].type"),
        (item("/item/1/type", json!("number")), "Questionnaire.item[1].type"),
        (item("/item/1/text", json!(" ")), "Questionnaire.item[1].text"),
        (
            item("/item/0/item/1/enableWhen/0/question", json!("9")),
            "Questionnaire.item[0].item[1].enableWhen[0].question",
        ),
        (
            item("/item/0/item/1/enableWhen/0/operator", json!("~")),
            "Questionnaire.item[0].item[1].enableWhen[0].operator",
        ),
        (
            item(
                &format!("{choice}/enableWhen"),
                json!([{ "question": "1", "operator": "=", "answerCoding": { "code": "x" } }]),
            ),
            "Questionnaire.item[0].item[1].enableWhen[0].answerBoolean",
        ),
        (
            item(
                &format!("{choice}/enableWhen"),
                json!([{ "question": "1", "operator": "exists", "answerString": "x" }]),
            ),
            "Questionnaire.item[0].item[1].enableWhen[0].answerBoolean",
        ),
        (
            item(
                &format!("{choice}/enableWhen"),
                json!([{ "question": "1", "operator": "=", "answerBoolean": true },
                    { "question": "3", "operator": ">", "answerInteger": 3 }]),
            ),
            "Questionnaire.item[0].item[1].enableBehavior",
        ),
        (
            item(&format!("{choice}/answerOption"), json!([])),
            "Questionnaire.item[0].item[1].answerOption",
        ),
        (
            item(&format!("{choice}/answerOption/1"), json!({ "valueDate": "2025-01-01" })),
            "Questionnaire.item[0].item[1].answerOption[1]",
        ),
        (item("/item/0/item", json!([])), "Questionnaire.item[0].item"),
    ] {
        let faults = questionnaire_in(&resource).map(drop).unwrap_err();
        assert!(faults.iter().any(|fault| fault.path == expected), "{expected}: {faults:?}");
    }
}

#[test]
fn a_display_item_is_neither_required_nor_full() {
    let item = json!({ "linkId": "d", "type": "display", "text": "x", "required": true,
        "item": [{ "linkId": "e", "type": "boolean", "text": "y" }] });
    let resource = json!({ "resourceType": "Questionnaire", "id": "x", "status": "draft", "title": "x", "item": [item] });
    let faults = questionnaire_in(&resource).map(drop).unwrap_err();
    let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["Questionnaire.item[0].item", "Questionnaire.item[0].required"]);
}

/// Whatever is sent: no panic.
#[test]
fn a_resource_of_another_shape_is_a_fault() {
    for odd in [json!(null), json!([]), json!({ "resourceType": "Questionnaire", "item": 3 })] {
        assert!(questionnaire_in(&odd).is_err());
    }
    let mut deep = json!({ "linkId": "x", "type": "boolean", "text": "x" });
    for n in 0..50 {
        deep = json!({ "linkId": format!("{n}"), "type": "group", "item": [deep] });
    }
    let resource = json!({ "resourceType": "Questionnaire", "id": "x", "status": "draft",
        "title": "x", "item": [deep] });
    assert!(questionnaire_in(&resource).is_err());
}
