"""Japanese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REASONS: Final[Mapping[str, str]] = {
    # the gate
    "{count} people would lose access over all systems within {window}; the limit is {limit} of {population}": (
        "{window}、全システム合計で {count} 人が権限を失います。上限は {population} 人中 {limit} 人です"
    ),
    "{count} people would lose access in {system} within {window}; the limit is {limit} of {population}": (
        "{window}、{system} で {count} 人が権限を失います。上限は {population} 人中 {limit} 人です"
    ),
    # the guards of a feed
    "empty: the feed has no readable row": "連携データに読み取れる行がありません",
    "shrunken: {rows} rows, the last approved feed had {last}; at least {share} must be there": (
        "{rows} 行しかありません。前回承認されたデータは {last} 行で、その {share} 以上が必要です"
    ),
    "renumbered: {unknown} employee numbers are new while {absent} known ones are gone: look whether the numbers "
    "were changed on the way (leading zeros, a shifted column)": (
        "新しい社員番号が {unknown} 件ある一方、既存の社員番号 {absent} 件が消えています。番号が途中で変わっていない"
        "か確認してください（先頭ゼロの欠落、列のずれなど）"
    ),
    "unparseable: {rows} of {total} rows cannot be read, at most {share} may": (
        "{total} 行のうち {rows} 行を読み取れません。許容範囲は {share} までです"
    ),
    "duplicates: {rows} of {total} rows repeat an employee number, at most {share} may": (
        "{total} 行のうち {rows} 行で社員番号が重複しています。許容範囲は {share} までです"
    ),
    "duplicate_column: columns twice in the feed: {names}": "連携データで重複している列：{names}",
    "missing_column: columns gone since the last feed: {names}": "前回からなくなった列：{names}",
    "new_column: columns new since the last feed: {names}": "前回から増えた列：{names}",
    "stale: the feed is {hours} hours old, at most {most} are allowed": (
        "連携データは {hours} 時間前のものです。許容範囲は {most} 時間までです"
    ),
    "from_the_future: the feed claims to be from {hours} hours ahead of now": (
        "連携データの日時が現在より {hours} 時間先になっています"
    ),
    "older: {older} is from {at} UTC, but {newer} from {then} UTC has been planned already: put that one back, or have "
    "a newer one exported": (
        "{older}（{at} UTC）は処理済みの {newer}（{then} UTC）より古いデータです。"
        "後者を戻すか、新しいデータを出力してください"
    ),
    # migrations and their rollbacks
    "{count} segments are not finished": "未完了の分割単位が {count} 件あります",
    "{count} segments have not been read back": "読み戻していない分割単位が {count} 件あります",
    "{count} records were refused by the target": "{count} 件のレコードが移行先に拒否されました",
    "{count} records were read back otherwise than planned": "{count} 件のレコードの読み戻し結果が計画と異なります",
    "{count} records are not as they were before the migration (baton migrate report {undo}): baton migrate rollback "
    "{run} --again takes back what is still as migrated, whoever has entered it": (
        "{count} 件のレコードが移行前の状態と異なります。明細は baton migrate report {undo} でご確認ください。"
        "移行時の内容のままのものは baton migrate rollback {run} --again で取り消せます。"
        "あらためて入力されたものも取り消されます"
    ),
    "{count} source rows are in quarantine": "移行元の {count} 行が隔離されています",
    "the target has {count} records more than it should": "移行先のレコードが予定より {count} 件多くあります",
    "what {count} records held before in {names} is not known: ours is left there": (
        "{count} 件のレコードは {names} の元の値が不明なため、移行で書き込んだ値を残しています"
    ),
    "taken back by {run}": "{run} により取り消されました",
    "control totals differ: {names}": "コントロールトータル不一致：{names}",
    "what may still arrive of lost requests is waited for until {instant} UTC": (
        "応答のなかった要求が遅れて届く可能性があるため、{instant} UTC まで待機します"
    ),
    "wave {wave}: of {seen} records {refused} were refused and {different} read back otherwise": (
        "第 {wave} 段階：{seen} 件のうち {refused} 件が拒否され、{different} 件の読み戻し結果が一致しません"
    ),
    "stopped: {why}": "停止しました：{why}",
    # pay runs
    "not checked yet": "未チェック",
    "not signed yet": "未署名",
    "no line can be paid": "支払える明細がありません",
    "withdrawn: check it again": "取り下げられました。もう一度チェックしてください",
}
WORDS: Final[Mapping[str, str]] = {"the run": "この実行で", "24 hours": "24 時間以内", "7 days": "7 日以内"}
"""What a sentence is filled with that is itself said otherwise."""
ROWS: Final = "行数"
