"""Korean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    "Runs": "실행 목록",
    "Run": "실행",
    "State": "상태",
    "Verdict": "판정",
    "Effects": "변경",
    "People, records": "인원·건수",
    "Job": "작업",
    "Segment": "분할 단위",
    "sync": "동기화",
    "migration": "데이터 이전",
    "payment": "지급",
    "offboarding": "퇴사 인수인계",
    "recovery": "과지급 환수",
    "Pay runs": "지급 실행",
    "Health": "운영 상태",
    "alarms": "알람",
    "Asked by": "요청자",
    "At": "일시",
    "There are no runs yet.": "아직 실행이 없습니다.",
    "In doubt": "결과 불명",
    "Sent, and no proof yet of what became of it. The next run asks the system; where it cannot tell, a person "
    "decides: baton resolve KEY done|resend|give-up --as NAME --why TEXT": (
        "전송했으나 결과가 아직 확인되지 않았습니다. 다음 실행 때 해당 시스템에 조회합니다. 그래도 알 수 없으면 "
        "담당자가 결정합니다: baton resolve 키 done|resend|give-up --as 이름 --why 사유"
    ),
    "Nothing is in doubt.": "결과가 불명한 변경이 없습니다.",
    "Kill switch": "비상 정지",
    "No kill switch is on.": "켜진 비상 정지가 없습니다.",
    "events wait for the next run": "건의 이벤트가 다음 실행 대기 중",
    "The next run starts by the schedule.": "다음 실행은 일정에 따라 시작됩니다.",
    "System": "시스템",
    "Action": "작업 내용",
    "Count": "건수",
    "Figures": "집계",
    "Reasons": "사유",
    "Faults": "사용할 수 없는 데이터",
    "Place": "위치",
    "Field": "항목",
    "Fields": "항목",
    "Rule": "규칙",
    "Message": "메시지",
    "Person": "대상자",
    "Due": "적용 예정",
    "What happened": "결과",
    "What to do": "조치 방법",
    "Key": "키",
    "Decisions": "결정",
    "Decision": "결정",
    "By": "결정자",
    "Why": "사유",
    "Plan": "계획",
    "Settled": "확정 일시",
    "All runs": "모든 실행",
    "all": "전체",
    "of": "/ 총",
    "Release": "보류 해제",
    "Reject": "거부",
    "Cancel": "취소",
    "Reason": "사유",
    "It goes into the audit log.": "사유는 감사 로그에 기록됩니다.",
    "Release this run": "이 실행의 보류 해제",
    "Reject this run": "이 실행 거부",
    "Everything it holds is sent with the next run.": "보류된 변경은 다음 실행 때 모두 전송됩니다.",
    "Everything it holds is discarded; these people stay as they are until the source says something new.": (
        "보류된 변경은 모두 폐기됩니다. 원본 데이터가 다시 바뀔 때까지 대상자는 현재 상태로 유지됩니다."
    ),
    "This run is held: nothing of it is sent until a person has decided.": (
        "이 실행은 보류 중입니다. 결정하기 전에는 아무것도 전송되지 않습니다."
    ),
    "You asked for this run: a second person must decide.": "본인이 요청한 실행입니다. 다른 사람이 결정해야 합니다.",
    "Your role may look, not decide.": "이 역할은 조회만 가능하며 결정할 수 없습니다.",
    "Only field names are shown here, never values.": "여기에는 항목 이름만 표시되며 값은 표시되지 않습니다.",
    "This run is held: nothing more of it is sent until a person has decided.": (
        "이 실행은 보류 중입니다. 이미 기록된 내용은 그대로 유지되며, 결정하기 전에는 더 이상 전송되지 않습니다."
    ),
    "What it holds may be sent: clear the failed tasks in Airflow, or: baton migrate resume RUN": (
        "보류된 내용을 전송할 수 있게 됩니다. Airflow에서 실패한 태스크를 초기화하거나 다음을 실행해 주십시오: baton "
        "migrate resume 실행번호"
    ),
    "What it holds is discarded. What was written stays; to take it back: baton migrate rollback RUN": (
        "보류된 내용은 폐기되며 이미 기록된 내용은 유지됩니다. 되돌리려면 다음을 실행해 주십시오: baton migrate "
        "rollback 실행번호"
    ),
    # migrations
    "Migration": "데이터 이전",
    "From": "원본",
    "To": "대상",
    "Mapping": "매핑",
    "Takes back": "되돌리는 실행",
    "Taken back by": "이를 되돌린 실행",
    "Waves": "차수",
    "Kept until": "보관 기한",
    "The copies of this migration have been deleted: it can be neither shown nor taken back.": (
        "이 데이터 이전의 사본이 삭제되어 내용을 볼 수도 되돌릴 수도 없습니다."
    ),
    "Report as a page": "보고서(웹 페이지)",
    "Report as a workbook": "보고서(Excel)",
    "Control totals differ": "통제 합계 불일치",
    "In quarantine": "격리됨",
    "Cells": "셀 수",
    "For the rows, to be corrected: baton migrate quarantine RUN --out FILE.xlsx": (
        "수정할 행 내보내기: baton migrate quarantine 실행번호 --out 파일.xlsx"
    ),
    "Differences": "차이",
    "Source row": "원본 행 번호",
    "Cause": "차이 유형",
    "Not written": "기록되지 않음",
    "source": "원본",
    "expected": "기록 예정",
    "result": "재조회 결과",
    "read": "읽음",
    "insert": "신규",
    "nothing": "변경 없음",
    "out_of_scope": "범위 밖",
    "quarantined": "격리",
    "compared": "대조함",
    "alike": "일치",
    "different": "불일치",
    "unproven": "미대조",
    "extra": "초과",
    "missing": "누락",
    "value": "값 차이",
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
    "load": "기록",
    "restore": "복원",
    "found": "이미 계획대로 있음",
    "not_performed": "미수행",
    "open": "미완료",
    # figures of a sync
    "rows": "행 수",
    "changed": "변경된 인원",
    "effects": "변경 건수",
    "scheduled": "적용 대기",
    "due": "기한 도래",
    "population": "재직 인원",
    "present": "미퇴직 인원",
    "hints": "수신한 알림",
    "limited": "한정 대상 인원",
    "limited_systems": "한정 대상 시스템 수",
    "waiting": "대기 인원",
    "unmapped": "변환 불가 인원",
    "absent": "누락 인원",
    "erased": "삭제된 인원",
    "comparable": "대조 가능",
    "outstanding": "미처리",
    "The hub cannot be opened": "시스템을 열 수 없습니다",
    "Not found": "찾을 수 없습니다",
    "Not allowed": "권한이 없습니다",
    "This DAG run has no run of the hub (yet).": "이 DAG 실행에 해당하는 실행이 (아직) 없습니다.",
    # states, verdicts, actions
    "held": "보류",
    "ready": "준비 완료",
    "settled": "확정",
    "rejected": "거부됨",
    "replaced": "대체됨",
    "refused": "거절됨",
    "clean": "정상",
    "incomplete": "미완료",
    "broken": "실패",
    "planned": "계획됨",
    "sent": "전송됨",
    "accepted": "접수됨",
    "in_doubt": "결과 불명",
    "done": "완료",
    "superseded": "무효",
    "provision": "계정 생성",
    "update": "업데이트",
    "disable": "비활성화",
    "enable": "활성화",
    "remove": "삭제",
    "transfer": "이관",
    "entitle": "권한 부여",
    "revoke": "권한 회수",
    "end_sessions": "세션 종료",
    "notify": "알림",
    "deliver": "전달",
    "release": "보류 해제",
    "reject": "거부",
    # refusals
    "This run no longer waits for a decision. Load the page again to see what became of it.": (
        "이 실행은 더 이상 결정 대기 상태가 아닙니다. 페이지를 새로 고쳐 현재 상태를 확인해 주십시오."
    ),
    "It was planned too long ago. Reject it, and let the next run plan anew.": (
        "계획한 지 너무 오래되었습니다. 거부한 뒤 다음 실행에서 다시 계획해 주십시오."
    ),
    "It no longer holds what was planned. Reject it, find out who changed the database (baton audit verify), and run "
    "again.": (
        "보류된 내용이 계획과 다릅니다. 거부하고 데이터베이스를 변경한 사람을 확인한 뒤(baton audit verify) 다시 "
        "실행해 주십시오."
    ),
    "It would take accounts from people who are on hub.protected by now: the next sync plans it anew.": (
        "지금은 hub.protected로 보호되는 사람의 계정이 포함되어 있습니다. 다음 동기화에서 다시 계획합니다."
    ),
    "HR has said something else of people in it since it was planned: the next sync plans it anew.": (
        "계획을 세운 뒤 대상자에 대한 인사 정보가 바뀌었습니다. 다음 동기화에서 다시 계획합니다."
    ),
    "It would close accounts of people whose emergency was retracted since: the next sync plans it anew.": (
        "긴급 퇴직이 철회된 사람의 계정이 포함되어 있습니다. 다음 동기화에서 다시 계획합니다."
    ),
    "It would open accounts of people who must be out by an emergency: the next sync plans it anew.": (
        "긴급 퇴직으로 로그인할 수 없는 사람의 계정을 여는 작업이 포함되어 있습니다. 다음 동기화에서 다시 계획합니다."
    ),
    "It is held for something else than this page shows. Load the page again, then decide.": (
        "보류된 내용이 이 페이지의 표시와 다릅니다. 페이지를 새로 고쳐 확인한 뒤 결정해 주십시오."
    ),
    "This is a pay run: it is signed for and released on its own page.": (
        "지급 실행입니다. 전용 페이지에서 서명하고 지급을 승인해 주십시오."
    ),
    "Please give a reason.": "사유를 입력해 주십시오.",
    "This alarm is over. Load the page again.": "이미 종료된 경보입니다. 페이지를 새로 고쳐 주십시오.",
    "Somebody has decided on this alarm meanwhile. Load the page again to see what.": (
        "그 사이에 다른 사람이 이 경보를 처리했습니다. 페이지를 새로 고쳐 확인해 주십시오."
    ),
}
