"""Korean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REASONS: Final[Mapping[str, str]] = {
    # the gate
    "{count} people would lose access over all systems within {window}; the limit is {limit} of {population}": (
        "{window} 전체 시스템에서 {count}명이 권한을 잃게 됩니다. 한도는 {population}명 중 {limit}명입니다"
    ),
    "{count} people would lose access in {system} within {window}; the limit is {limit} of {population}": (
        "{window} {system}에서 {count}명이 권한을 잃게 됩니다. 한도는 {population}명 중 {limit}명입니다"
    ),
    # the guards of a feed
    "empty: the feed has no readable row": "연계 데이터에 읽을 수 있는 행이 없습니다",
    "shrunken: {rows} rows, the last approved feed had {last}; at least {share} must be there": (
        "{rows}행뿐입니다. 마지막으로 승인된 데이터는 {last}행이며 그 {share} 이상이어야 합니다"
    ),
    "renumbered: {unknown} employee numbers are new while {absent} known ones are gone: look whether the numbers "
    "were changed on the way (leading zeros, a shifted column)": (
        "새 사번이 {unknown}건 있는 반면 기존 사번 {absent}건이 사라졌습니다. 사번이 도중에 바뀌지 않았는지 확인해 주"
        "십시오(앞자리 영 누락, 열 밀림 등)"
    ),
    "unparseable: {rows} of {total} rows cannot be read, at most {share} may": (
        "{total}행 중 {rows}행을 읽을 수 없습니다. 허용 범위는 {share}까지입니다"
    ),
    "duplicates: {rows} of {total} rows repeat an employee number, at most {share} may": (
        "{total}행 중 {rows}행의 사번이 중복됩니다. 허용 범위는 {share}까지입니다"
    ),
    "duplicate_column: columns twice in the feed: {names}": "연계 데이터에서 중복된 열: {names}",
    "missing_column: columns gone since the last feed: {names}": "지난번보다 없어진 열: {names}",
    "new_column: columns new since the last feed: {names}": "지난번보다 늘어난 열: {names}",
    "stale: the feed is {hours} hours old, at most {most} are allowed": (
        "연계 데이터가 {hours}시간 전 것입니다. 허용 범위는 {most}시간까지입니다"
    ),
    "from_the_future: the feed claims to be from {hours} hours ahead of now": (
        "연계 데이터의 시각이 현재보다 {hours}시간 앞서 있습니다"
    ),
    "older: {older} is from {at} UTC, but {newer} from {then} UTC has been planned already: put that one back, or have "
    "a newer one exported": (
        "{older}({at} UTC)은(는) 이미 처리한 {newer}({then} UTC)보다 오래되었습니다. "
        "후자를 되돌려 놓거나 새로 내보내 주십시오"
    ),
    # migrations and their rollbacks
    "{count} segments are not finished": "완료되지 않은 분할 단위가 {count}건 있습니다",
    "{count} segments have not been read back": "재조회하지 않은 분할 단위가 {count}건 있습니다",
    "{count} records were refused by the target": "대상 시스템이 레코드 {count}건을 거부했습니다",
    "{count} records were read back otherwise than planned": "레코드 {count}건의 재조회 결과가 계획과 다릅니다",
    "{count} records are not as they were before the migration (baton migrate report {undo}): baton migrate rollback "
    "{run} --again takes back what is still as migrated, whoever has entered it": (
        "레코드 {count}건이 데이터 이전 전의 상태와 다릅니다. "
        "상세 내용은 baton migrate report {undo}에서 확인해 주십시오. "
        "이전된 내용 그대로인 것은 baton migrate rollback {run} --again으로 되돌릴 수 있습니다. "
        "사람이 다시 입력한 것도 함께 되돌려집니다"
    ),
    "{count} source rows are in quarantine": "원본 {count}행이 격리되어 있습니다",
    "the target has {count} records more than it should": "대상의 레코드가 예정보다 {count}건 많습니다",
    "what {count} records held before in {names} is not known: ours is left there": (
        "레코드 {count}건은 {names}의 원래 값을 알 수 없어 이전 작업에서 기록한 값을 그대로 둡니다"
    ),
    "taken back by {run}": "{run}에서 되돌렸습니다",
    "control totals differ: {names}": "통제 합계 불일치: {names}",
    "what may still arrive of lost requests is waited for until {instant} UTC": (
        "응답을 받지 못한 요청이 늦게 도착할 수 있어 {instant} UTC까지 대기합니다"
    ),
    "wave {wave}: of {seen} records {refused} were refused and {different} read back otherwise": (
        "{wave}차: {seen}건 중 {refused}건이 거부되었고 {different}건의 재조회 결과가 다릅니다"
    ),
    "stopped: {why}": "중지됨: {why}",
    # pay runs
    "not checked yet": "미검사",
    "not signed yet": "미서명",
    "no line can be paid": "지급할 수 있는 내역이 없습니다",
    "withdrawn: check it again": "철회됨. 다시 검사해 주십시오",
}
WORDS: Final[Mapping[str, str]] = {"the run": "이번 실행에서", "24 hours": "24시간 내에", "7 days": "7일 내에"}
"""What a sentence is filled with that is itself said otherwise."""
ROWS: Final = "행 수"
