"""Korean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "title": "데이터 이전 보고서",
    "title.rollback": "데이터 이전 되돌리기 보고서",
    "title.dry run": "데이터 이전 리허설 보고서",
    # the verdict, for people
    "clean": "모든 레코드가 그대로 이전되었습니다",
    "clean.why": (
        "레코드 {compared}건을 {target}에서 하나씩 재조회하여 값마다 계획과 대조했습니다. 모두 일치하며 통제 합계도 "
        "맞습니다."
    ),
    "quarantined": "사용할 수 있는 레코드는 그대로 이전되었으나 수정이 필요한 행이 있습니다",
    "quarantined.why": (
        "{target}에서 레코드 {compared}건을 재조회하여 계획과 완전히 일치함을 확인했습니다. 내용을 그대로 사용할 수 "
        "없어 격리한 원본 행은 {quarantined}행입니다."
    ),
    "form": "모든 레코드가 이전되었으나 일부 값의 표기가 다릅니다",
    "form.why": (
        "{target}의 내용은 같지만 표기가 다릅니다(공백, 소수 자릿수, 유니코드 표현, 시간대). 해당 레코드는 "
        "{compared}건 중 {different}건입니다."
    ),
    "different": "일부 레코드가 있어야 할 내용과 다릅니다",
    "different.why": (
        "{target}에서 레코드 {compared}건을 재조회했습니다. 계획과 다른 것은 {different}건입니다. 차이 유형과 함께 "
        "아래에 표시합니다."
    ),
    "refused": "일부 레코드가 접수되지 않았습니다",
    "refused.why": (
        "{target}에서 접수하지 않은 레코드는 {refused}건입니다. 나머지 중 {compared}건을 재조회했으며 {alike}건이 "
        "계획과 일치합니다."
    ),
    "totals": "통제 합계가 일치하지 않습니다",
    "totals.why": "개별 레코드에는 문제가 없어 보이지만 {target}의 집계 값이 계획과 다릅니다.",
    "open": "데이터 이전이 완료되지 않았습니다",
    "open.why": "지금까지 {planned}건 중 {compared}건을 기록하고 재조회했습니다. 중단된 지점부터 이어서 진행됩니다.",
    "held": "안전을 위해 중지되었습니다. 담당자의 결정이 필요합니다",
    "held.why": (
        "지금까지 {planned}건 중 {compared}건을 기록하고 재조회했습니다. 문제가 있는 레코드의 비율이 너무 높아 "
        "나머지는 전송하지 않았습니다."
    ),
    "rejected": "거부되었습니다. 보류된 레코드는 기록되지 않습니다",
    "rejected.why": "거부 전까지 {planned}건 중 {compared}건을 기록하고 재조회했습니다.",
    "broken": "결과를 증명할 수 없습니다",
    "broken.why": (
        "{target}에서 대조할 수 있는 레코드가 없었습니다. 아무것도 대조하지 않은 검사로는 아무것도 증명되지 않습니다."
    ),
    "planned": "계획되었으며 아직 아무것도 기록되지 않았습니다",
    "planned.why": "{target}에 옮길 레코드는 {planned}건입니다.",
    "dry run": "리허설이므로 아무것도 기록하지 않았습니다",
    "dry run.why": (
        "원본을 읽고 정제하여 {target}의 내용과 비교했습니다. 실제로 실행하면 레코드 {planned}건이 여기에 표시된 대로 "
        "되고 {quarantined}행이 격리됩니다."
    ),
    "undone": "데이터 이전을 되돌렸습니다",
    "undone.why": "{target}에서 {compared}건을 모두 재조회하여 데이터 이전 전의 상태로 돌아갔음을 확인했습니다.",
    "taken back": "이미 되돌린 데이터 이전입니다",
    "taken back.why": (
        "{target}에 기록한 내용은 {undone_by}에서 되돌렸습니다. 자세한 내용은 해당 실행의 보고서를 확인해 주십시오. "
        "아래는 되돌리기 전의 내용입니다."
    ),
    "undone partly": "데이터 이전을 일부 되돌렸습니다",
    "undone partly.why": (
        "원래 상태로 돌아간 레코드는 {compared}건 중 {alike}건입니다. 그 후 다른 사람이 변경하여 그대로 둔 레코드는 "
        "{refused}건입니다."
    ),
    "undo planned": "되돌리기가 계획되었으며 아직 실행되지 않았습니다",
    "undo planned.why": "복원할 분할 단위는 {effects}건입니다.",
    "reasons": "사유",
    # what to do next
    "next": "다음에 할 일",
    "next.correct": ("격리된 {quarantined}행을 수정하여 다시 가져와 주십시오. 목록에 행 번호, 항목, 사유가 있습니다."),
    "next.differences": (
        "{target} 담당자와 함께 차이를 확인해 주십시오. 기록되는 과정에서 값이 바뀌었습니다. 조치한 뒤 데이터 이전을 "
        "다시 실행해 주십시오. 올바른 레코드는 변경되지 않습니다."
    ),
    "next.form": (
        "표기 차이를 허용할 수 있는지 판단해 주십시오. 허용할 수 있으면 조치가 필요 없습니다. 허용할 수 없으면 매핑을 "
        "변경해 주십시오."
    ),
    "next.refusals": "거부된 각 레코드의 조치 방법을 따른 뒤 데이터 이전을 다시 실행해 주십시오.",
    "next.resume": "이 실행을 재개해 주십시오. 중단된 지점부터 이어서 진행됩니다.",
    "next.earlier": "앞서 되돌린 {taken_back}건은 따로 할 일이 없습니다. 이번에는 변경하지 않았습니다.",
    "next.decide": "다른 사람이 수치를 확인한 뒤 나머지의 보류 해제 또는 거부를 결정해 주십시오.",
    "next.undo": "이대로 두지 않으려면 {until}까지 데이터 이전을 되돌릴 수 있습니다.",
    "next.start": (
        "예상한 수치와 같으면 동일한 매핑으로 데이터 이전을 시작해 주십시오. 입력이 같으면 계획 해시도 같습니다."
    ),
    "next.broken": "위의 사유를 첨부하여 지원을 요청해 주십시오. 이 데이터 이전의 결과에 의존하지 마십시오.",
    "next.keep": "이 보고서를 보관해 주십시오. 원래 레코드는 {until}까지 보관되며 그동안 되돌릴 수 있습니다.",
    "next.changed": "그 후 다른 사람이 변경한 레코드를 확인해 주십시오. 해당 레코드는 그대로 두었습니다.",
    "next.again": (
        "데이터 이전 전의 상태와 다른 레코드 {different}건을 확인해 주십시오. 이전된 내용 그대로인 것을 "
        "(이후 사람이 다시 입력한 것 포함) 되돌리려면 baton migrate rollback {undoes} --again 명령을 실행해 주십시오."
    ),
    "next.done": "더 이상 조치할 사항이 없습니다.",
    # the route
    "from": "원본",
    "to": "대상",
    "taken_back_in": "되돌린 시스템",
    "origin": "읽은 곳",
    "as_of": "데이터 기준 일시",
    "mapping": "매핑",
    "key": "키",
    "run": "실행",
    "undoes": "되돌리는 실행",
    "undone_by": "이를 되돌린 실행",
    "asked_by": "요청자",
    "created": "계획 일시",
    "settled": "확정 일시",
    # the picture of the stages
    "stages": "단계별 추이",
    "stages.note": "각 단계로 이어진 레코드가 이전 단계에서 차지하는 비율입니다.",
    "stage.read": "읽음",
    "stage.touched": "데이터 이전 대상",
    "stage.restored": "복원·재조회",
    "stage.in_scope": "범위 내",
    "stage.planned": "계획",
    "stage.compared": "기록·재조회",
    "stage.alike": "일치",
    "lost.out_of_scope": "범위 밖: {n}",
    "lost.quarantined": "격리: {n}",
    "lost.refused": "거부: {n}",
    "lost.unwritten": "기록되지 않음: {n}",
    "lost.different": "불일치: {n}",
    "need.insert": "신규",
    "need.update": "업데이트",
    "need.insert.rollback": "신규였던 건",
    "need.update.rollback": "업데이트였던 건",
    "need.nothing": "이미 일치",
    # the picture of the columns
    "columns": "항목별 일치율",
    "columns.note": (
        "재조회한 레코드 중 해당 항목이 일치하는 비율입니다. 올림하지 않으므로 100 %는 모두 일치함을 뜻합니다."
    ),
    "columns.partly": (
        "데이터 이전의 일부에서는 불일치하는 레코드 중 처음 10,000건만 셀 단위로 대조했습니다. 실제 일치율은 더 낮을 "
        "수 있습니다."
    ),
    "column": "항목",
    "type": "데이터 유형",
    "personal": "개인정보",
    "yes": "예",
    "no": "아니요",
    "compared": "대조함",
    "alike": "일치",
    "cells_different": "불일치하는 셀",
    "rate": "일치율",
    "not_compared": "재조회 불가",
    "alike_of": "{compared}건 중 {alike}건 일치",
    # totals
    "totals_heading": "통제 합계",
    "totals.note": (
        "각 항목의 값 개수, 숫자 합계, 가장 이른 날짜와 가장 늦은 날짜입니다. 원본과 계획은 서로 다른 경로로 "
        "계산합니다. ✓ 표시는 일치해야 할 수치가 일치함을, ≠ 표시는 일치하지 않음을 뜻합니다."
    ),
    "totals.withheld": "개인정보 값이 5건 미만이면 합계와 범위를 표시하지 않습니다.",
    "withheld": "표시 안 함",
    "total.source": "원본(사용 가능한 행)",
    "total.quarantined": "격리",
    "total.planned": "계획",
    "total.expected": "계획(접수된 부분)",
    "total.expected.rollback": "데이터 이전 전",
    "total.result": "결과(재조회)",
    "check.planned": "원본 = 계획",
    "check.result": "계획 = 결과",
    "check.result.rollback": "이전 전 = 결과",
    "agrees": "일치",
    "differs": "불일치",
    "not_held": "대조하지 않음",
    "rows": "행 수",
    "values": "값 개수",
    "sum": "합계",
    "first": "첫날",
    "last": "마지막 날",
    "stage": "단계",
    # differences
    "differences": "차이",
    "differences.none": "계획과 다르게 재조회된 레코드가 없습니다.",
    "differences.uncompared": "아직 아무것도 재조회하지 않았습니다.",
    "differences.note": "값은 마스킹했습니다. 공백은 보이는 문자로 표시하며 괄호 안은 길이입니다.",
    "differences.real": "실질적인 차이",
    "differences.form": "표기만 다른 차이",
    "row": "원본 행 번호",
    "cause": "차이 유형",
    "kind": "실질·표기 구분",
    "expected": "계획",
    "found": "재조회",
    "whole_record": "레코드 전체",
    "shown_of": "여기에는 {total}건 중 {shown}건을 표시합니다.",
    "workbook_has": "이 페이지와 함께 제공되는 Excel 파일에는 {listed}건이 있습니다.",
    # rejects
    "quarantine": "격리",
    "quarantine.none": "격리가 필요한 원본 행이 없었습니다.",
    "quarantine.note": "내용을 그대로 사용할 수 없는 원본 행입니다. 값은 표시하지 않습니다.",
    "rule": "사유",
    "rule_name": "규칙",
    "message": "상세 내용",
    "refusals": "대상 시스템의 거부",
    "refusals.none": "대상 시스템이 거부한 레코드가 없습니다.",
    "outcome": "결과",
    "code": "코드",
    "remedy": "조치 방법",
    "cleaning": "정제",
    "cleaning.none": "수정이 필요한 셀이 없었습니다.",
    "cleaning.note": "매핑 전에 정해진 규칙으로 수정한 원본 셀입니다.",
    # how it went
    "waves": "차수",
    "waves.note": "각 차수는 이전 차수를 검증한 뒤 전송했습니다.",
    "waves.planned": "각 차수는 이전 차수를 검증한 뒤 전송합니다.",
    "wave": "{n}차",
    "records": "레코드",
    "evidence": "증빙",
    "evidence.note": (
        "입력이 같으면 계획 해시도 같습니다. 루트 해시는 해당 단계의 모든 레코드를 대표하며 값이 하나라도 바뀌면 "
        "달라집니다."
    ),
    "time.planned_in_s": "읽기·계획 소요 시간",
    "time.sent_in_s": "기록 소요 시간",
    "time.proven_in_s": "재조회·대조 소요 시간",
    "seconds": "{n}초",
    "plan_hash": "계획 해시",
    "mapping_digest": "매핑 해시",
    "feed_digest": "원본 해시",
    "root.source": "원본 루트 해시",
    "root.planned": "계획 루트 해시",
    "root.result": "결과 루트 해시",
    "retain_until": "데이터 사본 보관 기한",
    "state": "상태",
    "verdict": "판정",
    # sheets and the rest
    "sheet.summary": "요약",
    "sheet.totals": "합계",
    "sheet.differences": "차이",
    "sheet.quarantine": "격리",
    "sheet.refusals": "거부",
    "sheet.columns": "항목",
    "item": "구분",
    "value": "내용",
    "masked.no value": "값 없음",
    "masked.empty text": "빈 문자열",
    "footer": (
        "Baton이 자체 장비에서 작성했습니다. 이 페이지를 보는 데 네트워크가 필요 없습니다. 개인의 이름과 값은 "
        "마스킹했습니다."
    ),
}
CAUSES: Final[Mapping[str, str]] = {
    "value": "값 차이",
    "missing": "누락",
    "extra": "초과",
    "duplicate": "중복",
    "cut": "끝부분 잘림",
    "leading_zeros": "앞자리 0 누락",
    "zone_shift": "시간대 어긋남",
    "mojibake": "글자 깨짐",
    "swapped": "열 뒤바뀜",
    "no_value": "값 없음과 빈 문자열",
    "padding": "앞뒤 공백",
    "unicode": "유니코드 표현 차이",
    "width": "전각·반각 차이",
    "scale": "소수 자릿수 차이",
    "zone": "시간대 표기 차이",
}
RULES: Final[Mapping[str, str]] = {
    "cleaning": "정제 규칙 미충족",
    "key": "키 없음",
    "duplicate_key": "키 중복",
    "migrated": "다른 키로 이미 이전된 행",
    "cycle": "순환 참조",
    "reference": "참조하는 레코드 없음",
    "ambiguous": "대상에 같은 키의 레코드가 여러 건",
    "required": "필수 값 누락",
    "max_length": "길이 초과",
    "choices": "허용되지 않은 값",
    "table": "코드표에 없는 값",
    "unprintable": "보이지 않는 문자 포함",
    "email_lower": "유효하지 않은 메일 주소",
    "digits_only": "숫자 외의 문자 포함",
    "phone_cn": "유효하지 않은 전화번호",
    "identity_cn": "유효하지 않은 중국 신분증 번호",
    "bank_card": "유효하지 않은 은행 카드 번호",
    "date": "존재하지 않는 날짜",
    "time": "유효하지 않은 시각",
    "datetime": "유효하지 않은 일시",
    "zone": "유효하지 않은 시간대",
    "integer": "정수가 아닌 값",
    "decimal": "소수 자릿수가 맞지 않는 숫자",
    "boolean": "예·아니요 어느 쪽도 아닌 값",
    "excel_scientific": "지수 표기로 인한 숫자 손실",
    "unmojibake": "복원할 수 없는 글자 깨짐",
    "identity_18": "유효하지 않은 중국 신분증 번호",
    "identity_birthday": "유효하지 않은 중국 신분증 번호",
    "identity_sex": "유효하지 않은 중국 신분증 번호",
    "phone_landline_cn": "지역 번호가 있는 유선 전화번호 아님",
    "phone_e164": "유효하지 않은 전화번호",
    "date_dmy": "존재하지 않는 날짜",
    "date_mdy": "존재하지 않는 날짜",
    "date_yy": "존재하지 않는 날짜",
    "date_cn": "존재하지 않는 날짜",
    "date_jp": "존재하지 않는 날짜",
    "date_roc": "존재하지 않는 날짜",
    "datetime_compact": "유효하지 않은 일시",
    "datetime_epoch": "유효하지 않은 일시",
    "money": "유효하지 않은 금액",
    "money_capitals": "유효하지 않은 중국어 대문자 금액",
    "minor_units": "소수 자릿수가 맞지 않는 금액",
    "percent": "유효하지 않은 백분율",
    "times": "유효하지 않은 숫자",
    "divided_by": "유효하지 않은 숫자",
    "ragged": "머리글과 다른 열 수",
    "field_too_long": "너무 긴 항목",
    "nul": "NUL 문자 포함",
    "bare_cr": "행 중간의 줄바꿈",
    "unclosed_quote": "닫히지 않은 따옴표",
    "stray_quote": "잘못된 위치의 따옴표",
    "quote_swallows_rows": "뒤의 행까지 포함한 따옴표",
    "merged_cells": "병합된 셀",
    "not_text": "텍스트가 아닌 값",
}
OUTCOMES: Final[Mapping[str, str]] = {
    "refused": "거부됨",
    "not_performed": "미수행",
    "in_doubt": "결과 불명",
    "accepted": "접수됨(미대조)",
    "found": "이미 계획대로 있음",
}
CODES: Final[Mapping[str, str]] = {
    "changed": "다른 사람이 변경함",
    "found": "다른 사람이 입력하거나 변경함",
}
