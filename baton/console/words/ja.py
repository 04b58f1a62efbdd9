"""Japanese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    "Runs": "実行一覧",
    "Run": "実行",
    "State": "状態",
    "Verdict": "判定",
    "Effects": "変更",
    "People, records": "人数・件数",
    "Job": "ジョブ",
    "Segment": "分割単位",
    "sync": "同期",
    "migration": "移行",
    "payment": "支払い",
    "offboarding": "退職引き継ぎ",
    "recovery": "過払い回収",
    "Pay runs": "支払い実行",
    "Health": "稼働状況",
    "alarms": "アラーム",
    "Asked by": "依頼者",
    "At": "日時",
    "There are no runs yet.": "実行はまだありません。",
    "In doubt": "結果不明",
    "Sent, and no proof yet of what became of it. The next run asks the system; where it cannot tell, a person "
    "decides: baton resolve KEY done|resend|give-up --as NAME --why TEXT": (
        "送信済みですが、結果がまだ確認できていません。次回の実行時に相手先のシステムへ照会します。"
        "それでも判明しない場合は人が決定します：baton resolve キー done|resend|give-up --as 名前 --why 理由"
    ),
    "Nothing is in doubt.": "結果不明の変更はありません。",
    "Kill switch": "緊急停止",
    "No kill switch is on.": "有効な緊急停止はありません。",
    "events wait for the next run": "件のイベントが次回の実行待ち",
    "The next run starts by the schedule.": "次回の実行はスケジュールどおりに始まります。",
    "System": "システム",
    "Action": "操作",
    "Count": "件数",
    "Figures": "集計",
    "Reasons": "理由",
    "Faults": "使用できないデータ",
    "Place": "箇所",
    "Field": "項目",
    "Fields": "項目",
    "Rule": "ルール",
    "Message": "メッセージ",
    "Person": "対象者",
    "Due": "適用予定",
    "What happened": "結果",
    "What to do": "対処方法",
    "Key": "キー",
    "Decisions": "決定",
    "Decision": "決定",
    "By": "決定者",
    "Why": "理由",
    "Plan": "計画",
    "Settled": "確定日時",
    "All runs": "すべての実行",
    "all": "すべて",
    "of": "／全",
    "Release": "保留解除",
    "Reject": "却下",
    "Cancel": "キャンセル",
    "Reason": "理由",
    "It goes into the audit log.": "理由は監査ログに記録されます。",
    "Release this run": "この実行の保留を解除",
    "Reject this run": "この実行を却下",
    "Everything it holds is sent with the next run.": "保留中の変更は、次回の実行時にすべて送信されます。",
    "Everything it holds is discarded; these people stay as they are until the source says something new.": (
        "保留中の変更はすべて破棄されます。連携元のデータが再び変わるまで、対象者は現状のままです。"
    ),
    "This run is held: nothing of it is sent until a person has decided.": (
        "この実行は保留中です。決定されるまで何も送信されません。"
    ),
    "You asked for this run: a second person must decide.": "ご自身が依頼した実行です。別の方の決定が必要です。",
    "Your role may look, not decide.": "この役割では閲覧のみ可能で、決定はできません。",
    "Only field names are shown here, never values.": "ここには項目名のみを表示し、値は一切表示しません。",
    "This run is held: nothing more of it is sent until a person has decided.": (
        "この実行は保留中です。書き込み済みのものはそのまま残り、決定されるまで以降は送信されません。"
    ),
    "What it holds may be sent: clear the failed tasks in Airflow, or: baton migrate resume RUN": (
        "保留分を送信できるようになります。Airflow で失敗したタスクをクリアするか、次を実行してください："
        "baton migrate resume 実行番号"
    ),
    "What it holds is discarded. What was written stays; to take it back: baton migrate rollback RUN": (
        "保留分は破棄されます。書き込み済みのものは残ります。取り消すには次を実行してください："
        "baton migrate rollback 実行番号"
    ),
    # migrations
    "Migration": "移行",
    "From": "移行元",
    "To": "移行先",
    "Mapping": "マッピング",
    "Takes back": "取り消す実行",
    "Taken back by": "これを取り消した実行",
    "Waves": "段階",
    "Kept until": "保存期限",
    "The copies of this migration have been deleted: it can be neither shown nor taken back.": (
        "この移行のデータの写しは削除済みです。内容の表示も取り消しもできません。"
    ),
    "Report as a page": "レポート（Web ページ）",
    "Report as a workbook": "レポート（Excel）",
    "Control totals differ": "コントロールトータル不一致",
    "In quarantine": "隔離中",
    "Cells": "セル数",
    "For the rows, to be corrected: baton migrate quarantine RUN --out FILE.xlsx": (
        "訂正用に該当行を出力：baton migrate quarantine 実行番号 --out ファイル.xlsx"
    ),
    "Differences": "差異",
    "Source row": "移行元の行番号",
    "Cause": "差異の種類",
    "Not written": "未書き込み",
    "source": "移行元",
    "expected": "書き込み予定",
    "result": "読み戻し",
    "read": "読み取り",
    "insert": "新規",
    "nothing": "変更なし",
    "out_of_scope": "対象外",
    "quarantined": "隔離",
    "compared": "比較済み",
    "alike": "一致",
    "different": "不一致",
    "unproven": "未照合",
    "extra": "余分",
    "missing": "欠落",
    "value": "値の相違",
    "duplicate": "重複",
    "cut": "末尾の欠落",
    "leading_zeros": "先頭ゼロの欠落",
    "zone_shift": "タイムゾーンのずれ",
    "mojibake": "文字化け",
    "swapped": "列の入れ替わり",
    "no_value": "値なしと空文字",
    "padding": "前後の空白",
    "unicode": "Unicode 表現の相違",
    "width": "全角・半角の相違",
    "scale": "小数桁の相違",
    "zone": "タイムゾーン表記の相違",
    "load": "書き込み",
    "restore": "復元",
    "found": "既に計画どおり",
    "not_performed": "未実施",
    "open": "未完了",
    # figures of a sync
    "rows": "行数",
    "changed": "変更のあった人数",
    "effects": "変更件数",
    "scheduled": "適用待ち",
    "due": "期限到来",
    "population": "在籍人数",
    "present": "未退職の人数",
    "hints": "受信した通知",
    "limited": "限定対象者数",
    "limited_systems": "限定対象システム数",
    "waiting": "待機中の人数",
    "unmapped": "変換不可の人数",
    "absent": "不在の人数",
    "erased": "消去済みの人数",
    "comparable": "比較可能",
    "outstanding": "未処理",
    "The hub cannot be opened": "システムを開けません",
    "Not found": "見つかりません",
    "Not allowed": "権限がありません",
    "This DAG run has no run of the hub (yet).": "この DAG 実行に対応する実行は（まだ）ありません。",
    # states, verdicts, actions
    "held": "保留",
    "ready": "準備完了",
    "settled": "確定",
    "rejected": "却下",
    "replaced": "差し替え済み",
    "refused": "拒否",
    "clean": "正常",
    "incomplete": "未完了",
    "broken": "失敗",
    "planned": "計画済み",
    "sent": "送信済み",
    "accepted": "受理済み",
    "in_doubt": "結果不明",
    "done": "完了",
    "superseded": "無効",
    "provision": "アカウント作成",
    "update": "更新",
    "disable": "停止",
    "enable": "有効化",
    "remove": "削除",
    "transfer": "移管",
    "entitle": "権限付与",
    "revoke": "権限取り消し",
    "end_sessions": "セッション終了",
    "notify": "通知",
    "deliver": "送達",
    "release": "保留解除",
    "reject": "却下",
    # refusals
    "This run no longer waits for a decision. Load the page again to see what became of it.": (
        "この実行はすでに決定待ちではありません。ページを再読み込みして現在の状態を確認してください。"
    ),
    "It was planned too long ago. Reject it, and let the next run plan anew.": (
        "計画から時間が経ちすぎています。却下し、次回の実行で計画し直してください。"
    ),
    "It no longer holds what was planned. Reject it, find out who changed the database (baton audit verify), and run "
    "again.": (
        "保留中の内容が計画と一致しません。却下し、データベースを変更した人を調べたうえで（baton audit verify）、"
        "実行し直してください。"
    ),
    "It would take accounts from people who are on hub.protected by now: the next sync plans it anew.": (
        "現在 hub.protected で保護されている人のアカウントが含まれています。次回の同期で計画し直します。"
    ),
    "HR has said something else of people in it since it was planned: the next sync plans it anew.": (
        "計画の作成後に、対象者について人事から別の情報が届いています。次回の同期で計画し直します。"
    ),
    "It would close accounts of people whose emergency was retracted since: the next sync plans it anew.": (
        "緊急退職が取り下げられた人のアカウントが含まれています。次回の同期で計画し直します。"
    ),
    "It would open accounts of people who must be out by an emergency: the next sync plans it anew.": (
        "緊急退職でログインできない人のアカウントを有効にする内容が含まれています。次回の同期で計画し直します。"
    ),
    "It is held for something else than this page shows. Load the page again, then decide.": (
        "保留中の内容がこのページの表示と異なります。ページを再読み込みし、確認してから決定してください。"
    ),
    "This is a pay run: it is signed for and released on its own page.": (
        "これは支払い実行です。専用のページで署名し、送金を許可してください。"
    ),
    "Please give a reason.": "理由を入力してください。",
    "This alarm is over. Load the page again.": "このアラームはすでに終了しています。ページを再読み込みしてください。",
    "Somebody has decided on this alarm meanwhile. Load the page again to see what.": (
        "その間にほかの人がこのアラームに対応しました。ページを再読み込みして確認してください。"
    ),
}
