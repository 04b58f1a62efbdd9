"""What the pages of a certificate say, in four languages: for each word Chinese, English, Japanese, Korean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from baton.jobs.offboarding.certificate.manifest import LANGUAGES

_WORDS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "title": (
        "离职交接完成证明", "Certificate of completed handover", "業務引き継ぎ完了証明書", "업무 인수인계 완료 증명서",
    ),
    "leaver": ("离职人", "Leaver", "退職者", "퇴사자"),
    "number": ("工号", "Employee number", "社員番号", "사번"),
    "department": ("部门", "Department", "部署", "부서"),
    "manager": ("主管", "Manager", "上長", "관리자"),
    "case": ("离职交接单", "Case", "引き継ぎ番号", "인수인계 번호"),
    "cause": ("事由", "Cause", "事由", "사유"),
    "opened": ("开立", "Opened", "開始", "개시"),
    "last_working": ("最后工作时刻", "Last working moment", "最終勤務日時", "마지막 근무 일시"),
    "contract_end": ("合同终止", "Contract end", "契約終了", "계약 종료"),
    "pay_end": ("薪资截止", "Pay end", "給与支給終了", "급여 지급 종료"),
    "completed": ("完成", "Completed", "完了", "완료"),
    "completed_by": ("完成人", "Completed by", "完了者", "완료자"),
    "protected": ("客户保护期至", "Clients watched until", "顧客保護期限", "고객 보호 기한"),
    "resignation": ("辞职", "resignation", "辞職", "사직"),
    "emergency": ("紧急离职", "emergency", "即時退職", "즉시 퇴사"),
    "by_hand": ("人工开立", "opened by hand", "手動開始", "수동 개시"),
    "outcome": ("结果一览", "What became of it", "結果一覧", "결과 요약"),
    "all": ("全部事项", "items", "全項目", "전체 항목"),
    "passed_on": ("已移交并回读", "passed on", "引き継ぎ済み", "인계 완료"),
    "ended": ("已收回", "ended", "取り消し済み", "회수됨"),
    "confirmed": ("人工确认", "done by hand", "手作業完了", "직접 처리"),
    "left": ("决定不移交", "decided to stay", "引き継ぎなし", "인계하지 않음"),
    "gone": ("已不在名下", "elsewhere", "担当外", "담당 해제됨"),
    "not_asked": ("未查询", "not asked", "未照会", "미조회"),
    "taken_out": (
        "所在系统已被移出配置，离职人可能仍持有", "its system was taken out; the leaver may still hold it",
        "システムが設定から外されました。退職者に残っている可能性があります",
        "시스템이 설정에서 제외되어 조회하지 않음. 퇴사자에게 남아 있을 수 있음",
    ),
    "open": ("未完成", "open", "未完了", "미완료"),
    "kind": ("类型", "Kind", "種類", "종류"),
    "sum": ("合计", "Total", "合計", "합계"),
    "proof": ("凭据", "Proof", "検証情報", "검증 정보"),
    "signed_by": ("签名密钥", "Signed by", "署名鍵", "서명 키"),
    "audit_log": ("审计日志", "Audit log", "監査ログ", "감사 로그"),
    "entries": (
        "{entries} 条记录，根摘要", "{entries} entries, root", "{entries} 件、ルートハッシュ", "{entries}건, 루트 해시",
    ),
    "statements": ("当事人声明", "Statements", "関係者の発言・決定", "관계자 의견·결정"),
    "signatures": ("{count} 份，逐份签名", "{count}, each signed", "{count} 件、個別に署名", "{count}건, 개별 서명"),
    "issued": ("出具", "Issued", "発行", "발급"),
    "items": ("事项清单", "Items", "項目一覧", "항목 목록"),
    "item": ("序号", "No.", "番号", "번호"),
    "what": ("事项", "Item", "項目", "항목"),
    "who": ("由谁", "By whom", "決定者", "결정자"),
    "result": ("结果", "Outcome", "結果", "결과"),
    "version": ("第 {version} 版", "version {version}", "第 {version} 版", "버전 {version}"),
    "now_with": ("现由 {holder} 持有", "now held by {holder}", "現在の担当者 {holder}", "현재 담당자 {holder}"),
    "for_good": ("不可撤回", "cannot be undone", "取り消し不可", "되돌릴 수 없음"),
    "no_system": ("（无系统）", "(no system)", "（システムなし）", "(시스템 없음)"),
    "leave": ("决定不移交：理由", "Decided to stay: why", "引き継がない理由", "인계하지 않는 사유"),
    "confirm": ("人工确认：凭据", "Confirmed by hand: evidence", "手作業完了の確認：根拠", "직접 처리 확인: 근거"),
    "did_accept": ("接受", "accepted", "承諾", "수락"),
    "did_approve": ("批准", "approved", "承認", "승인"),
    "did_leave": ("决定", "decided", "決定", "결정"),
    "did_confirm": ("确认", "confirmed", "確認", "확인"),
    "page": ("第 {page} 页，共 {pages} 页", "page {page} of {pages}", "{page} / {pages} ページ", "{page} / {pages} 쪽"),
    # kinds
    "client": ("客户", "client", "顧客", "고객"),
    "contact": ("联系人", "contact", "連絡先", "연락처"),
    "lead": ("线索", "lead", "見込み客", "잠재 고객"),
    "opportunity": ("商机", "opportunity", "商談", "영업 기회"),
    "quote": ("报价", "quote", "見積", "견적"),
    "order": ("订单", "order", "受注", "주문"),
    "contract": ("合同", "contract", "契約", "계약"),
    "receivable": ("应收款", "receivable", "売掛金", "미수금"),
    "ticket": ("服务工单", "ticket", "サポート案件", "서비스 요청"),
    "task": ("任务", "task", "タスク", "작업"),
    "approval": ("审批", "approval", "承認申請", "결재"),
    "document": ("文档", "document", "文書", "문서"),
    "calendar": ("日历", "calendar", "カレンダー", "캘린더"),
    "group": ("群组", "group", "グループ", "그룹"),
    "expense": ("报销", "expense", "経費精算", "경비"),
    "advance": ("借款", "advance", "仮払金", "가지급금"),
    "account": ("账号", "account", "アカウント", "계정"),
    "grant": ("权限", "right", "権限", "권한"),
    "asset": ("设备", "asset", "備品", "장비"),
    "paper": ("纸质档案", "paper file", "紙の書類", "종이 문서"),
    "repository": ("代码仓库", "repository", "コードリポジトリ", "코드 저장소"),
    "other": ("其他", "other", "その他", "기타"),
}  # fmt: skip

_SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "certifies": {
        "zh": "兹证明：{name}（工号 {number}）经手的 {items} 项事务已于 {date} 全部交接完毕。"
        "每一项均有去向，每一项权限均已收回，无未决事项。",
        "en": "This certifies that everything held by {name} (employee {number}; items: {items}) was handed "
        "over by {date}: each item has its new place, each right has ended, and nothing is left open.",
        "ja": "{name}（社員番号 {number}）が担当していた {items} 件が、{date} をもって"
        "すべて引き継がれたことを証明します。すべての項目の行き先が確定し、すべての権限が取り消され、未決の事項はありません。",
        "ko": "{name}(사번 {number}) 님이 맡았던 {items}건이 {date}에 모두 인계되었음을 증명합니다. "
        "모든 항목의 처리 결과가 확정되었고, 모든 권한이 회수되었으며, 남은 사항이 없습니다.",
    },
    "but_for": {
        "zh": "以上不适用于其中 {count} 项：其所在系统已被移出本系统的配置，此后未再查询，离职人可能仍持有。",
        "en": " This does not hold for {count} of them: their system was taken out of the hub's settings and has not "
        "been asked since, and the leaver may still hold them.",
        "ja": "ただし {count} 件はこの限りではありません。システムが設定から外され、その後は照会していないため、"
        "退職者に残っている可能性があります。",
        "ko": " 다만 {count}건은 예외입니다. 해당 시스템이 설정에서 제외되어 그 뒤로 조회하지 않았으며, "
        "퇴사자에게 남아 있을 수 있습니다.",
    },
    "how": {
        "zh": "本文件内附签名清单（附件 {file}）。核验：baton offboard verify 文件名 --key 公钥文件。"
        "改动任何一个字节，核验即不通过。",
        "en": "The signed manifest is attached to this file ({file}). To verify: baton offboard verify FILE --key "
        "PUBLIC_KEY_FILE. It is refused if a single byte of this file was changed.",
        "ja": "署名付きの一覧がこのファイルに添付されています（{file}）。検証：baton offboard verify ファイル --key "
        "公開鍵ファイル。1 バイトでも変更されていれば検証は失敗します。",
        "ko": "서명된 목록이 이 파일에 첨부되어 있습니다({file}). 검증: baton offboard verify 파일 --key "
        "공개키파일. 한 바이트라도 바뀌면 검증에 실패합니다.",
    },
}

EVERY_WORD: Final = (*_WORDS, *_SENTENCES)
"""What `Words` can be asked for."""


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        place = LANGUAGES.index(language)
        self._words = {word: texts[place] for word, texts in _WORDS.items()}
        self._words |= {word: texts[language] for word, texts in _SENTENCES.items()}

    def __call__(self, word: str, **values: object) -> str:
        """A word, or a sentence with its blanks filled."""
        text = self._words[word]
        return text.format(**values) if values else text

    @property
    def all(self) -> str:
        """Every word and sentence, one after the other."""
        return "".join(self._words.values())

    def kind(self, kind: str) -> str:
        """A kind of holding; its own name where this version does not know it."""
        return self._words.get(kind, kind)
