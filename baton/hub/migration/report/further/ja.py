"""Japanese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "title": "データ移行レポート",
    "title.rollback": "移行取り消しレポート",
    "title.dry run": "データ移行リハーサルレポート",
    # the verdict, for people
    "clean": "すべてのレコードがそのまま移行されました",
    "clean.why": (
        "{compared} 件のレコードを {target} から 1 件ずつ読み戻し、値ごとに計画と照合しました。すべて一致し、"
        "コントロールトータルも合っています。"
    ),
    "quarantined": "使用できるレコードはそのまま移行されましたが、訂正が必要な行があります",
    "quarantined.why": (
        "{target} から {compared} 件のレコードを読み戻し、計画と完全に一致することを確認しました。"
        "内容がそのままでは使用できないため隔離した移行元の行は {quarantined} 行です。"
    ),
    "form": "すべてのレコードが移行されましたが、一部の値は表記が異なります",
    "form.why": (
        "{target} の内容は同じですが、表記（空白、小数桁、Unicode 表現、タイムゾーン）が異なります。"
        "該当するレコードは {compared} 件中 {different} 件です。"
    ),
    "different": "一部のレコードが本来の内容と異なります",
    "different.why": (
        "{target} から {compared} 件のレコードを読み戻しました。計画と異なるものは {different} 件です。"
        "差異の種類とともに以下に示します。"
    ),
    "refused": "一部のレコードが受け付けられませんでした",
    "refused.why": (
        "{target} が受け付けなかったレコードは {refused} 件です。その他のうち {compared} 件を読み戻し、"
        "{alike} 件が計画と一致しました。"
    ),
    "totals": "コントロールトータルが一致しません",
    "totals.why": "個々のレコードに問題は見られませんが、{target} の集計値が計画と異なります。",
    "open": "移行は完了していません",
    "open.why": "これまでに {planned} 件中 {compared} 件を書き込み、読み戻しました。中断した箇所から再開できます。",
    "held": "安全のため停止しました。人による決定が必要です",
    "held.why": (
        "これまでに {planned} 件中 {compared} 件を書き込み、読み戻しました。問題のあるレコードの割合が高すぎるため、"
        "残りは送信していません。"
    ),
    "rejected": "却下されました。保留していた分は書き込まれません",
    "rejected.why": "却下までに {planned} 件中 {compared} 件を書き込み、読み戻しました。",
    "broken": "結果を証明できませんでした",
    "broken.why": ("{target} と照合できたレコードがありません。何も照合していない検査では、何も証明されません。"),
    "planned": "計画済みで、まだ何も書き込まれていません",
    "planned.why": "{target} に移行するレコードは {planned} 件です。",
    "dry run": "リハーサルのため、何も書き込んでいません",
    "dry run.why": (
        "移行元を読み取り、クレンジングして {target} と比較しました。実際に移行すると {planned} 件のレコードが"
        "ここに示すとおりになり、{quarantined} 行が隔離されます。"
    ),
    "undone": "移行は取り消されました",
    "undone.why": "{target} から {compared} 件すべてを読み戻し、移行前の状態に戻ったことを確認しました。",
    "taken back": "この移行は取り消し済みです",
    "taken back.why": (
        "{target} に書き込んだ内容は {undone_by} により取り消されました。詳細はその実行のレポートをご覧ください。"
        "以下は取り消す前の内容です。"
    ),
    "undone partly": "移行は一部取り消されました",
    "undone partly.why": (
        "元の状態に戻ったレコードは {compared} 件中 {alike} 件です。移行後にほかの人が変更したため、"
        "そのまま残したレコードは {refused} 件です。"
    ),
    "undo planned": "取り消しは計画済みで、まだ実行されていません",
    "undo planned.why": "復元する分割単位は {effects} 件です。",
    "reasons": "理由",
    # what to do next
    "next": "次に行うこと",
    "next.correct": (
        "隔離された行（{quarantined} 行）を訂正し、取り込み直してください。一覧に行番号・項目・理由があります。"
    ),
    "next.differences": (
        "{target} の担当者と差異を確認してください。書き込まれるときに値が変えられています。"
        "対応後にもう一度移行してください。正しいレコードは変更されません。"
    ),
    "next.form": (
        "表記の違いを許容できるか判断してください。許容できる場合、対応は不要です。"
        "許容できない場合はマッピングを変更してください。"
    ),
    "next.refusals": "拒否された各レコードの対処方法に従い、もう一度移行してください。",
    "next.resume": "この実行を再開してください。中断した箇所から続きます。",
    "next.earlier": "以前に取り消し済みの {taken_back} 件については何もする必要はありません。今回は変更していません。",
    "next.decide": "別の方が数値を確認し、残りについて保留解除または却下を決定してください。",
    "next.undo": "このままにしない場合は、{until} まで移行を取り消せます。",
    "next.start": (
        "想定どおりの数値であれば、同じマッピングで移行を開始してください。入力が同じなら計画ハッシュも同じです。"
    ),
    "next.broken": "上記の理由を添えてサポートに問い合わせてください。この移行の結果には頼らないでください。",
    "next.keep": "このレポートを保管してください。元のレコードは {until} まで保存され、その間は移行を取り消せます。",
    "next.changed": "その後ほかの人が変更したレコードを確認してください。これらはそのまま残しています。",
    "next.again": (
        "移行前の状態と異なる {different} 件のレコードを確認してください。移行時の内容のままのもの"
        "（その後あらためて入力されたものを含む）を取り消すには、次を実行してください："
        "baton migrate rollback {undoes} --again"
    ),
    "next.done": "対応が必要なことはありません。",
    # the route
    "from": "移行元",
    "to": "移行先",
    "taken_back_in": "取り消したシステム",
    "origin": "読み取り元",
    "as_of": "データの日時",
    "mapping": "マッピング",
    "key": "キー",
    "run": "実行",
    "undoes": "取り消す実行",
    "undone_by": "これを取り消した実行",
    "asked_by": "依頼者",
    "created": "計画日時",
    "settled": "確定日時",
    # the picture of the stages
    "stages": "工程ごとの推移",
    "stages.note": "各工程に引き継がれたレコードの、前の工程に対する割合です。",
    "stage.read": "読み取り",
    "stage.touched": "移行の対象",
    "stage.restored": "復元・読み戻し",
    "stage.in_scope": "対象範囲内",
    "stage.planned": "計画",
    "stage.compared": "書き込み・読み戻し",
    "stage.alike": "一致",
    "lost.out_of_scope": "対象外：{n}",
    "lost.quarantined": "隔離：{n}",
    "lost.refused": "拒否：{n}",
    "lost.unwritten": "未書き込み：{n}",
    "lost.different": "不一致：{n}",
    "need.insert": "新規",
    "need.update": "更新",
    "need.insert.rollback": "新規だったもの",
    "need.update.rollback": "更新だったもの",
    "need.nothing": "既に一致",
    # the picture of the columns
    "columns": "項目別の一致率",
    "columns.note": (
        "読み戻したレコードのうち、その項目が一致したものの割合です。切り上げはしません。"
        "100 % はすべての一致を意味します。"
    ),
    "columns.partly": (
        "移行の一部では、不一致のレコードのうち先頭の 10,000 件のみをセルごとに照合しました。"
        "実際の一致率はこれより低い可能性があります。"
    ),
    "column": "項目",
    "type": "データ型",
    "personal": "個人情報",
    "yes": "はい",
    "no": "いいえ",
    "compared": "比較済み",
    "alike": "一致",
    "cells_different": "不一致のセル",
    "rate": "一致率",
    "not_compared": "読み戻し不可",
    "alike_of": "{compared} 件中 {alike} 件が一致",
    # totals
    "totals_heading": "コントロールトータル",
    "totals.note": (
        "各項目の値の個数、数値の合計、最初と最後の日付です。移行元と計画は別々の経路で計算しています。"
        "✓ は一致すべき数値が一致していること、≠ は一致していないことを示します。"
    ),
    "totals.withheld": "個人情報の値が 5 件未満の場合、その合計と範囲は表示しません。",
    "withheld": "非表示",
    "total.source": "移行元（使用可能な行）",
    "total.quarantined": "隔離",
    "total.planned": "計画",
    "total.expected": "計画（受け付け分）",
    "total.expected.rollback": "移行前",
    "total.result": "結果（読み戻し）",
    "check.planned": "移行元 = 計画",
    "check.result": "計画 = 結果",
    "check.result.rollback": "移行前 = 結果",
    "agrees": "一致",
    "differs": "不一致",
    "not_held": "照合の対象外",
    "rows": "行数",
    "values": "値の個数",
    "sum": "合計",
    "first": "最初の日",
    "last": "最後の日",
    "stage": "工程",
    # differences
    "differences": "差異",
    "differences.none": "計画と異なる内容で読み戻されたレコードはありません。",
    "differences.uncompared": "まだ何も読み戻していません。",
    "differences.note": "値は伏せ字にしています。空白は見える文字で示し、括弧内は長さです。",
    "differences.real": "実質的な差異",
    "differences.form": "表記のみの差異",
    "row": "移行元の行番号",
    "cause": "差異の種類",
    "kind": "実質・表記の別",
    "expected": "計画",
    "found": "読み戻し",
    "whole_record": "レコード全体",
    "shown_of": "ここには {total} 件中 {shown} 件を表示しています。",
    "workbook_has": "このページに付属する Excel ファイルには {listed} 件があります。",
    # rejects
    "quarantine": "隔離",
    "quarantine.none": "隔離が必要な移行元の行はありませんでした。",
    "quarantine.note": "内容がそのままでは使用できない移行元の行です。値は表示しません。",
    "rule": "理由",
    "rule_name": "ルール",
    "message": "詳細",
    "refusals": "移行先による拒否",
    "refusals.none": "移行先に拒否されたレコードはありません。",
    "outcome": "結果",
    "code": "コード",
    "remedy": "対処方法",
    "cleaning": "クレンジング",
    "cleaning.none": "修正が必要なセルはありませんでした。",
    "cleaning.note": "マッピングの前に、定めたルールで修正した移行元のセルです。",
    # how it went
    "waves": "段階",
    "waves.note": "各段階は、前の段階を検証してから送信しました。",
    "waves.planned": "各段階は、前の段階を検証してから送信します。",
    "wave": "第 {n} 段階",
    "records": "レコード",
    "evidence": "証跡",
    "evidence.note": (
        "入力が同じなら計画ハッシュも同じです。ルートハッシュはその工程の全レコードを代表し、"
        "値が 1 つでも変われば別の値になります。"
    ),
    "time.planned_in_s": "読み取り・計画の所要時間",
    "time.sent_in_s": "書き込みの所要時間",
    "time.proven_in_s": "読み戻し・照合の所要時間",
    "seconds": "{n} 秒",
    "plan_hash": "計画ハッシュ",
    "mapping_digest": "マッピングのハッシュ",
    "feed_digest": "移行元のハッシュ",
    "root.source": "移行元のルートハッシュ",
    "root.planned": "計画のルートハッシュ",
    "root.result": "結果のルートハッシュ",
    "retain_until": "データの写しの保存期限",
    "state": "状態",
    "verdict": "判定",
    # sheets and the rest
    "sheet.summary": "概要",
    "sheet.totals": "合計",
    "sheet.differences": "差異",
    "sheet.quarantine": "隔離",
    "sheet.refusals": "拒否",
    "sheet.columns": "項目",
    "item": "項目",
    "value": "内容",
    "masked.no value": "値なし",
    "masked.empty text": "空文字",
    "footer": (
        "Baton が自社のマシン上で作成しました。このページの表示にネットワークは不要です。"
        "個人の氏名と値は伏せ字にしています。"
    ),
}
CAUSES: Final[Mapping[str, str]] = {
    "value": "値の相違",
    "missing": "欠落",
    "extra": "余分",
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
}
RULES: Final[Mapping[str, str]] = {
    "cleaning": "クレンジングルールに不適合",
    "key": "キーなし",
    "duplicate_key": "キーの重複",
    "migrated": "別のキーで移行済みの行",
    "cycle": "循環参照",
    "reference": "参照先のレコードなし",
    "ambiguous": "移行先に同じキーのレコードが複数",
    "required": "必須値なし",
    "max_length": "文字数超過",
    "choices": "許可されていない値",
    "table": "コード表にない値",
    "unprintable": "目に見えない文字を含む値",
    "email_lower": "メールアドレスとして無効",
    "digits_only": "数字以外を含む値",
    "phone_cn": "電話番号として無効",
    "identity_cn": "中国の身分証番号として無効",
    "bank_card": "銀行カード番号として無効",
    "date": "存在しない日付",
    "time": "時刻として無効",
    "datetime": "日時として無効",
    "zone": "タイムゾーンとして無効",
    "integer": "整数以外の値",
    "decimal": "規定の小数桁の数値として無効",
    "boolean": "はい・いいえのどちらでもない値",
    "excel_scientific": "指数表記による桁の欠落",
    "unmojibake": "復元できない文字化け",
    "identity_18": "中国の身分証番号として無効",
    "identity_birthday": "中国の身分証番号として無効",
    "identity_sex": "中国の身分証番号として無効",
    "phone_landline_cn": "市外局番付きの固定電話番号として無効",
    "phone_e164": "電話番号として無効",
    "date_dmy": "存在しない日付",
    "date_mdy": "存在しない日付",
    "date_yy": "存在しない日付",
    "date_cn": "存在しない日付",
    "date_jp": "存在しない日付",
    "date_roc": "存在しない日付",
    "datetime_compact": "日時として無効",
    "datetime_epoch": "日時として無効",
    "money": "金額として無効",
    "money_capitals": "中国語の大字金額として無効",
    "minor_units": "規定の小数桁の金額として無効",
    "percent": "百分率として無効",
    "times": "数値として無効",
    "divided_by": "数値として無効",
    "ragged": "列数が見出しと不一致",
    "field_too_long": "長すぎる項目",
    "nul": "NUL 文字を含む値",
    "bare_cr": "行の途中の改行",
    "unclosed_quote": "閉じていない引用符",
    "stray_quote": "引用符の位置の誤り",
    "quote_swallows_rows": "引用符による後続行の取り込み",
    "merged_cells": "結合されたセル",
    "not_text": "文字列以外の値",
}
OUTCOMES: Final[Mapping[str, str]] = {
    "refused": "拒否",
    "not_performed": "未実施",
    "in_doubt": "結果不明",
    "accepted": "受理済み（未照合）",
    "found": "既に計画どおり",
}
CODES: Final[Mapping[str, str]] = {
    "changed": "ほかの人が変更済み",
    "found": "ほかの人が登録または変更済み",
}
